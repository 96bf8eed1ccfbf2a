/* One line of the conversation as elements. */

import { icon, safeUrl } from "./widget.dom.js";
import { dateIn, languageOf, timeIn } from "./widget.strings.js";

/** Answers that a citizen can judge; a greeting or a question back is none. */
const RATED = new Set(["answered", "not_found", "portal_unavailable", "out_of_scope", "handed_over"]);
/** Longer titles stand below one another: side by side they would be a jumble. */
const SHORT_TITLE = 30;

export class Lines {
  #ui;
  #origin;
  #act;

  /** act: {press(button), rate(id, value), retry(), edit(line)}; pictures only from `base`. */
  constructor(ui, base, act) {
    this.#ui = ui;
    this.#origin = new URL(base).origin;
    this.#act = act;
  }

  /** The element of a line. */
  draw(line) {
    return line.from === "citizen" ? this.#citizen(line) : this.#reply(line);
  }

  /** Show a citizen line's state in its element. */
  update(element, line) {
    const meta = element.querySelector(".meta");
    meta.replaceChildren(...this.#state(line));
    element.dataset.state = line.state;
  }

  /** Take from an element everything that would act in a conversation that is over. */
  retire(element) {
    element.querySelectorAll(".rating, .meta button").forEach((part) => part.remove());
    element.querySelectorAll(".buttons button").forEach((button) => (button.disabled = true));
    element.classList.add("past");
  }

  #citizen(line) {
    const { h } = bound(this.#ui);
    const said = line.title ?? line.text ?? "";
    return h(
      "div",
      { class: "line citizen", "data-state": line.state },
      h("span", { class: "sr", t: "you" }),
      h("div", { class: "bubble", lang: languageOf(said, this.#ui.language), dir: "auto" }, said),
      h("div", { class: "meta", "aria-live": "off" }, ...this.#state(line)),
    );
  }

  #state(line) {
    const { h } = bound(this.#ui);
    if (line.state === "sent") return [h("span", {}, timeIn(line.at)), " · ", h("span", { t: "sent" })];
    const text = line.state === "sending" ? "queued" : line.state;
    const parts = [h("span", { t: text })];
    if (line.state === "failed") parts.push(h("button", { type: "button", class: "text", t: "retry", on: { click: () => this.#act.retry() } }));
    if (line.state === "refused") {
      parts[0] = h("span", {}, line.error?.texts?.[this.#ui.language] ?? this.#ui.t("refused"));
      if (line.text) parts.push(h("button", { type: "button", class: "text", t: "edit", on: { click: () => this.#act.edit(line) } }));
    }
    if (["failed", "refused"].includes(line.state)) parts.unshift(icon("alert"));
    return parts;
  }

  #reply(line) {
    const { h } = bound(this.#ui);
    const language = line.language ?? this.#ui.language;
    const staff = line.from === "staff";
    const rated = line.answer && RATED.has(line.answer.status);
    return h(
      "div",
      { class: `line ${staff ? "staff" : "bot"}${line.notice ? " told" : ""}` },
      staff ? h("div", { class: "who" }, icon("person"), h("span", { t: "staff" })) : h("span", { class: "sr", t: "bot" }),
      h(
        "div",
        { class: "bubble", lang: language },
        h("div", { class: "text", dir: "auto" }, ...this.#ui.prose(line.text ?? "", language)),
        this.#picture(line),
        this.#links(line, language),
        this.#sources(line, language),
      ),
      this.#buttons(line, language),
      rated ? this.#rating(line) : null,
    );
  }

  #picture(line) {
    const address = line.image && safeUrl(line.image);
    if (!address) return null;
    // Other servers would learn who reads what, and the page's policy forbids them.
    if (new URL(address).origin !== this.#origin) return this.#ui.h("p", { class: "links" }, this.#ui.link(address, this.#ui.t("picture")));
    return this.#ui.h("img", { src: address, alt: "", loading: "lazy" });
  }

  #links(line, language) {
    const links = line.links ?? [];
    if (!links.length) return null;
    const items = links.map(({ title, url }) => this.#ui.h("li", {}, icon("out"), this.#ui.link(url, title, language)));
    return this.#ui.h("ul", { class: "links" }, ...items);
  }

  #sources(line, language) {
    const sources = line.answer?.sources ?? [];
    if (!sources.length) return null;
    const parts = sources.flatMap(({ title, url, as_of: asOf }, index) => {
      const named = title || safeUrl(url) || "";
      const date = asOf && dateIn(language, asOf);
      return [
        index ? "; " : "",
        this.#ui.link(url, named, language),
        date ? ` · ${this.#ui.t("date", { date }, language)}` : "",
      ];
    });
    return this.#ui.h("p", { class: "source" }, this.#ui.t("source", {}, language), ...parts);
  }

  #buttons(line, language) {
    const buttons = line.buttons ?? [];
    if (!buttons.length) return null;
    const long = buttons.some(({ title }) => title.length > SHORT_TITLE);
    const group = this.#ui.h("div", { class: `buttons${long ? " long" : ""}`, lang: language });
    for (const button of buttons) {
      const press = () => {
        if (!this.#act.press(button)) return;
        group.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
        element.classList.add("chosen");
      };
      const element = this.#ui.h("button", { type: "button", dir: "auto", on: { click: press } }, button.title);
      group.append(element);
    }
    return group;
  }

  #rating(line) {
    const { h } = bound(this.#ui);
    const thanks = h("span", { class: "thanks", role: "status" });
    const thumb = (value, name, label) =>
      h("button", { type: "button", class: "plain", label, "aria-pressed": "false", on: { click: (event) => choose(event, value) } }, icon(name));
    const choose = async ({ currentTarget }, value) => {
      const before = buttons.map((button) => button.getAttribute("aria-pressed"));
      buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === currentTarget)));
      const done = await this.#act.rate(line.id, value);
      if (!done) buttons.forEach((button, index) => button.setAttribute("aria-pressed", before[index]));
      thanks.dataset.t = "";
      this.#ui.word(thanks, { t: done ? "rated" : "not_rated" });
    };
    const buttons = [thumb("up", "up", "helpful"), thumb("down", "unhelpful", "unhelpful")];
    return h("div", { class: "rating" }, ...buttons, thanks);
  }
}

const bound = (ui) => ({ h: ui.h.bind(ui) });
