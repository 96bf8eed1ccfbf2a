// What pages do better with a script; without it everything works as well.

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}

// Empty fields stay out of the address of a filtered list.
for (const form of document.querySelectorAll("form[data-filters]")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
  addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    button.textContent = button.dataset.done;
  });
}

// j and k go through a list, Enter opens; "/" goes to the search field.
const rows = [...document.querySelectorAll("[data-row]")];
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    search?.closest("details")?.setAttribute("open", "");
    search?.focus();
    if (search) event.preventDefault();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !rows.length) return;
  const at = rows.indexOf(document.activeElement.closest("[data-row]") ?? document.activeElement);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  (next.querySelector("a") ?? next).focus();
});
