/* What a citizen can share besides words: a photo or a receipt as PDF (button, drag, paste) and, asked for only then, a location. */

import { icon } from "./widget.interface.js";

const LONGEST_SIDE = 1600; // px
const THUMBNAIL = 240; // px
const MOST_AT_ONCE = 3;
const PDF = "application/pdf"; // only the code of an application is read in it
const PATIENCE_MS = 15_000;

/** The picture on a canvas, no side longer than `side`; a canvas needs nobody's permission to be shown. */
async function drawn(blob, side) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

/** A small picture for the log, named for those who cannot see it. */
export async function thumbnail(ui, blob) {
  const canvas = await drawn(blob, THUMBNAIL);
  canvas.setAttribute("role", "img");
  ui.word(canvas, { label: "photo" });
  return canvas;
}

export class Share {
  #ui;
  #act;

  /** act: photo(blob, thumbnail), place(latitude, longitude), say(text). */
  constructor(ui, act) {
    const { h } = ui;
    this.#ui = ui;
    this.#act = act;
    const input = h("input", { type: "file", accept: "image/*,application/pdf", multiple: true });
    input.addEventListener("change", () => {
      this.#send(input.files);
      input.value = "";
    });
    this.buttons = [h("button", { class: "plain", label: "attach", on: () => input.click() }, icon("photo"))];
    const allowed = document.featurePolicy?.allowsFeature("geolocation") ?? true;
    if (isSecureContext && navigator.geolocation && allowed) {
      this.buttons.push(h("button", { class: "plain", label: "locate", on: () => this.#locate() }, icon("pin")));
    }
  }

  /** Take photos that are dropped on `area` or pasted into it. */
  watch(area) {
    const files = (data) => [...(data?.types ?? [])].includes("Files");
    const mark = (on) => area.classList.toggle("drop", on);
    area.addEventListener("dragover", (event) => {
      if (!files(event.dataTransfer)) return;
      event.preventDefault();
      mark(true);
    });
    area.addEventListener("dragleave", ({ relatedTarget }) => area.contains(relatedTarget) || mark(false));
    area.addEventListener("drop", (event) => {
      mark(false);
      if (!files(event.dataTransfer)) return;
      event.preventDefault();
      this.#send(event.dataTransfer.files);
    });
    area.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      this.#send(event.clipboardData.files);
    });
  }

  async #send(files) {
    for (const file of [...files].slice(0, MOST_AT_ONCE)) {
      if (file.type === PDF) {
        this.#act.photo(file, this.#ui.h("span", {}, file.name));
        continue;
      }
      try {
        const whole = await drawn(file, LONGEST_SIDE);
        const blob = await new Promise((resolve) => whole.toBlob(resolve, "image/jpeg", 0.85));
        this.#act.photo(blob, await thumbnail(this.#ui, blob));
      } catch {
        this.#act.say("not_photo");
      }
    }
  }

  #locate() {
    this.#act.say("locating");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.#act.place(coords.latitude.toFixed(5), coords.longitude.toFixed(5)),
      () => this.#act.say("not_located"),
      { enableHighAccuracy: true, timeout: PATIENCE_MS, maximumAge: 60_000 },
    );
  }
}
