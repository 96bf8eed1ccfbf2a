/* Building what is seen: elements, their translated texts, icons, and texts from outside as text. */

import { kept } from "./widget.storage.js";
import { firstLanguage, STRINGS } from "./widget.strings.js";

const SVG = "http://www.w3.org/2000/svg";

// Drawn for this widget on a 24 by 24 grid.
const ICONS = {
  mark: "M5 3.5h14A2.5 2.5 0 0 1 21.5 6v8.5A2.5 2.5 0 0 1 19 17h-6.5L7 21.2V17H5a2.5 2.5 0 0 1-2.5-2.5V6A2.5 2.5 0 0 1 5 3.5zM8 10.4l2.8 2.8L16 7.6",
  send: "M12 19.5v-15M5.5 11 12 4.5l6.5 6.5",
  menu: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  out: "M13.5 5H19v5.5M18.6 5.4 11 13M16.5 14v5H5V7.5h5",
  up: "M7.5 10.5v9h-3v-9zM7.5 10.5l3.8-7c1.4 0 2.4 1 2.2 2.5L13 9.5h5a2 2 0 0 1 2 2.4l-1.2 6a2 2 0 0 1-2 1.6H7.5",
  unhelpful: "M16.5 13.5v-9h3v9zM16.5 13.5l-3.8 7c-1.4 0-2.4-1-2.2-2.5l.5-3.5h-5a2 2 0 0 1-2-2.4l1.2-6a2 2 0 0 1 2-1.6h9.3",
  check: "M5 12.5 10 17.5 19 7.5",
  save: "M12 4v11M7 10.5l5 5 5-5M5 19.5h14",
  bin: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.5 10.5v5.5M13.5 10.5v5.5",
  leave: "M10 4.5H5v15h5M14 8l4 4-4 4M18 12H9.5",
  person: "M12 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20c.6-3.6 3.4-5.5 7-5.5s6.4 1.9 7 5.5",
  alert: "M12 8.5v4.5M12 16v.01M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false", class: "icon" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** The address if it is one that a link may have (http or https), else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The interface's language and look, and elements that follow them. */
export class Interface extends EventTarget {
  #wished;
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #prefs = kept.get("prefs") ?? {};
  language;

  /** `wished` is the language that the site asks for, if any. */
  constructor(wished) {
    super();
    this.#wished = wished;
    this.language = firstLanguage(this.#prefs.language, this.#wished);
    this.#dark.addEventListener("change", () => this.#changed());
  }

  get theme() {
    return this.#prefs.theme ?? "auto";
  }

  get large() {
    return this.#prefs.large === true;
  }

  get dark() {
    return this.theme === "auto" ? this.#dark.matches : this.theme === "dark";
  }

  /** Change and keep {language, theme, large}. */
  prefer(changes) {
    this.#prefs = { ...this.#prefs, ...changes };
    kept.set("prefs", this.#prefs);
    this.language = firstLanguage(this.#prefs.language, this.#wished);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** An interface text, its {places} filled. */
  t(key, values = {}, language = this.language) {
    return STRINGS[language][key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  }

  /** An element. t, label, hint: names of interface texts for content, aria-label, placeholder;
      values: for their places; on: listeners; the rest are attributes. */
  h(tag, { t, label, hint, values, on, ...attributes } = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
    }
    for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    if (t || label || hint) {
      element.dataset.t = "";
      this.word(element, { t, label, hint, values });
    }
    return element;
  }

  /** Give an element other interface texts. */
  word(element, words) {
    element.words = { ...element.words, ...words };
    this.#say(element);
  }

  #say(element) {
    const { t, label, hint, values } = element.words;
    if (t) element.textContent = this.t(t, values);
    if (label) element.setAttribute("aria-label", this.t(label, values));
    if (hint) element.setAttribute("placeholder", this.t(hint, values));
  }

  /** Bring everything under `root` into the present language. */
  translate(root) {
    for (const element of root.querySelectorAll("[data-t]")) if (element.words) this.#say(element);
  }

  /** A link to another site, or its mere title when the address is not one. */
  link(address, title, language = this.language) {
    const href = safeUrl(address);
    if (!href) return this.h("span", {}, title);
    const opens = this.h("span", { class: "sr" }, ` ${this.t("new_tab", {}, language)}`);
    return this.h("a", { href, target: "_blank", rel: "noopener noreferrer" }, title, opens);
  }

  /** A text from outside as nodes: text, with links where it writes addresses. */
  prose(text, language) {
    return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'»”])/u).map((part, index) => (index % 2 ? this.link(part, part, language) : part));
  }
}
