// The preview follows what is typed; leaving with unsaved words asks first. Without this the page works as well.

const form = document.querySelector("form[data-edit]");
const preview = document.querySelector("#preview");
const unsaved = form?.querySelector("[data-unsaved]");
let waiting;
let asked = 0;
let dirty = false;

async function refresh() {
  const mine = ++asked;
  const open = [...preview.querySelectorAll("details[open]")].map((one) => one.dataset.channel);
  const response = await fetch(form.dataset.edit, { method: "POST", body: new FormData(form) });
  if (!response.ok || mine !== asked) return;
  // Made by our own template, in which everything is escaped; parsed apart, so that nothing runs.
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  preview.replaceChildren(...page.body.childNodes);
  for (const one of preview.querySelectorAll("details[data-channel]")) one.open = open.includes(one.dataset.channel);
}

form?.addEventListener("input", () => {
  dirty = true;
  unsaved.hidden = false;
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 400);
});
form?.addEventListener("submit", () => { dirty = false; });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
