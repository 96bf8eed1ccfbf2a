/* <troly-chat>: the chat itself (mode "page" or "frame"), or a button that opens it ("launcher"; "iframe"
   puts it in a frame). A Shadow DOM keeps the site's styles out of it and its own in. */

import { icon, Interface } from "./widget.dom.js";
import { tab } from "./widget.storage.js";
import { styles } from "./widget.style.js";

const BASE = new URL(".", import.meta.url).href;
const OPEN = "open";
const PHONE = "(max-width: 520px), (max-height: 480px)";

class TrolyChat extends HTMLElement {
  #ui;
  #view = null;
  #launcher;
  #panel;
  #frame;

  connectedCallback() {
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [styles()];
    const asked = this.mode === "page" && new URLSearchParams(location.search).get("lang");
    this.#ui = new Interface(asked || this.getAttribute("language"));
    if (["page", "frame"].includes(this.mode)) this.#whole();
    else this.#corner();
  }

  get mode() {
    return this.getAttribute("mode") ?? "launcher";
  }

  get operator() {
    const operator = this.getAttribute("operator") ?? "";
    return operator.startsWith("{{") ? "" : operator;
  }

  /** Open the panel and put the focus where one writes. */
  async open({ focus = true } = {}) {
    if (!this.#panel || this.#panel.open) return this.#view?.focus();
    this.#unread(false);
    tab.set(OPEN, true);
    this.#launcher.setAttribute("aria-expanded", "true");
    this.classList.add("open");
    if (matchMedia(PHONE).matches) this.#panel.showModal();
    else this.#panel.show();
    this.#fit();
    if (this.mode === "iframe") this.#embed(focus);
    else {
      await this.#fill();
      if (focus) this.#view.focus();
    }
  }

  /** Close the panel and give the focus back to the button that opened it. */
  close() {
    if (!this.#panel?.open) return;
    tab.set(OPEN, null);
    this.#panel.close();
    this.classList.remove("open");
    this.#launcher.setAttribute("aria-expanded", "false");
    this.#launcher.focus();
  }

  /** Put the focus where one writes (mode "page" and "frame"). */
  focus() {
    this.#view?.focus();
  }

  async #whole() {
    const { View } = await import("./widget.view.js");
    const framed = this.mode === "frame";
    this.#view = new View(this.#ui, {
      base: BASE,
      mode: this.mode,
      operator: this.operator,
      closed: framed ? () => this.dispatchEvent(new Event("troly-close")) : undefined,
      unread: () => this.dispatchEvent(new Event("troly-unread")),
    });
    this.shadowRoot.append(this.#view.element);
    const name = () => {
      document.documentElement.lang = this.#ui.language;
      document.title = [this.#ui.t("name"), this.#ui.t("field"), this.operator].filter(Boolean).join(" · ");
    };
    this.#ui.addEventListener("change", name);
    name();
    this.#view.start();
    if (!framed) this.#view.focus();
    this.dispatchEvent(new Event("troly-ready"));
  }

  #corner() {
    const h = this.#ui.h.bind(this.#ui);
    const prepare = () => this.mode === "launcher" && import("./widget.view.js");
    this.#launcher = h("button", { type: "button", class: "launcher", label: "launch_label", "aria-expanded": "false", "aria-haspopup": "dialog", on: {
      click: () => this.open(),
      pointerenter: prepare,
      focus: prepare,
    } }, icon("mark"), h("span", { t: "launch" }), h("i", { class: "badge", hidden: true }));
    this.#panel = h("dialog", { class: "panel", label: "name", on: {
      // What Escape does is decided inside, where the menu may come first.
      cancel: (event) => {
        if (event.target !== this.#panel) return;
        event.preventDefault();
        this.close();
      },
    } });
    const corner = h("div", { class: "corner" }, this.#launcher, this.#panel);
    this.shadowRoot.append(corner);
    const restyle = () => {
      corner.dataset.theme = this.#ui.dark ? "dark" : "light";
      corner.lang = this.#ui.language;
      this.#ui.translate(corner);
    };
    this.#ui.addEventListener("change", restyle);
    restyle();
    // iOS shrinks only the visual viewport when its keyboard comes.
    visualViewport?.addEventListener("resize", () => this.#fit());
    visualViewport?.addEventListener("scroll", () => this.#fit());
    // Going to another page of the site does not end the talk.
    if (tab.get(OPEN)) this.open({ focus: false });
  }

  #fit() {
    const { height, offsetTop } = visualViewport ?? { height: innerHeight, offsetTop: 0 };
    this.#panel.style.setProperty("--visible", `${height}px`);
    this.#panel.style.setProperty("--above", `${offsetTop}px`);
  }

  async #fill() {
    const { View } = await import("./widget.view.js");
    if (!this.#view) {
      this.#view = new View(this.#ui, {
        base: BASE,
        mode: "panel",
        operator: this.operator,
        closed: () => this.close(),
        unread: () => this.#unread(!this.#panel.open),
      });
      this.#panel.append(this.#view.element);
    }
    this.#view.start();
  }

  #unread(some) {
    this.#launcher.querySelector(".badge").hidden = !some;
    this.#launcher.setAttribute("aria-label", this.#ui.t("launch_label") + (some ? ` (${this.#ui.t("unread")})` : ""));
  }

  #embed(focus) {
    const { origin } = new URL(BASE);
    const send = (message) => this.#frame.contentWindow.postMessage({ troly: message }, origin);
    if (this.#frame) {
      if (focus) send("focus");
      return;
    }
    const wishes = new URLSearchParams({ parent: location.origin, language: this.#ui.language, operator: this.operator });
    this.#frame = this.#ui.h("iframe", { src: `${BASE}embed#${wishes}`, title: this.#ui.t("name"), allow: "clipboard-write" });
    addEventListener("message", (event) => {
      if (event.source !== this.#frame.contentWindow || event.origin !== origin) return;
      const message = event.data?.troly;
      if (message === "ready" && focus) send("focus");
      else if (message === "close") this.close();
      else if (message === "unread") this.#unread(!this.#panel.open);
    });
    this.#panel.append(this.#frame);
  }
}

if (!customElements.get("troly-chat")) customElements.define("troly-chat", TrolyChat);
