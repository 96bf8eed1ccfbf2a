/* The parts of the chat: a line of the conversation, and the menu. */

import { dateIn, icon, languageOf, LANGUAGES, safeUrl, timeIn } from "./widget.interface.js";

/** Answers that a citizen can judge; a greeting or a question back is none. */
const RATED = ["answered", "not_found", "portal_unavailable", "out_of_scope", "handed_over"];
/** Why an answer was not what was needed, as the gateway knows it. */
const REASONS = ["wrong_procedure", "wrong_information", "hard_to_understand", "other"];
const CHECKLIST = /^\/checklists\/[\w-]+\.pdf$/;
/** Longer titles stand below one another. */
const SHORT_TITLE = 30;

export class Lines {
  #ui;
  #base;
  #act;

  /** act: press(button), rate(id, value, reason), retry(), edit(line), photo(id); pictures come only from `base`. */
  constructor(ui, base, act) {
    this.#ui = ui;
    this.#base = base;
    this.#act = act;
  }

  draw(line) {
    return line.from === "citizen" ? this.#citizen(line) : this.#reply(line);
  }

  update(element, line) {
    element.dataset.state = line.state;
    element.querySelector(".meta").replaceChildren(...this.#state(line));
  }

  /** Take from an element what would act in a conversation that is over. */
  retire(element) {
    element.querySelector(".rating")?.remove();
    element.querySelectorAll("button").forEach((button) => (button.disabled = true));
    element.classList.add("past");
  }

  #citizen(line) {
    const { h, language } = this.#ui;
    const said = line.title ?? line.text;
    const bubble = h("div", { class: "bubble", lang: languageOf(said, language), dir: "auto" }, line.picture ?? said);
    // Until it is there, or where it is gone, the words stand in its place.
    if (line.media_id) this.#act.photo(line.media_id).then((picture) => bubble.replaceChildren(picture), () => {});
    return h("div", { class: "line citizen", "data-state": line.state },
      h("span", { class: "sr", t: "you" }),
      bubble,
      h("div", { class: "meta", "aria-live": "off" }, ...this.#state(line)));
  }

  #state(line) {
    const { h, language } = this.#ui;
    const { state, error } = line;
    if (state === "sent") return [timeIn(line.at), " · ", h("span", { t: "sent" })];
    if (state === "failed") return [icon("alert"), h("span", { t: "failed" }), h("button", { t: "retry", on: () => this.#act.retry() })];
    if (state !== "refused") return [h("span", { t: state === "waiting" ? "waiting" : "sending" })];
    const why = error.texts[language];
    const edit = line.text && h("button", { t: "edit", on: () => this.#act.edit(line) });
    return [icon("alert"), why ? h("span", {}, why) : h("span", { t: "refused" }), edit || ""];
  }

  #reply(line) {
    const { h } = this.#ui;
    const { language = this.#ui.language, answer } = line;
    const staff = line.from === "staff";
    return h("div", { class: `line ${staff ? "staff" : "bot"}${line.told ? " told" : ""}` },
      staff ? h("div", { class: "who" }, icon("person"), h("span", { t: "staff" })) : h("span", { class: "sr", t: "bot" }),
      h("div", { class: "bubble", lang: language },
        h("div", { class: "text", dir: "auto" }, ...this.#ui.prose(line.text, language)),
        this.#picture(line.image),
        this.#links(line.links ?? [], language),
        this.#sources(answer?.sources ?? [], language)),
      this.#buttons(line.buttons ?? [], language),
      RATED.includes(answer?.status) && this.#rating(line));
  }

  #picture(image) {
    const src = image && safeUrl(image);
    if (!src) return null;
    // Other servers would learn who reads what, and the page's policy forbids them.
    if (!src.startsWith(this.#base)) return this.#links([{ title: this.#ui.t("picture"), url: src }]);
    return this.#ui.h("img", { src, alt: "" });
  }

  #links(links, language) {
    const { h } = this.#ui;
    return links.length && h("ul", { class: "links" },
      ...links.map(({ title, url }) => h("li", {}, icon("out"), this.#ui.link(this.#whole(url), title, language))));
  }

  /** A checklist comes as a path where the gateway does not know its own address. */
  #whole(url) {
    return CHECKLIST.test(url) ? this.#base + url.slice(1) : url;
  }

  #sources(sources, language) {
    const parts = sources.flatMap(({ title, url, as_of: asOf }, index) => {
      const date = asOf && dateIn(language, asOf);
      return [index ? "; " : "", this.#ui.link(url, title || url, language), date ? ` · ${this.#ui.t("date", { date }, language)}` : ""];
    });
    return parts.length && this.#ui.h("p", { class: "source" }, this.#ui.t("source", {}, language), ...parts);
  }

  #buttons(buttons, language) {
    const { h } = this.#ui;
    const long = buttons.some(({ title }) => title.length > SHORT_TITLE);
    const press = (button) => ({ currentTarget }) => {
      if (!this.#act.press(button)) return;
      group.querySelector(".chosen")?.classList.remove("chosen");
      currentTarget.classList.add("chosen");
    };
    const group = h("div", { class: `buttons${long ? " long" : ""}`, lang: language },
      ...buttons.map((button) => h("button", { dir: "auto", on: press(button) }, button.title)));
    return buttons.length && group;
  }

  #rating({ id }) {
    const { h } = this.#ui;
    const thanks = h("span", { role: "status" });
    const mark = (value) => buttons.forEach((button) => button.setAttribute("aria-pressed", button.value === value));
    let rated = "";
    const choose = async ({ currentTarget: { value } }) => {
      mark(value);
      const done = await this.#act.rate(id, value);
      if (done) rated = value;
      else mark(rated);
      this.#ui.word(thanks, { t: done ? "rated" : "not_rated" });
      why.hidden = !done || value !== "down";
    };
    const explain = (reason) => async () => {
      const done = await this.#act.rate(id, "down", reason);
      why.hidden = done;
      this.#ui.word(thanks, { t: done ? "rated" : "not_rated" });
      if (done) buttons[1].focus();
    };
    const why = h("div", { class: "why", role: "group", label: "why", hidden: true },
      h("span", { t: "why" }),
      ...REASONS.map((reason) => h("button", { t: reason, on: explain(reason) })));
    const buttons = ["up", "down"].map((value) => h("button", { class: "plain", value, label: value, "aria-pressed": "false", on: choose }, icon("up")));
    return h("div", { class: "rating" }, ...buttons, thanks, why);
  }
}

/** Language, look, and what a citizen may do with the conversation. */
export class Menu {
  #ui;

  constructor(ui, operator, act) {
    const { h } = ui;
    this.#ui = ui;
    const themes = ["auto", "light", "dark"].map((name) => [name, { t: `theme_${name}` }]);
    const large = h("button", { role: "switch", class: "row", on: () => ui.prefer({ large: !ui.large }) },
      h("span", { t: "large" }), h("span", { class: "knob" }));
    this.button = h("button", { class: "plain", label: "menu", "aria-expanded": "false", "aria-controls": "menu", on: () => this.toggle() }, icon("menu"));
    this.panel = h("div", { id: "menu", class: "menu", hidden: true },
      this.#choice("language", Object.entries(LANGUAGES).map(([code, title]) => [code, {}, title]), (code) => act.language(code)),
      this.#choice("theme", themes, (theme) => ui.prefer({ theme })),
      large,
      h("hr"),
      this.#item("save", "download", () => act.download()),
      this.#item("bin", "erase", () => this.#ask("erase", () => act.erase())),
      this.#item("leave", "end", () => this.#ask("end", () => act.end())),
      h("hr"),
      h("p", { t: "privacy" }),
      operator && h("p", { t: "operated", values: { operator } }));
    const left = ({ relatedTarget }) => relatedTarget && !this.element.contains(relatedTarget) && this.toggle(false);
    this.element = h("div", { class: "menu-place", on: { focusout: left } }, this.button, this.panel);
    ui.follow(() => {
      large.setAttribute("aria-checked", ui.large);
      this.panel.querySelectorAll("input").forEach((input) => (input.checked = input.value === ui[input.name]));
    });
  }

  toggle(open = this.panel.hidden) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", open);
  }

  /** Escape: close and give the focus back; true if there was something to close. */
  escape() {
    if (this.panel.hidden) return false;
    this.toggle(false);
    this.button.focus();
    return true;
  }

  #item(name, t, act) {
    const press = () => {
      this.escape();
      act();
    };
    return this.#ui.h("button", { class: "row", on: press }, icon(name), this.#ui.h("span", { t }));
  }

  #choice(name, options, chosen) {
    const { h } = this.#ui;
    const labels = options.map(([value, words, title]) => h("label", { lang: title && value },
      h("input", { type: "radio", name, value, on: { change: () => chosen(value) } }), h("span", words, title)));
    return h("fieldset", {}, h("legend", { t: name }), h("div", { class: "segments" }, ...labels));
  }

  #ask(name, act) {
    const { h } = this.#ui;
    const yes = () => {
      dialog.close();
      act();
    };
    const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask", on: { close: () => dialog.remove() } },
      h("h2", { id: "ask", t: `${name}_ask` }),
      h("p", { t: `${name}_more` }),
      h("div", { class: "answers" },
        h("button", { class: "quiet", t: "cancel", on: () => dialog.close() }),
        h("button", { class: `strong ${name}`, t: `${name}_yes`, on: yes })));
    this.element.append(dialog);
    dialog.showModal();
  }
}
