/* The one style sheet, constructed: a strict policy allows it, and the site's pages are not touched.
   Everything is in em, so that "large text" is one number. Colours: text 4.5:1 and more, edges of
   controls 3:1, in both themes. */

const CSS = `
:host { all: initial; display: block; color-scheme: light dark; }
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
[data-theme] {
  --back: #f4f6f5; --face: #fff; --text: #17272b; --soft: #4c5f64; --edge: #d5dddc; --rim: #7c8f92;
  --main: #0c5058; --on-main: #fff; --main-soft: #e0eeec; --main-text: #0b5a63; --hover: #edf3f2;
  --own: #dcecea; --own-text: #12292d; --bad: #a3261b; --bad-back: #fdf0ee; --head: #0c5058; --on-head: #fff;
  --shade: 0 12px 40px rgb(8 32 36 / .22), 0 2px 8px rgb(8 32 36 / .12);
  color-scheme: light;
}
[data-theme=dark] {
  --back: #10191b; --face: #1a2629; --text: #e6eeed; --soft: #a5b8ba; --edge: #2f3f43; --rim: #6f8588;
  --main: #79cfcb; --on-main: #06292c; --main-soft: #1d393c; --main-text: #86d6d2; --hover: #223135;
  --own: #1e4a4d; --own-text: #eef7f6; --bad: #ff9d90; --bad-back: #3a201d; --head: #14282b; --on-head: #eef7f6;
  --shade: 0 12px 40px rgb(0 0 0 / .6), 0 0 0 1px #2f3f43;
  color-scheme: dark;
}
.chat, .corner {
  font: 400 max(16px, 1rem)/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  color: var(--text); text-align: start; -webkit-text-size-adjust: 100%; -webkit-tap-highlight-color: transparent;
}
.chat.large { font-size: max(20px, 1.25rem); }
button, textarea, input { font: inherit; color: inherit; letter-spacing: inherit; }
button { cursor: pointer; touch-action: manipulation; }
h1, h2, p, ul, fieldset { margin: 0; padding: 0; border: 0; }
ul { list-style: none; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
header :focus-visible { outline-color: var(--on-head); }
.icon { width: 1.375em; height: 1.375em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.chat { display: flex; flex-direction: column; height: 100%; background: var(--back); position: relative; }
header { display: flex; align-items: center; gap: .25em; padding: .5em .5em .5em .875em; background: var(--head); color: var(--on-head); position: relative; z-index: 2; }
.mark { display: grid; place-items: center; width: 2.375em; height: 2.375em; border-radius: .75em; background: rgb(255 255 255 / .14); }
.names { flex: 1; min-width: 0; padding-inline: .625em .25em; }
.names :is(h1, h2) { font-size: 1.0625em; line-height: 1.3; font-weight: 650; letter-spacing: .005em; }
.names p { font-size: .8125em; line-height: 1.35; opacity: .88; overflow: hidden; text-overflow: ellipsis; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; }
.plain, .other { border: 1px solid transparent; border-radius: .625em; background: none; min-width: 44px; min-height: 44px; display: inline-grid; place-items: center; padding: 0 .5em; }
.other { font-size: .875em; font-weight: 550; border-color: rgb(255 255 255 / .4); white-space: nowrap; padding: 0 .75em; margin-inline-end: .25em; }
header :is(.plain, .other):hover { background: rgb(255 255 255 / .14); }
header .plain { padding: 0; }
.menu-place .icon { stroke-width: 3; }
.menu-place .menu .icon { stroke-width: 1.8; }

.talk { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; position: relative; scrollbar-gutter: stable; scrollbar-width: thin; scrollbar-color: var(--rim) transparent; }
.log:focus-visible { outline-offset: -3px; }
.sheet { display: flex; flex-direction: column; gap: .875em; padding: 1em; max-width: 46em; margin: 0 auto; min-height: 100%; }
.intro { display: flex; gap: .75em; font-size: .875em; line-height: 1.5; color: var(--soft); padding: .125em .25em .5em; }
.intro .icon { margin-top: .1em; color: var(--main-text); }
.intro strong { font-weight: 600; color: var(--text); }
.line { display: flex; flex-direction: column; align-items: flex-start; gap: .5em; max-width: 100%; }
.bubble { max-width: min(100%, 38em); background: var(--face); border: 1px solid var(--edge); border-radius: 1em; border-start-start-radius: .25em; padding: .6875em .9375em; overflow-wrap: anywhere; unicode-bidi: isolate; }
.text { white-space: pre-line; }
.citizen { align-items: flex-end; gap: .1875em; margin-block-start: .375em; padding-inline-start: 2.5em; }
.citizen .bubble { background: var(--own); color: var(--own-text); border-color: transparent; border-radius: 1em; border-end-end-radius: .25em; white-space: pre-wrap; }
.citizen:not([data-state=sent]) .bubble { opacity: .92; }
.citizen:is([data-state=failed], [data-state=refused]) .bubble { background: var(--bad-back); border-color: var(--bad); color: var(--text); opacity: 1; }
.meta { display: flex; flex-wrap: wrap; justify-content: flex-end; align-items: center; gap: 0 .375em; font-size: .8125em; color: var(--soft); white-space: pre; }
.meta span { white-space: normal; }
:is([data-state=failed], [data-state=refused]) .meta { color: var(--bad); }
.text:is(button) { border: 0; background: none; min-height: 44px; min-width: 44px; padding: 0 .5em; font-weight: 600; color: var(--main-text); text-decoration: underline; text-underline-offset: .2em; }
.who { display: flex; align-items: center; gap: .375em; font-size: .875em; font-weight: 600; color: var(--main-text); margin-block-end: -.125em; }
.staff .bubble { border-inline-start: 3px solid var(--main); }
.told .bubble { background: none; border-style: dashed; color: var(--soft); }
.past { opacity: .72; }
.bubble img { display: block; max-width: 100%; height: auto; border-radius: .5em; margin-block-start: .625em; }
a { color: var(--main-text); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .2em; border-radius: .25em; }
a:hover { text-decoration-thickness: 2px; }
.links { margin-block-start: .25em; }
.links li { display: flex; align-items: center; gap: .5em; }
.links .icon { width: 1.125em; height: 1.125em; color: var(--main-text); }
.links a { display: flex; align-items: center; min-height: 44px; font-weight: 550; flex: 1; }
.source { margin-block-start: .625em; padding-block-start: .5em; border-block-start: 1px solid var(--edge); font-size: .8125em; line-height: 1.5; color: var(--soft); }
.source a { color: inherit; padding-block: .4em; }
.buttons { display: flex; flex-wrap: wrap; gap: .5em; max-width: 38em; }
.buttons button { min-height: 44px; padding: .4375em 1em; border: 1px solid var(--rim); border-radius: 1.375em; background: var(--face); color: var(--main-text); font-weight: 550; line-height: 1.4; text-align: start; overflow-wrap: anywhere; }
.buttons.long { flex-direction: column; width: 100%; gap: .375em; }
.buttons.long button { border-radius: .75em; width: 100%; font-weight: 500; }
.buttons button:hover:enabled { background: var(--main-soft); border-color: var(--main-text); }
.buttons button.chosen { background: var(--main-soft); border-color: var(--main-text); box-shadow: inset 0 0 0 1px var(--main-text); }
.buttons button:disabled { cursor: default; color: var(--soft); }
.rating { display: flex; align-items: center; margin-block-start: -.5em; margin-inline-start: -.25em; color: var(--soft); font-size: .875em; }
.rating button:hover { color: var(--main-text); background: var(--hover); }
.rating [aria-pressed=true] { color: var(--main-text); }
.rating [aria-pressed=true] path { fill: var(--main-soft); }
.thanks { padding-inline-start: .25em; }
.notice { align-self: center; text-align: center; font-size: .875em; color: var(--soft); padding: .25em .5em; max-width: 32em; }
.notice button { margin-block-start: .75em; }
.strong, .danger, .quiet { min-height: 44px; padding: .5em 1.25em; border-radius: .75em; border: 1px solid transparent; font-weight: 600; }
.strong { background: var(--main); color: var(--on-main); }
.danger { background: var(--bad); color: var(--face); }
.quiet { background: none; border-color: var(--rim); }
.quiet:hover { background: var(--hover); }
.typing { align-self: flex-start; display: flex; gap: .3125em; padding: .9375em 1em; background: var(--face); border: 1px solid var(--edge); border-radius: 1em; border-start-start-radius: .25em; }
.typing i { width: .4375em; height: .4375em; border-radius: 50%; background: var(--rim); animation: beat 1.2s infinite ease-in-out; }
.typing i:nth-child(2) { animation-delay: .15s; }
.typing i:nth-child(3) { animation-delay: .3s; }
@keyframes beat { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; } }
.jump-place { position: relative; height: 0; display: flex; justify-content: center; }
.jump { position: absolute; bottom: .75em; width: 44px; height: 44px; display: grid; place-items: center; border-radius: 50%; border: 1px solid var(--rim); background: var(--face); color: var(--main-text); box-shadow: 0 2px 8px rgb(0 0 0 / .16); }

.foot { background: var(--face); border-block-start: 1px solid var(--edge); padding: .625em .75em max(.5em, env(safe-area-inset-bottom)); }
.foot > * { max-width: 46em; margin-inline: auto; }
.status:not(:empty) { font-size: .875em; line-height: 1.45; color: var(--text); background: var(--main-soft); border-radius: .625em; padding: .5em .75em; margin-block-end: .625em; }
.composer { display: flex; align-items: flex-end; gap: .5em; border: 1px solid var(--rim); border-radius: 1.5em; background: var(--face); padding: 2px; }
.composer:focus-within { border-color: var(--main); box-shadow: 0 0 0 2px var(--main); }
.composer textarea { flex: 1; min-width: 0; border: 0; outline: 0; background: none; resize: none; padding: .625em 0 .625em 1em; line-height: 1.4; min-height: 44px; max-height: 9em; overflow-y: auto; scrollbar-width: thin; }
.composer textarea::placeholder { color: var(--soft); opacity: 1; }
.send { flex: none; width: 44px; height: 44px; border: 1px solid transparent; border-radius: 50%; background: var(--main); color: var(--on-main); display: grid; place-items: center; }
.send .icon { stroke-width: 2.2; }
textarea:placeholder-shown + .send { background: var(--main-soft); color: var(--main-text); }
.caution { font-size: .75em; line-height: 1.4; color: var(--soft); text-align: center; padding-block-start: .5em; }

.menu-place { position: relative; }
.menu { position: absolute; inset-block-start: calc(100% + .5em); inset-inline-end: -3em; width: 20.5em; max-width: calc(100vw - 1em); max-height: min(34em, 75dvh); overflow-y: auto; background: var(--face); color: var(--text); border: 1px solid var(--edge); border-radius: 1em; box-shadow: var(--shade); padding: .75em; }
.menu :focus-visible, .menu label:has(:focus-visible), .ask :focus-visible { outline: 3px solid var(--main); outline-offset: 1px; }
.page .menu { inset-inline-end: 0; }
.menu hr { border: 0; border-block-start: 1px solid var(--edge); margin: .5em 0; }
.menu p { font-size: .8125em; line-height: 1.5; color: var(--soft); padding: .25em .5em; }
.menu fieldset { padding: .25em .5em .5em; min-width: 0; }
.menu legend { font-size: .8125em; color: var(--soft); padding: 0 0 .25em; }
.segments { display: flex; border: 1px solid var(--rim); border-radius: .75em; padding: 2px; }
.segments label { flex: 1; position: relative; display: grid; place-items: center; min-height: 40px; border-radius: .625em; cursor: pointer; font-size: .9375em; text-align: center; padding: 0 .25em; }
.segments input { position: absolute; inset: -2px; margin: 0; opacity: 0; cursor: pointer; }
.segments label:has(:checked) { background: var(--main); color: var(--on-main); font-weight: 600; }
.row { display: flex; align-items: center; gap: .75em; width: 100%; min-height: 44px; padding: .375em .5em; border: 0; border-radius: .625em; background: none; text-align: start; }
.row:hover { background: var(--hover); }
.row .icon { color: var(--soft); }
.row[role=switch] { justify-content: space-between; }
.knob { width: 2.75em; height: 1.625em; border-radius: 1em; border: 2px solid var(--rim); position: relative; flex: none; }
.knob::after { content: ""; position: absolute; inset-block: 2px; inset-inline-start: 2px; aspect-ratio: 1; border-radius: 50%; background: var(--rim); }
[aria-checked=true] .knob { background: var(--main); border-color: var(--main); }
[aria-checked=true] .knob::after { inset-inline: auto 2px; background: var(--on-main); }
dialog { color: inherit; border: 0; padding: 0; }
.ask { width: min(24em, calc(100vw - 2em)); background: var(--face); color: var(--text); border: 1px solid var(--edge); border-radius: 1.25em; box-shadow: var(--shade); padding: 1.375em; }
.ask::backdrop { background: rgb(6 22 25 / .5); }
.ask h2 { font-size: 1.1875em; line-height: 1.35; font-weight: 650; }
.ask p { margin-block: .5em 1.25em; color: var(--soft); padding: 0; font-size: 1em; }
.answers { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: .625em; }

.corner { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; }
.launcher { display: inline-flex; align-items: center; gap: .625em; min-height: 56px; padding: .5em 1.375em .5em 1.125em; border: 1px solid transparent; border-radius: 28px; background: var(--head); color: var(--on-head); font-weight: 600; box-shadow: var(--shade); position: relative; }
.launcher .icon { width: 1.625em; height: 1.625em; }
.launcher:hover { filter: brightness(1.12); }
.badge { position: absolute; inset: 0 .25em auto auto; width: .9375em; height: .9375em; border-radius: 50%; background: #e8a33d; border: 2px solid var(--face); }
.panel { position: fixed; inset: auto 20px 20px auto; margin: 0; width: 400px; height: min(640px, calc(100dvh - 40px)); max-width: none; max-height: none; border-radius: 20px; overflow: clip; background: var(--back); box-shadow: var(--shade); }
.panel[open] { animation: rise .18s ease-out; }
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }
.panel iframe { display: block; width: 100%; height: 100%; border: 0; }
@media (max-width: 520px), (max-height: 480px) {
  .corner { inset: auto 14px 14px auto; }
  .panel { inset: var(--above, 0) 0 auto 0; width: 100%; height: 100dvh; height: min(100dvh, var(--visible, 100dvh)); border-radius: 0; }
  .panel::backdrop { background: var(--back); }
  .menu, .page .menu { inset-inline-end: -3em; }
  .page .menu { inset-inline-end: 0; }
  .citizen { padding-inline-start: 1.5em; }
}
@media (max-width: 520px) { .mark { display: none; } }

.columns { flex: 1; min-height: 0; display: flex; }
.columns main { flex: 1; min-width: 0; display: flex; flex-direction: column; }
.ideas { display: none; }
@media (min-width: 60em) {
  .page header { padding-inline: 1.5em; }
  .ideas { display: block; width: 20em; flex: none; padding: 1.75em 1.5em; border-inline-end: 1px solid var(--edge); background: var(--face); overflow-y: auto; }
  .ideas h2 { font-size: .875em; font-weight: 600; color: var(--soft); padding-block-end: .5em; }
  .ideas p { font-size: .875em; color: var(--soft); }
  .ideas ul { margin: 0 -.75em 1.5em; }
  .ideas li button { width: 100%; min-height: 44px; padding: .5em .75em; border: 0; border-radius: .625em; background: none; text-align: start; line-height: 1.45; color: var(--main-text); font-weight: 500; }
  .ideas li button:hover { background: var(--hover); }
  .page .sheet { padding-block: 1.5em; }
  .page .foot { padding-block: .875em .75em; }
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
  .typing i { opacity: .8; }
}
@media (prefers-contrast: more) { [data-theme] { --edge: var(--rim); --soft: var(--text); } }
@media (forced-colors: active) {
  .icon { stroke: currentColor; }
  header, .launcher, .bubble, .send, .plain, .panel, .menu { border: 1px solid; }
  .typing i, .knob::after, .badge { background: CanvasText; forced-color-adjust: none; }
  .segments label:has(:checked), .buttons button.chosen, [aria-pressed=true] { outline: 3px solid Highlight; outline-offset: -3px; }
  [aria-checked=true] .knob { background: Highlight; forced-color-adjust: none; }
}
@media print { .foot, .menu-place, .other, .close, .rating, .jump { display: none; } .log { overflow: visible; } }
`;

let sheet;

/** The style sheet, made at its first use. */
export function styles() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
