// What the pages of figures do better with a script: only the fields of the chosen period are shown, and charts
// say what they show under the pointer and by arrow keys. Without it, browsers show the titles.

for (const form of document.querySelectorAll("form[data-period]")) {
  const show = () => {
    const chosen = form.querySelector("[name=period]:checked")?.value;
    for (const part of form.querySelectorAll("[data-for]")) {
      part.hidden = part.dataset.for !== chosen;
      for (const field of part.querySelectorAll("input")) field.disabled = part.hidden;
    }
  };
  form.addEventListener("change", show);
  addEventListener("pageshow", show);
  show();
}

for (const frame of document.querySelectorAll("[data-chart]")) {
  const bands = [...frame.querySelectorAll("[data-band]")];
  const tip = frame.parentElement.querySelector("[data-tip]");
  let at = -1;
  const tell = (place) => {
    bands[at]?.classList.remove("on");
    at = place;
    const band = bands[at];
    tip.hidden = !band;
    if (!band) return;
    band.classList.add("on");
    tip.textContent = band.dataset.band;
  };
  for (const band of bands) band.querySelector("title")?.remove();
  frame.addEventListener("pointerover", (event) => {
    const band = event.target.closest("[data-band]");
    if (band) tell(bands.indexOf(band));
  });
  frame.addEventListener("keydown", (event) => {
    const last = bands.length - 1;
    const next = { ArrowLeft: at < 0 ? last : at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (next === undefined || !bands.length) return;
    event.preventDefault();
    tell(Math.min(last, Math.max(0, next)));
    const box = bands[at].getBoundingClientRect();
    const seen = frame.getBoundingClientRect();
    if (box.left < seen.left || box.right > seen.right) frame.scrollLeft += box.left - seen.left - seen.width / 2;
  });
}
