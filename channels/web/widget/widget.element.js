/* <troly-chat>: the chat itself (mode "page" or "frame"), or a button that opens it ("launcher"; "iframe"
   puts it in a frame). A Shadow DOM keeps the site's styles out and its own in. */

import { icon, Interface } from "./widget.interface.js";
import { tab } from "./widget.kept.js";
import { styles } from "./widget.style.js";

const BASE = new URL(".", import.meta.url).href;
const PHONE = matchMedia("(max-width: 520px), (max-height: 480px)");

class TrolyChat extends HTMLElement {
  #ui;
  #view;
  #launcher;
  #panel;
  #frame;

  connectedCallback() {
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [styles()];
    this.mode = this.getAttribute("mode") ?? "launcher";
    // The holder of a frame says in its address what its own tag says (#embed).
    const said = new URLSearchParams(this.mode === "frame" ? location.hash.slice(1) : location.search);
    this.operator = (this.mode === "frame" && said.get("operator")) || this.getAttribute("operator");
    this.#ui = new Interface(said.get("lang") ?? this.getAttribute("language"));
    if (this.mode === "page" || this.mode === "frame") this.#whole(said.get("parent"));
    else this.#corner();
    // iOS shrinks only the visual viewport when its keyboard comes.
    for (const type of ["resize", "scroll"]) visualViewport.addEventListener(type, () => this.#fit());
    this.#fit();
  }

  async #show(host, mode, closed, unread) {
    const { View } = await import("./widget.view.js");
    this.#view ??= new View(this.#ui, { base: BASE, mode, operator: this.operator, closed, unread });
    host.append(this.#view.element);
    this.#view.start();
  }

  /** `site` is the origin that holds the frame; which ones may is the gateway's decision (frame-ancestors). */
  async #whole(site) {
    const framed = this.mode === "frame" && /^https?:\/\/[^/]+$/.test(site) && parent !== window;
    const tell = (troly) => framed && parent.postMessage({ troly }, site);
    await this.#show(this.shadowRoot, this.mode, framed && (() => tell("close")), () => tell("unread"));
    this.#ui.follow(() => {
      document.documentElement.lang = this.#ui.language;
      document.title = [this.#ui.t("name"), this.#ui.t("field"), this.operator].filter(Boolean).join(" · ");
    });
    if (!framed) return this.#view.focus();
    addEventListener("message", ({ source, origin, data }) => {
      if (source === parent && origin === site && data?.troly === "focus") this.#view.focus();
    });
    tell("ready");
  }

  #corner() {
    const { h } = this.#ui;
    const prepare = () => this.mode === "launcher" && import("./widget.view.js");
    this.#launcher = h("button", { class: "launcher", label: "launch_label", "aria-expanded": "false", "aria-haspopup": "dialog",
      on: { click: () => this.#open(true), pointerenter: prepare, focus: prepare } },
      icon("mark"), h("span", { t: "launch" }), h("i", { class: "badge", hidden: true }));
    // What Escape does is decided inside, where the menu may come first.
    const cancel = (event) => {
      if (event.target !== this.#panel) return;
      event.preventDefault();
      this.#close();
    };
    this.#panel = h("dialog", { class: "panel", label: "name", on: { cancel } });
    const corner = h("div", { class: "corner" }, this.#launcher, this.#panel);
    this.shadowRoot.append(corner);
    this.#ui.follow(() => {
      corner.dataset.theme = this.#ui.dark ? "dark" : "light";
      corner.lang = this.#ui.language;
      this.#ui.translate(corner);
    });
    if (tab.get("open") && !PHONE.matches) this.#open(false);
  }

  async #open(focus) {
    this.#opened(true);
    if (PHONE.matches) this.#panel.showModal();
    else this.#panel.show();
    if (!focus) this.shadowRoot.activeElement?.blur();
    if (this.mode === "iframe") this.#embed(focus);
    else {
      await this.#show(this.#panel, "panel", () => this.#close(), () => this.#unread());
      if (focus) this.#view.focus();
    }
  }

  #close() {
    this.#panel.close();
    this.#opened(false);
    this.#launcher.focus();
  }

  #opened(open) {
    tab.set("open", open || null);
    this.#launcher.setAttribute("aria-expanded", open);
    this.#unread(false);
  }

  #unread(some = !this.#panel.open) {
    this.#launcher.querySelector(".badge").hidden = !some;
    this.#ui.word(this.#launcher, { label: some ? "launch_unread" : "launch_label" });
  }

  #fit() {
    if (visualViewport.scale !== 1) return; // zoomed by fingers
    this.style.setProperty("--visible", `${visualViewport.height}px`);
    this.style.setProperty("--above", `${visualViewport.offsetTop}px`);
  }

  #embed(focus) {
    const { origin } = new URL(BASE);
    const send = () => focus && this.#frame.contentWindow.postMessage({ troly: "focus" }, origin);
    if (this.#frame) return send();
    const wishes = new URLSearchParams({ parent: location.origin, lang: this.#ui.language, operator: this.operator ?? "" });
    this.#frame = this.#ui.h("iframe", { src: `${BASE}embed#${wishes}`, title: this.#ui.t("name"), allow: "geolocation" });
    const acts = { ready: send, close: () => this.#close(), unread: () => this.#unread() };
    addEventListener("message", (event) => {
      if (event.source === this.#frame.contentWindow && event.origin === origin) acts[event.data?.troly]?.();
    });
    this.#panel.append(this.#frame);
  }
}

if (!customElements.get("troly-chat")) customElements.define("troly-chat", TrolyChat);
