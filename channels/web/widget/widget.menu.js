/* The menu: language, look, and what a citizen may do with the conversation. */

import { icon } from "./widget.dom.js";

export class Menu {
  #ui;
  #act;
  #theme;
  #language;
  #large;

  /** act: {language(code), download(), erase(), end()}; each of the last two gives what was told. */
  constructor(ui, operator, act) {
    this.#ui = ui;
    this.#act = act;
    const h = ui.h.bind(ui);
    this.#language = this.#choice("language", [["vi", "Tiếng Việt"], ["en", "English"]], (code) => act.language(code));
    this.#theme = this.#choice(
      "theme",
      ["auto", "light", "dark"].map((name) => [name, null, `theme_${name}`]),
      (theme) => ui.prefer({ theme }),
    );
    this.#large = h("button", { type: "button", role: "switch", class: "row", on: { click: () => ui.prefer({ large: !ui.large }) } },
      h("span", { t: "large" }), h("span", { class: "knob", "aria-hidden": "true" }));
    this.button = h("button", { type: "button", class: "plain", label: "menu", "aria-expanded": "false", "aria-controls": "menu", on: { click: () => this.toggle() } }, icon("menu"));
    this.panel = h("div", { id: "menu", class: "menu", hidden: true },
      this.#language,
      this.#theme,
      this.#large,
      h("hr"),
      this.#item("save", "download", () => act.download()),
      this.#item("bin", "erase", () => this.#ask("erase", () => act.erase())),
      this.#item("leave", "end", () => this.#ask("end", () => act.end())),
      h("hr"),
      h("p", { t: "privacy_more" }),
      operator ? h("p", { t: "operated", values: { operator } }) : null,
    );
    this.element = h("div", { class: "menu-place", on: { focusout: (event) => this.#left(event) } }, this.button, this.panel);
    ui.addEventListener("change", () => this.#show());
    this.#show();
  }

  get open() {
    return !this.panel.hidden;
  }

  toggle(open = !this.open) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
  }

  /** Escape: close and give the focus back; true if there was something to close. */
  escape() {
    if (!this.open) return false;
    this.toggle(false);
    this.button.focus();
    return true;
  }

  #left(event) {
    // A click on something that takes no focus is seen by the view.
    if (event.relatedTarget && !this.element.contains(event.relatedTarget)) this.toggle(false);
  }

  #item(name, text, act) {
    const press = () => {
      this.toggle(false);
      this.button.focus();
      act();
    };
    return this.#ui.h("button", { type: "button", class: "row", on: { click: press } }, icon(name), this.#ui.h("span", { t: text }));
  }

  #choice(name, options, chosen) {
    const h = this.#ui.h.bind(this.#ui);
    const group = h("fieldset", {}, h("legend", { t: name }));
    const row = h("div", { class: "segments" });
    for (const [value, title, text] of options) {
      const input = h("input", { type: "radio", name, value, on: { change: () => chosen(value) } });
      const lang = name === "language" ? value : null;
      row.append(h("label", { lang }, input, text ? h("span", { t: text }) : h("span", {}, title)));
    }
    group.append(row);
    return group;
  }

  #show() {
    const set = (group, value) => group.querySelectorAll("input").forEach((input) => (input.checked = input.value === value));
    set(this.#language, this.#ui.language);
    set(this.#theme, this.#ui.theme);
    this.#large.setAttribute("aria-checked", String(this.#ui.large));
  }

  /** Ask before doing what cannot be undone. */
  #ask(name, act) {
    const h = this.#ui.h.bind(this.#ui);
    const close = () => dialog.close();
    const yes = () => {
      dialog.close();
      act();
    };
    const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask", "aria-describedby": "ask-more", on: { close: () => dialog.remove() } },
      h("h2", { id: "ask", t: `${name}_ask` }),
      h("p", { id: "ask-more", t: `${name}_more` }),
      h("div", { class: "answers" },
        h("button", { type: "button", class: "quiet", t: "cancel", on: { click: close } }),
        h("button", { type: "button", class: name === "erase" ? "danger" : "strong", t: `${name}_yes`, on: { click: yes } })),
    );
    this.element.append(dialog);
    dialog.showModal();
  }
}
