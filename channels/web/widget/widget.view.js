/* The chat as it is seen: header, log, box to write in. */

import { Conversation } from "./widget.conversation.js";
import { icon, LANGUAGES } from "./widget.interface.js";
import { Lines, Menu } from "./widget.parts.js";
import { Share, thumbnail } from "./widget.share.js";

const NEAR_END = 120; // px
const MARGIN = 12; // px
const PATIENT_MS = 1_500;
const TYPING_MS = 90_000;
const INCIDENT_MS = 120_000;

export class View {
  #ui;
  #conversation;
  #lines;
  #nodes = new Map();
  #anchor = null;
  #follow = true;
  #top = 0;
  #timers = {};
  #told = {};
  #closed;

  /** place: base, mode ("page", "frame", "panel"), operator, unread(), closed() unless it cannot be closed. */
  constructor(ui, { base, mode, operator, closed, unread }) {
    this.#ui = ui;
    this.#closed = closed;
    const talk = (this.#conversation = new Conversation(base, () => ui.language));
    this.#lines = new Lines(ui, base, {
      press: (button) => this.#press(button),
      rate: (...rating) => talk.rate(...rating).then(() => true, () => false),
      photo: async (id) => thumbnail(ui, await talk.photo(id)),
      retry: () => talk.retry(),
      edit: (line) => this.#edit(line),
    });
    this.#build(mode, operator);
    const on = (name, act) => talk.addEventListener(name, ({ detail }) => act(detail));
    on("line", (line) => this.#show(line, unread));
    on("last", (key) => this.typing.before(this.#nodes.get(key)));
    on("over", (erased) => this.#over(erased));
    on("typing", (typing) => this.#type(typing));
    on("staff", (staff) => (this.staff.hidden = !staff));
    on("link", (state) => this.#link(state));
    on("patience", (seconds) => this.#say("patience", { seconds }, seconds * 1_000));
    on("told", (text) => this.#tell(text));
    ui.follow(() => this.#restyle());
  }

  /** Only from here on anything is sent or stored. */
  start() {
    this.#conversation.start();
    if (this.#timers.incident) return;
    this.#timers.incident = setInterval(() => document.hidden || this.#heed(), INCIDENT_MS);
    this.#heed();
  }

  async #heed() {
    const told = await this.#conversation.incident();
    if (told) this.#told = told;
    this.#restyle();
  }

  focus() {
    this.input.focus();
  }

  #build(mode, operator) {
    const { h } = this.#ui;
    const page = mode === "page";
    this.menu = new Menu(this.#ui, operator, {
      language: (code) => this.#language(code),
      download: () => this.#download(),
      erase: () => this.#conversation.erase().catch(() => this.#say("not_erased")),
      end: () => this.#conversation.end(),
    });
    this.other = h("button", { class: "other", on: () => this.#language(this.other.lang) });
    const header = h("header", {},
      h("span", { class: "mark" }, icon("mark")),
      h("div", { class: "names" }, h(mode === "panel" ? "h2" : "h1", { id: "title", t: "name" }), h("p", {}, h("span", { t: "field" }), operator && ` · ${operator}`)),
      this.other,
      this.menu.element,
      this.#closed && h("button", { class: "plain close", label: "close", on: () => this.#closed() }, icon("close")));
    this.typing = h("div", { class: "typing", hidden: true, "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.sheet = h("div", { class: "sheet" },
      h("div", { class: "intro" }, icon("mark"), h("p", {}, h("strong", { t: "machine" }), " ", h("span", { t: "machine_more" }))),
      this.typing);
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", label: "log", tabindex: "0", on: { scroll: () => this.#scrolled() } }, this.sheet);
    this.jump = h("button", { class: "jump", label: "newer", hidden: true, on: () => this.#toEnd() }, icon("below"));
    this.status = h("div", { class: "status", role: "status" });
    this.staff = h("p", { class: "with", role: "status", hidden: true }, icon("person"), h("span", { t: "with_staff" }));
    this.spoken = h("div", { class: "sr", role: "status" });
    this.input = h("textarea", { id: "input", rows: "1", hint: "placeholder", autocomplete: "off", enterkeyhint: "send", dir: "auto", "aria-describedby": "caution",
      on: { keydown: (event) => this.#key(event), input: () => this.#grow() } });
    const submit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    const share = new Share(this.#ui, {
      photo: (blob, picture) => {
        this.#follow = true;
        this.#conversation.show(blob, picture, this.#ui.t("photo"));
      },
      place: (latitude, longitude) => {
        this.#status();
        this.#speak({ payload: `/share{"latitude": "${latitude}", "longitude": "${longitude}"}`, title: this.#ui.t("located") });
      },
      say: (text) => this.#say(text, {}, text === "locating" ? 15_000 : 6_000),
    });
    const foot = h("div", { class: "foot" },
      this.staff,
      this.status,
      h("form", { class: "composer", on: { submit } },
        ...share.buttons,
        h("label", { for: "input", class: "sr", t: "input" }),
        this.input,
        h("button", { type: "submit", class: "send", label: "send" }, icon("send"))),
      h("p", { id: "caution", class: "caution", t: "caution" }));
    this.incident = h("p", { class: "incident", role: "status", hidden: true });
    const talk = h(page ? "main" : "div", { class: "talk" }, this.incident, this.log, h("div", { class: "jump-place" }, this.jump), this.spoken, foot);
    this.element = h("section", { class: `chat ${mode}`, "aria-labelledby": "title", on: { keydown: (event) => this.#escape(event) } },
      header, h("div", { class: "columns" }, page && this.#ideas(), talk));
    share.watch(this.element);
    this.element.addEventListener("pointerdown", ({ target }) => this.menu.element.contains(target) || this.menu.toggle(false));
  }

  /** On wide pages: what one may ask. */
  #ideas() {
    const { h } = this.#ui;
    const ask = ({ currentTarget }) => this.#speak({ text: currentTarget.textContent });
    return h("aside", { class: "ideas", "aria-labelledby": "ideas" },
      h("h2", { id: "ideas", t: "ideas" }),
      ...[1, 2, 3, 4].map((number) => h("button", { t: `idea_${number}`, on: ask })));
  }

  #restyle() {
    const { dark, large, language } = this.#ui;
    this.element.dataset.theme = dark ? "dark" : "light";
    this.element.classList.toggle("large", large);
    this.element.lang = language;
    this.other.lang = language === "vi" ? "en" : "vi";
    this.other.textContent = LANGUAGES[this.other.lang];
    this.#ui.translate(this.element);
    this.#incident(language);
    this.#grow();
  }

  #incident(language) {
    const text = this.#told[`text_${language}`] ?? "";
    if (this.incident.textContent !== text) this.incident.textContent = text;
    this.incident.hidden = !text;
  }

  #language(code) {
    this.#ui.prefer({ language: code });
    // The assistant follows, from its next sentence on.
    if (this.#conversation.running) this.#speak({ payload: `/change_language{"requested_language": "${code}"}`, title: LANGUAGES[code] });
  }

  #press({ title, payload }) {
    // A second tap of an impatient finger is not a second question.
    const last = [...this.#conversation.lines.values()].at(-1);
    if (last?.payload === payload) return false;
    if (payload === "/send_my_transcript") {
      // Here it is a file; elsewhere the gateway sends it as messages.
      this.#download();
      return false;
    }
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
    this.focus();
  }

  #speak(said) {
    this.#follow = true;
    this.#conversation.say(said);
    this.sheet.querySelector(".notice button")?.remove();
  }

  #edit({ key, text }) {
    this.#conversation.lines.delete(key);
    this.#nodes.get(key).remove();
    this.#nodes.delete(key);
    this.input.value = text;
    this.#grow();
    this.focus();
  }

  #key(event) {
    // While a Vietnamese, Chinese, Japanese or Korean input method composes, Enter belongs to it;
    // Safari ends the composition first and tells only by the key code.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #escape(event) {
    if (event.key !== "Escape" || event.isComposing || event.target.closest(".ask")) return;
    if (!this.menu.escape()) {
      if (!this.#closed) return;
      this.#closed();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #grow() {
    const { style, scrollHeight } = this.input;
    style.height = "auto";
    if (scrollHeight) style.height = `${this.input.scrollHeight}px`;
  }

  #show(line, unread) {
    const drawn = this.#nodes.get(line.key);
    if (drawn) {
      if (line.from === "citizen") this.#lines.update(drawn, line);
    } else {
      const node = this.#lines.draw(line);
      // What is read back is not read out.
      if (line.old) this.log.ariaLive = "off";
      this.#nodes.set(line.key, node);
      this.typing.before(node);
      if (line.from === "citizen") this.#anchor = node;
      else if (!line.old) unread();
      if (line.old) this.#toEnd();
      else if (this.#follow) this.#toNews(node);
    }
    if (line.state === "failed" || line.state === "refused") this.#announce(line.state);
    this.#scrolled();
  }

  #over(erased) {
    for (const node of this.#nodes.values()) {
      // What was not sent goes into the next conversation.
      if (erased || (node.dataset.state ?? "sent") !== "sent") node.remove();
      else this.#lines.retire(node);
    }
    if (erased) this.sheet.querySelectorAll(".notice, .past").forEach((node) => node.remove());
    this.#nodes.clear();
    this.#anchor = null;
    this.#status();
  }

  #tell(text) {
    const { h } = this.#ui;
    const node = h("div", { class: "notice" }, h("p", { t: text }));
    this.typing.before(node);
    if (!this.#conversation.running) {
      const again = () => {
        node.remove();
        this.start();
        this.focus();
      };
      const button = h("button", { class: "strong", t: "again", on: again });
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
    if (state === "open") this.log.ariaLive = "polite";
    if (state !== "open") {
      const text = state === "connecting" ? state : "offline";
      this.#timers.link = setTimeout(() => this.#status(text), navigator.onLine ? PATIENT_MS : 0);
    } else if (["offline", "connecting"].includes(this.status.words?.t)) this.#status();
  }

  #say(text, values, milliseconds = 6_000) {
    this.#status(text, values);
    setTimeout(() => this.status.words?.t === text && this.#status(), milliseconds);
  }

  #status(t, values) {
    this.status.textContent = "";
    this.#ui.word(this.status, { t, values });
  }

  #announce(text) {
    this.spoken.textContent = this.#ui.t(text);
    clearTimeout(this.#timers.announced);
    this.#timers.announced = setTimeout(() => (this.spoken.textContent = ""), 3_000);
  }

  async #download() {
    try {
      const href = URL.createObjectURL(await this.#conversation.download());
      this.#ui.h("a", { href, download: "troly.txt" }).click();
      setTimeout(() => URL.revokeObjectURL(href), 10_000);
    } catch {
      this.#say("not_downloaded");
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const far = scrollHeight - clientHeight - scrollTop >= NEAR_END;
    if (!far) this.#follow = true;
    else if (scrollTop < this.#top - 4) this.#follow = false;
    this.#top = scrollTop;
    this.jump.hidden = !far;
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
