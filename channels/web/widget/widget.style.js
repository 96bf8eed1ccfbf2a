/* The one style sheet, constructed: a strict policy allows it, and the site's pages are not touched. All in em,
   so that "large text" is one number. Text has 4.5:1 and more, edges of controls 3:1, in both themes. */

const CSS = `
:host { all: initial; display: block; }
:host([mode=page]), :host([mode=frame]) { position: fixed; inset: var(--above, 0) 0 auto; height: var(--visible, 100dvh); }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
[data-theme] {
  --back: #f4f6f5; --face: #fff; --text: #17272b; --soft: #4c5f64; --edge: #d5dddc; --rim: #7c8f92; --main: #0c5058;
  --on-main: #fff; --tint: #e0eeec; --link: #0b5a63; --own: #dcecea; --bad: #a3261b; --alarm: #fdf0ee; --head: #0c5058;
  --shade: 0 12px 40px #08202438, 0 2px 8px #0820241f; color-scheme: light;
}
[data-theme=dark] {
  --back: #10191b; --face: #1a2629; --text: #e6eeed; --soft: #a5b8ba; --edge: #2f3f43; --rim: #6f8588; --main: #79cfcb;
  --on-main: #06292c; --tint: #1d393c; --link: #86d6d2; --own: #1e4a4d; --bad: #ff9d90; --alarm: #3a201d; --head: #14282b;
  --shade: 0 12px 40px #0009, 0 0 0 1px #2f3f43; color-scheme: dark;
}
.chat, .corner { font: max(16px, 1rem)/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; color: var(--text); }
.large { font-size: max(20px, 1.25rem); }
button, textarea { font: inherit; color: inherit; }
button { flex: none; max-width: 100%; min-width: 44px; min-height: 44px; border: 1px solid #0000; border-radius: .75em; background: none; padding: .5em .75em; text-align: start; cursor: pointer; touch-action: manipulation; }
button:hover:enabled { background: var(--tint); }
h1, h2, p, ul, fieldset { margin: 0; padding: 0; border: 0; font-size: 1em; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
.icon { width: 1.375em; height: 1.375em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.plain, .jump, .send, .mark { display: grid; place-items: center; padding: 0; }

.chat { display: flex; flex-direction: column; height: 100%; background: var(--back); }
header { display: flex; align-items: center; gap: .25em; padding: .5em .5em .5em .875em; background: var(--head); color: #fff; z-index: 1; }
header > :focus-visible, .menu-place > :focus-visible { outline-color: #fff; }
header > button:hover:enabled, .menu-place > button:hover:enabled { background: #fff3; }
.mark { width: 2.375em; height: 2.375em; border-radius: .75em; background: #fff3; }
.names { flex: 1; min-width: 0; padding-inline: .625em .25em; line-height: 1.35; }
.names > :first-child { font-size: 1.0625em; }
.names p { font-size: .8125em; }
.other { font-size: .875em; border-color: #fff8; margin-inline-end: .25em; }
.menu-place > button .icon { stroke-width: 3; }

.columns { flex: 1; min-height: 0; display: flex; }
.talk { flex: 1; min-width: 0; display: flex; flex-direction: column; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; position: relative; scrollbar-width: thin; }
.log:focus-visible { outline-offset: -3px; }
.sheet { display: flex; flex-direction: column; align-items: flex-start; gap: .875em; padding: 1em; max-width: 46em; margin: 0 auto; }
.intro { display: flex; gap: .75em; font-size: .875em; line-height: 1.5; color: var(--soft); padding: .125em .25em .5em; }
.intro .icon, .row .icon, .links .icon { color: var(--link); }
.intro strong { color: var(--text); }
.line { display: flex; flex-direction: column; align-items: flex-start; gap: .5em; max-width: 100%; }
.bubble, .typing { background: var(--face); border: 1px solid var(--edge); border-radius: .25em 1em 1em; padding: .6875em .9375em; }
.bubble { max-width: min(100%, 38em); overflow-wrap: anywhere; unicode-bidi: isolate; }
.text p { white-space: pre-wrap; }
.text p:empty { height: .75em; }
.item { --by: 1.1em; padding-inline-start: var(--by); text-indent: calc(-1 * var(--by)); }
.dash { --by: .625em; }
.item + .item { margin-block-start: .25em; }
.citizen { align-self: flex-end; align-items: flex-end; gap: .1875em; padding-inline-start: 2em; }
.citizen .bubble { background: var(--own); border-color: #0000; border-radius: 1em 1em .25em; white-space: pre-wrap; }
.meta { display: flex; align-items: center; justify-content: flex-end; gap: .375em; font-size: .8125em; color: var(--soft); }
.meta:has(.icon) { color: var(--bad); }
:has(> .meta .icon) > .bubble { background: var(--alarm); border-color: var(--bad); }
.meta button { font-weight: 600; color: var(--link); text-decoration: underline; }
.who { display: flex; gap: .375em; font-size: .875em; font-weight: 600; color: var(--link); }
.staff .bubble { border-inline-start: 3px solid var(--main); }
.told .bubble { border-style: dashed; }
img, canvas { display: block; max-width: 100%; border-radius: .5em; margin-block-start: .625em; }
a { color: var(--link); }
.links li { display: flex; align-items: center; gap: .5em; }
.links a { display: flex; align-items: center; min-height: 44px; font-weight: 500; flex: 1; }
.source { margin-block-start: .625em; padding-block-start: .5em; border-block-start: 1px solid var(--edge); font-size: .8125em; color: var(--soft); }
.source a { color: inherit; }
.buttons { display: flex; flex-wrap: wrap; gap: .5em; max-width: 38em; }
.buttons button { padding: .4375em 1em; border-color: var(--rim); border-radius: 1.375em; background: var(--face); color: var(--link); font-weight: 500; line-height: 1.4; overflow-wrap: anywhere; }
.buttons :is(.chosen, :hover:enabled) { background: var(--tint); border-color: var(--link); }
.buttons .chosen { box-shadow: inset 0 0 0 1px var(--link); }
.line:has(~ .line:not(.citizen)) .buttons button:enabled:not(:hover) { background: none; border-color: var(--edge); }
.buttons :disabled { cursor: default; color: var(--soft); }
.long { flex-direction: column; width: 100%; gap: .375em; }
.long button { border-radius: .75em; }
.rating { display: flex; flex-wrap: wrap; align-items: center; margin-block-start: -.5em; color: var(--soft); font-size: .875em; }
.why { display: flex; flex-wrap: wrap; align-items: center; gap: .375em; width: 100%; }
.why span { width: 100%; }
.why button { border-color: var(--rim); color: var(--link); background: var(--face); border-radius: 1.375em; }
.citizen canvas { margin: 0; }
.drop .foot { box-shadow: inset 0 0 0 3px var(--main); }
.composer .plain { border-radius: 50%; color: var(--link); }
[value=down] .icon { transform: rotate(180deg); }
[aria-pressed=true] { color: var(--link); background: var(--tint); }
.notice { align-self: center; text-align: center; font-size: .875em; color: var(--soft); }
.notice button { margin-block-start: .75em; }
.strong, .strong:hover:enabled { background: var(--main); color: var(--on-main); font-weight: 600; padding-inline: 1.25em; }
.strong.erase { background: var(--bad); color: var(--face); }
.typing { display: flex; gap: .3125em; }
.typing i { width: .4375em; height: .4375em; border-radius: 50%; background: var(--rim); animation: beat 1.2s infinite; }
.typing :nth-child(2) { animation-delay: .15s; }
.typing :nth-child(3) { animation-delay: .3s; }
@keyframes beat { 60% { opacity: .35; } 30% { opacity: 1; } }
.jump-place { position: relative; }
.jump { position: absolute; inset: auto auto .75em calc(50% - 22px); border-radius: 50%; border-color: var(--rim); background: var(--face); color: var(--link); }

.foot { background: var(--face); border-block-start: 1px solid var(--edge); padding: .625em .75em max(.5em, env(safe-area-inset-bottom)); }
.foot > * { max-width: 46em; margin-inline: auto; }
.incident { margin: 0; padding: .625em 1em; font-size: .9375em; background: var(--tint); border-block-end: 2px solid var(--link); overflow-wrap: anywhere; white-space: pre-wrap; }
.with { display: flex; align-items: center; gap: .375em; font-size: .875em; font-weight: 600; color: var(--link); padding-block-end: .5em; }
.status:not(:empty) { font-size: .875em; background: var(--tint); border-radius: .75em; padding: .5em .75em; margin-block-end: .625em; }
.composer { display: flex; align-items: flex-end; gap: .5em; border: 1px solid var(--rim); border-radius: 1.5em; padding: 2px; }
.composer:focus-within { outline: 3px solid var(--main); outline-offset: -1px; }
textarea:focus-visible { outline: 0; }
textarea { flex: 1; min-width: 0; border: 0; background: none; resize: none; padding: .625em 0 .625em .5em; line-height: 1.4; min-height: 44px; max-height: 9em; }
::placeholder { color: var(--soft); opacity: 1; }
.send, .send:hover:enabled { border-radius: 50%; background: var(--main); color: var(--on-main); }
:placeholder-shown + .send { background: var(--tint); color: var(--link); }
.caution { font-size: .75em; color: var(--soft); text-align: center; padding-block-start: .5em; }

.menu-place { position: relative; }
.menu, .ask { background: var(--face); color: var(--text); border: 1px solid var(--edge); border-radius: 1em; box-shadow: var(--shade); padding: .75em; }
.menu { position: absolute; inset: calc(100% + .5em) -3em auto auto; width: 20.5em; max-width: calc(100vw - 1em); max-height: 75dvh; overflow-y: auto; }
.page .menu { inset-inline-end: 0; }
hr { border: 0; border-block-start: 1px solid var(--edge); margin: .5em 0; }
.menu > p, .menu > fieldset { padding: .25em .5em .5em; }
.menu > p, legend { font-size: .8125em; color: var(--soft); padding-block-end: .25em; }
.segments { display: flex; border: 1px solid var(--rim); border-radius: .75em; padding: 2px; }
label { flex: 1; position: relative; display: grid; place-items: center; min-height: 40px; border-radius: .625em; font-size: .9375em; }
input { position: absolute; inset: -2px; margin: 0; opacity: 0; cursor: pointer; }
label:has(:checked) { background: var(--main); color: var(--on-main); font-weight: 600; }
label:has(:focus-visible) { outline: 3px solid var(--link); outline-offset: 2px; }
.row { display: flex; align-items: center; gap: .75em; width: 100%; padding: .375em .5em; }
.knob { width: 2.75em; height: 1.625em; border-radius: 1em; border: 2px solid var(--rim); padding: 2px; margin-inline-start: auto; }
.knob::after { content: ""; display: block; height: 100%; aspect-ratio: 1; border-radius: 50%; background: var(--rim); }
[aria-checked=true] .knob { background: var(--main); border-color: var(--main); }
[aria-checked=true] .knob::after { background: var(--on-main); margin-inline-start: auto; }
.ask { width: 24em; max-width: calc(100vw - 2em); padding: 1.375em; }
.ask::backdrop { background: #061619a0; }
.ask h2 { font-size: 1.1875em; line-height: 1.35; }
.ask p { margin-block: .5em 1.25em; color: var(--soft); }
.answers { display: flex; justify-content: flex-end; gap: .625em; }
.quiet { border-color: var(--rim); }

.corner, .panel { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; }
.launcher, .launcher:hover:enabled { display: flex; align-items: center; gap: .625em; min-height: 56px; padding-inline: 1.125em 1.375em; border-radius: 28px; background: var(--head); color: #fff; font-weight: 600; box-shadow: var(--shade); }
.launcher:has(~ [open]) { visibility: hidden; }
.badge { position: absolute; inset: 0 .25em auto auto; width: 1em; height: 1em; border-radius: 50%; background: #e8a33d; border: 2px solid var(--face); }
.panel { border: 0; padding: 0; color: inherit; width: 400px; height: min(640px, calc(100dvh - 40px)); max-width: none; max-height: none; border-radius: 20px; overflow: clip; background: var(--back); box-shadow: var(--shade); }
.panel[open] { animation: rise .18s; }
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }
iframe { width: 100%; height: 100%; border: 0; }
@media (max-width: 520px), (max-height: 480px) {
  .panel { inset: var(--above, 0) 0 auto; width: 100%; height: var(--visible, 100dvh); border-radius: 0; }
  header .mark { display: none; }
  .names { padding: 0; }
}
.ideas { display: none; }
@media (min-width: 60em) {
  .ideas { display: block; width: 20em; padding: 1.75em 1.5em; border-inline-end: 1px solid var(--edge); background: var(--face); overflow-y: auto; }
  .ideas h2 { font-size: .875em; color: var(--soft); padding-block-end: .5em; }
  .ideas button { width: calc(100% + 1.5em); margin-inline: -.75em; line-height: 1.45; color: var(--link); }
  .page header { padding-inline: 1.5em; }
  .page .sheet { padding-block: 1.5em; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
@media (forced-colors: active) {
  header, .launcher, .send, .plain, .panel { border: 1px solid; }
  .typing i, .knob::after { background: CanvasText; forced-color-adjust: none; }
  label:has(:checked), .chosen, [aria-pressed=true], [aria-checked=true] .knob { outline: 3px solid Highlight; }
}
`;

let sheet;

export function styles() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
