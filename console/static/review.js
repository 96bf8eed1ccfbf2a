// Deciding by keyboard: Y right, O out of scope, U not sure, I another intent, P another procedure, N a new
// intent, J and K next and previous, Z undo; 1 to 5 take or leave a name, 0 leaves all, E changes one (with Alt
// while a procedure is searched). Without this script the same form works with its buttons.

const form = document.querySelector("form[data-decide]");
const undo = document.querySelector("form[data-undo]");
let sent = false;

function send(verdict) {
  if (sent) return;
  const button = [...form.querySelectorAll("button[name=verdict]")].find((one) => one.value === verdict);
  form.requestSubmit(button);
}

form?.addEventListener("submit", (event) => {
  if (sent) return event.preventDefault();
  sent = event.submitter?.dataset.plain === undefined;
});
addEventListener("pageshow", () => { sent = false; });

const fold = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d");

// A text field with a list below it: arrows choose, Enter decides, Escape leaves.
function chooser(input, list, { find, chosen, marked = () => {} }) {
  let options = [], at = 0, asked = 0;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");

  function mark(next) {
    at = Math.max(0, Math.min(options.length - 1, next));
    [...list.children].forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
    const current = list.children[at];
    if (current) input.setAttribute("aria-activedescendant", current.id);
    else input.removeAttribute("aria-activedescendant");
    current?.scrollIntoView({ block: "nearest" });
    if (options[at]) marked(options[at]);
  }
  function show(found) {
    options = found;
    list.replaceChildren(...found.map((option, number) => {
      const line = document.createElement("li");
      line.id = `${list.id}-${number}`;
      line.setAttribute("role", "option");
      line.textContent = option.text;
      if (option.about) line.append(Object.assign(document.createElement("small"), { textContent: option.about }));
      line.addEventListener("mousedown", (event) => { event.preventDefault(); chosen(option); });
      return line;
    }));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(0);
  }
  async function look() {
    const mine = ++asked;
    const found = await find(input.value.trim());
    if (mine === asked) show(found);
    return mine === asked;
  }
  let looking = Promise.resolve();
  input.addEventListener("input", () => { looking = look(); });
  input.addEventListener("focus", () => { looking = look(); });
  input.addEventListener("blur", () => { asked += 1; list.hidden = true; input.setAttribute("aria-expanded", "false"); });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") { event.preventDefault(); mark(at + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); mark(at - 1); }
    else if (event.key === "Escape") { input.blur(); }
    else if (event.key === "Enter") {
      event.preventDefault();
      await looking; // whoever types fast means the list for all that was typed
      if (options[at] && input.value.trim()) chosen(options[at]);
    }
  });
}

function listFor(input) {
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.hidden = true;
  list.setAttribute("aria-label", input.getAttribute("aria-label") ?? document.querySelector(`label[for=${input.id}]`)?.textContent ?? "");
  input.after(list);
  return list;
}

const intents = form?.querySelector("select[data-choose=intent]");
if (intents) {
  const input = Object.assign(document.createElement("input"), { type: "text", id: "intent", autocomplete: "off" });
  input.dataset.focus = intents.dataset.focus;
  input.placeholder = intents.dataset.label;
  intents.id = "intent-chosen";
  intents.hidden = true;
  const box = document.createElement("div");
  box.className = "chooser";
  intents.before(box);
  box.append(input);
  const all = [...intents.options].filter((one) => one.value).map((one) => ({
    value: one.value, text: one.value, about: one.dataset.about,
    name: fold(one.value.replaceAll("_", " ")), words: fold(one.dataset.about),
  }));
  input.value = intents.value;
  chooser(input, listFor(input), {
    find: async (typed) => {
      const words = fold(typed.replaceAll("_", " ")).split(/\s+/).filter(Boolean);
      const found = all.filter((one) => words.every((word) => one.name.includes(word) || one.words.includes(word)));
      const named = (one) => words.every((word) => one.name.includes(word));
      return [...found.filter(named), ...found.filter((one) => !named(one))];
    },
    chosen: (option) => { intents.value = option.value; input.value = option.value; send("intent"); },
  });
}

// The names that the messages offer; what was ticked by hand stays so, whichever procedure is marked.
const names = form?.querySelector("[data-names]");
const written = form?.querySelector("#name");
const byHand = new Map();

function offer(found) {
  const row = form.querySelector("template[data-name-row]");
  names.querySelector("div").replaceChildren(...found.map((one, number) => {
    const line = row.content.firstElementChild.cloneNode(true);
    const box = line.querySelector("input");
    box.value = one.name;
    box.checked = byHand.get(one.name) ?? one.ticked;
    line.querySelector("kbd").textContent = String(number + 1);
    line.querySelector("[data-name]").textContent = one.name;
    const taken = line.querySelector("[data-taken]");
    if (one.taken) taken.textContent = one.taken;
    else taken.remove();
    return line;
  }));
  names.hidden = !found.length;
}

function change(box) {
  box.checked = false;
  byHand.set(box.value, false);
  written.value = [written.value.trim(), box.value].filter(Boolean).join("; ");
  written.focus();
}

function keyOfNames(key) {
  const boxes = [...(names?.querySelectorAll("input") ?? [])];
  if (key === "0") boxes.forEach((box) => { box.checked = false; byHand.set(box.value, false); });
  else if (key === "e" && written) {
    const box = boxes.find((one) => one.checked) ?? boxes[0];
    if (box && !written.value.trim()) change(box);
    else written.focus();
  } else {
    const box = /^[1-9]$/.test(key) && boxes[Number(key) - 1];
    if (!box) return false;
    box.checked = !box.checked;
    byHand.set(box.value, box.checked);
  }
  return true;
}

if (names) {
  offer([...names.querySelectorAll("input")].map((box) => ({
    name: box.value, ticked: box.checked, taken: box.closest("label").querySelector("[data-taken]")?.textContent,
  })));
  names.addEventListener("change", (event) => { byHand.set(event.target.value, event.target.checked); });
  names.addEventListener("click", (event) => {
    const button = event.target.closest("[data-edit]");
    if (button) change(button.parentElement.querySelector("input"));
  });
}

const procedure = form?.querySelector("input[data-choose=procedure]");
if (procedure) {
  const row = procedure.parentElement;
  row.className = "chooser";
  row.querySelector("[data-plain]").hidden = true;
  const code = Object.assign(document.createElement("input"), { type: "hidden", name: "procedure" });
  let waiting = 0;
  chooser(procedure, listFor(procedure), {
    find: async (typed) => {
      if (typed.length < 2) return [];
      const mine = ++waiting;
      await new Promise((done) => setTimeout(done, 80));
      if (mine !== waiting) return [];
      const answer = await fetch(`${form.dataset.procedures}&q=${encodeURIComponent(typed)}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return [];
      return (await answer.json()).map((one) => ({ value: one.code, text: one.name, about: `${one.code} · ${one.field}`, names: one.names }));
    },
    marked: (option) => offer(option.names),
    chosen: (option) => {
      form.querySelectorAll("input[type=radio][name=procedure]").forEach((one) => { one.checked = false; });
      code.value = option.value;
      form.append(code);
      procedure.value = option.text;
      send("procedure");
    },
  });
}

procedure?.addEventListener("keydown", (event) => {
  const key = event.code.startsWith("Digit") ? event.code.slice(5) : event.key.toLowerCase();
  if (event.altKey && !event.ctrlKey && !event.metaKey && keyOfNames(key)) event.preventDefault();
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  const key = event.key.toLowerCase();
  if (key === "z" && undo) { event.preventDefault(); undo.requestSubmit(); return; }
  if (keyOfNames(key)) { event.preventDefault(); return; }
  const link = document.querySelector(`a[data-key="${CSS.escape(key)}"]`);
  if (link) { event.preventDefault(); link.click(); return; }
  const button = form?.querySelector(`button[data-key="${CSS.escape(key)}"]`);
  if (button) { event.preventDefault(); send(button.value); return; }
  const field = form?.querySelector(`[data-focus="${CSS.escape(key)}"]`);
  if (field) {
    event.preventDefault();
    field.closest("details")?.setAttribute("open", "");
    field.focus();
    field.select?.();
  }
});
