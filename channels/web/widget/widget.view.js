/* The chat as it is seen: header, log, box to write in. */

import { Conversation } from "./widget.conversation.js";
import { icon } from "./widget.dom.js";
import { Lines } from "./widget.lines.js";
import { Menu } from "./widget.menu.js";

const NEAR_END = 120; // px
const MARGIN = 12; // px
const PATIENT_MS = 1_500; // shorter hitches are not worth a word
const TYPING_MS = 90_000;

export class View {
  #ui;
  #conversation;
  #lines;
  #nodes = new Map();
  #anchor = null;
  #follow = true;
  #top = 0;
  #timers = {};
  #closed;
  #unread;

  /** place: {base, mode ("page", "frame", "panel"), operator, closed?(), unread()}; without `closed` nothing can
      be closed. */
  constructor(ui, { base, mode, operator, closed, unread }) {
    this.#ui = ui;
    this.#closed = closed;
    this.#unread = unread;
    this.#conversation = new Conversation(base, () => ui.language);
    this.#lines = new Lines(ui, base, {
      press: (button) => this.#press(button),
      rate: (id, value) => this.#conversation.rate(id, value).then(() => true, () => false),
      retry: () => this.#conversation.retry(),
      edit: (line) => this.#edit(line),
    });
    this.#build(mode, operator);
    this.#listen();
    ui.addEventListener("change", () => this.#restyle());
    this.#restyle();
  }

  /** Begin or go on; only from here on anything is sent or stored. */
  start() {
    this.#conversation.start();
  }

  focus() {
    this.input.focus();
  }

  #build(mode, operator) {
    const page = mode === "page";
    const h = this.#ui.h.bind(this.#ui);
    this.menu = new Menu(this.#ui, operator, {
      language: (code) => this.#language(code),
      download: () => this.#download(),
      erase: () => this.#conversation.erase().catch(() => this.#say("not_erased")),
      end: () => this.#conversation.end(),
    });
    this.other = h("button", { type: "button", class: "other", on: { click: () => this.#language(this.#ui.language === "vi" ? "en" : "vi") } });
    const field = h("span", { t: "field" });
    const header = h("header", {},
      h("span", { class: "mark" }, icon("mark")),
      h("div", { class: "names" }, h(mode === "panel" ? "h2" : "h1", { id: "title", t: "name" }), h("p", {}, field, operator ? ` · ${operator}` : "")),
      this.other,
      this.menu.element,
      this.#closed ? h("button", { type: "button", class: "plain close", label: "close", on: { click: () => this.#closed() } }, icon("close")) : null,
    );
    this.typing = h("div", { class: "typing", hidden: true, "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    const intro = h("div", { class: "intro" }, icon("mark"), h("p", {}, h("strong", { t: "machine" }), ". ", h("span", { t: "machine_more" })));
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", label: "log", tabindex: "0", on: { scroll: () => this.#scrolled() } });
    this.sheet = h("div", { class: "sheet" }, intro, this.typing);
    this.log.append(this.sheet);
    this.jump = h("button", { type: "button", class: "jump", label: "newer", hidden: true, on: { click: () => this.#toEnd() } }, icon("down"));
    this.status = h("div", { class: "status", role: "status" });
    this.hidden = h("div", { class: "sr", role: "status" });
    this.input = h("textarea", { id: "input", rows: "1", hint: "placeholder", autocomplete: "off", enterkeyhint: "send", dir: "auto", "aria-describedby": "caution", on: {
      keydown: (event) => this.#key(event),
      input: () => this.#grow(),
    } });
    const form = h("form", { class: "composer", on: { submit: (event) => (event.preventDefault(), this.#submit()) } },
      h("label", { for: "input", class: "sr", t: "input" }),
      this.input,
      h("button", { type: "submit", class: "send", label: "send" }, icon("send")),
    );
    const foot = h("div", { class: "foot" }, this.status, form, h("p", { id: "caution", class: "caution", t: "caution" }));
    const talk = h("div", { class: "talk" }, this.log, h("div", { class: "jump-place" }, this.jump), this.hidden, foot);
    const main = page ? h("div", { class: "columns" }, this.#ideas(), h("main", {}, talk)) : talk;
    this.element = h("section", { class: `chat${page ? " page" : ""}`, "aria-labelledby": "title", on: { keydown: (event) => this.#escape(event) } }, header, main);
    this.element.addEventListener("pointerdown", (event) => {
      if (!this.menu.element.contains(event.target)) this.menu.toggle(false);
    });
  }

  /** On wide pages: what one may ask. */
  #ideas() {
    const h = this.#ui.h.bind(this.#ui);
    const idea = (key) => h("li", {}, h("button", { type: "button", t: key, on: { click: ({ currentTarget }) => this.#speak({ text: currentTarget.textContent }) } }));
    return h("aside", { class: "ideas", "aria-labelledby": "ideas" },
      h("h2", { id: "ideas", t: "ideas" }),
      h("ul", {}, ...["idea_1", "idea_2", "idea_3", "idea_4"].map(idea)),
      h("h2", { t: "privacy" }),
      h("p", { t: "privacy_more" }),
    );
  }

  #listen() {
    const on = (name, act) => this.#conversation.addEventListener(name, ({ detail }) => act(detail));
    on("line", (line) => this.#show(line));
    on("last", (key) => this.typing.before(this.#nodes.get(key)));
    on("over", ({ erased }) => this.#over(erased));
    on("typing", (typing) => this.#type(typing));
    on("link", (state) => this.#link(state));
    on("patience", (seconds) => this.#say("patience", { seconds: Math.max(1, seconds) }, seconds * 1_000));
    on("told", (text) => this.#tell(text));
  }

  #restyle() {
    this.element.dataset.theme = this.#ui.dark ? "dark" : "light";
    this.element.classList.toggle("large", this.#ui.large);
    this.element.lang = this.#ui.language;
    const other = this.#ui.language === "vi" ? "en" : "vi";
    this.other.textContent = other === "en" ? "English" : "Tiếng Việt";
    this.other.lang = other;
    this.#ui.translate(this.element);
    this.#grow();
  }

  #language(code) {
    if (code === this.#ui.language) return;
    this.#ui.prefer({ language: code });
    if (!this.#conversation.running) return;
    // The assistant follows, from its next sentence on.
    const payload = `/change_language{"requested_language": "${code}"}`;
    this.#speak({ payload, title: code === "en" ? "English" : "Tiếng Việt" });
  }

  #press({ title, payload }) {
    // A second tap of an impatient finger is not a second question.
    const last = [...this.#conversation.lines.values()].at(-1);
    if (last?.from === "citizen" && last.payload === payload) return false;
    const wish = /^\/change_language\{"requested_language": ?"(vi|en)"\}$/.exec(payload)?.[1];
    if (wish) this.#ui.prefer({ language: wish });
    this.#speak({ payload, title });
    return true;
  }

  #submit() {
    const text = this.input.value.trim();
    if (text) {
      this.input.value = "";
      this.#grow();
      this.#speak({ text });
    }
    this.input.focus();
  }

  #speak(said) {
    this.#follow = true;
    this.#conversation.say(said);
  }

  #edit(line) {
    this.#conversation.discard(line.key);
    this.#nodes.get(line.key)?.remove();
    this.#nodes.delete(line.key);
    this.input.value = line.text;
    this.#grow();
    this.input.focus();
  }

  #key(event) {
    // While a Vietnamese, Chinese, Japanese or Korean input method composes, Enter belongs to it;
    // Safari ends the composition first and tells only by the key code.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #escape(event) {
    if (event.key !== "Escape" || event.isComposing || event.target.closest("dialog.ask")) return;
    if (!this.menu.escape()) {
      if (!this.#closed) return;
      this.#closed();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #grow() {
    this.input.style.height = "auto";
    if (this.input.scrollHeight) this.input.style.height = `${this.input.scrollHeight + 2}px`;
  }

  #show(line) {
    const drawn = this.#nodes.get(line.key);
    if (drawn) {
      if (line.from === "citizen") this.#lines.update(drawn, line);
    } else {
      const node = this.#lines.draw(line);
      this.log.setAttribute("aria-live", line.past ? "off" : "polite");
      this.#nodes.set(line.key, node);
      this.typing.before(node);
      if (line.from === "citizen") this.#anchor = node;
      else if (!line.past) this.#unread();
      if (line.past) this.#toEnd();
      else if (this.#follow) this.#toNews(node);
    }
    if (line.state === "failed") this.#announce("failed");
    if (line.state === "refused") this.#announce("refused");
    this.#scrolled();
  }

  #over(erased) {
    for (const node of this.#nodes.values()) {
      if (erased) node.remove();
      else this.#lines.retire(node);
    }
    if (erased) this.sheet.querySelectorAll(".notice, .past").forEach((node) => node.remove());
    this.#nodes.clear();
    this.#anchor = null;
    this.#status(null);
  }

  /** Say something in the log that nobody said. */
  #tell(text) {
    const h = this.#ui.h.bind(this.#ui);
    this.sheet.querySelectorAll(".notice button").forEach((button) => button.remove());
    const node = h("div", { class: "notice" }, h("p", { t: text }));
    this.typing.before(node);
    if (!this.#conversation.running) {
      const again = () => {
        node.remove();
        this.start();
        this.focus();
      };
      const button = h("button", { type: "button", class: "strong", t: "again", on: { click: again } });
      node.append(button);
      button.focus();
    }
    this.#toEnd();
  }

  #type(typing) {
    clearTimeout(this.#timers.typing);
    clearTimeout(this.#timers.spoken);
    this.typing.hidden = !typing;
    if (!typing) return;
    if (this.#follow) this.#toNews(this.typing);
    this.#timers.typing = setTimeout(() => this.#type(false), TYPING_MS);
    this.#timers.spoken = setTimeout(() => this.#announce("typing"), PATIENT_MS);
  }

  #link(state) {
    clearTimeout(this.#timers.link);
    if (state === "open") {
      if (["offline", "connecting"].includes(this.status.words?.t)) this.#status(null);
      return;
    }
    const text = state === "connecting" ? "connecting" : "offline";
    this.#timers.link = setTimeout(() => this.#status(text), navigator.onLine ? PATIENT_MS : 0);
  }

  /** A word above the box that goes away by itself. */
  #say(text, values, milliseconds = 6_000) {
    this.#status(text, values);
    clearTimeout(this.#timers.said);
    this.#timers.said = setTimeout(() => this.status.words?.t === text && this.#status(null), milliseconds);
  }

  #status(text, values) {
    delete this.status.words;
    this.status.textContent = "";
    if (!text) return;
    this.status.dataset.t = "";
    this.#ui.word(this.status, { t: text, values });
  }

  /** For screen readers only. */
  #announce(text) {
    this.hidden.textContent = this.#ui.t(text);
    clearTimeout(this.#timers.announced);
    this.#timers.announced = setTimeout(() => (this.hidden.textContent = ""), 3_000);
  }

  async #download() {
    try {
      const { name, blob } = await this.#conversation.download();
      const address = URL.createObjectURL(blob);
      this.#ui.h("a", { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch {
      this.#say("not_downloaded");
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const left = scrollHeight - clientHeight - scrollTop;
    if (scrollTop < this.#top - 4) this.#follow = false;
    if (left < NEAR_END) this.#follow = true;
    this.#top = scrollTop;
    this.jump.hidden = left < NEAR_END;
  }

  #toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  /** To what is new, but not past the question: a long answer is read from its beginning. */
  #toNews(node) {
    const question = this.#anchor ? this.#anchor.offsetTop - MARGIN : 0;
    const target = this.log.scrollTop <= question ? question : node.offsetTop - MARGIN;
    if (target > this.log.scrollTop) this.log.scrollTop = target;
  }
}
