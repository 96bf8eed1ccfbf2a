// Keeps the desk up to date, says when somebody waits, and sends replies without leaving the page.

const desk = document.querySelector("#desk");
const talk = document.querySelector("#talk");
const place = desk ?? talk;
const trouble = document.querySelector("#trouble");
const title = document.title;
const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
const EVERY = desk ? 3000 : 2000;

// Without a sign of a person the session runs out as on any other page.
let touched = true;
for (const kind of ["pointermove", "keydown", "touchstart"]) {
  addEventListener(kind, () => { touched = true; }, { passive: true });
}

async function look(address) {
  const headers = { Accept: "application/json" };
  if (!touched) headers["X-Idle"] = "1";
  touched = false;
  const response = await fetch(address, { headers, redirect: "manual", cache: "no-store" });
  if (response.type === "opaqueredirect" || response.status === 401) throw new SignedOut();
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

class SignedOut extends Error {}

function tell(words) {
  trouble.textContent = words;
  trouble.hidden = !words;
}

function notify(words) {
  if (document.hidden && "Notification" in window && Notification.permission === "granted") {
    const shown = new Notification("Trợ Lý", { body: words, tag: "desk" });
    shown.onclick = () => { focus(); shown.close(); };
  }
  if (localStorage.getItem("desk-sound") === "1") ring();
}

function ring() {
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    loudness.gain.setValueAtTime(0.12, audio.currentTime);
    loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
    tone.frequency.value = 880;
    tone.connect(loudness).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.6);
  } catch { /* no sound here */ }
}

let over = false;
async function repeat(step) {
  for (;;) {
    try {
      await step();
      if (!over) tell("");
    } catch (error) {
      if (error instanceof SignedOut) {
        tell(place.dataset.signedOut);
        document.title = `⚠ ${title}`;
        notify(place.dataset.signedOut);
        return;
      }
      tell(place.dataset.away);
    }
    if (over) return;
    await new Promise((done) => setTimeout(done, EVERY));
  }
}

if (place?.dataset.present) {
  setInterval(() => {
    fetch(place.dataset.present, { method: "POST", headers: { "X-CSRF-Token": csrf, "X-Idle": "1" }, redirect: "manual" }).catch(() => {});
  }, 60000);
}

if (desk) queue();
if (talk) conversation();

function queue() {
  const alerts = document.querySelector("#alerts");
  const button = document.querySelector("#notify");
  const sound = document.querySelector("#sound");
  alerts.hidden = false;
  const shown = () => {
    const state = "Notification" in window ? Notification.permission : "denied";
    if (state !== "default") button.textContent = state === "granted" ? button.dataset.on : button.dataset.denied;
    button.disabled = state !== "default";
  };
  shown();
  button.addEventListener("click", async () => { await Notification.requestPermission(); shown(); });
  sound.checked = localStorage.getItem("desk-sound") === "1";
  sound.addEventListener("change", () => {
    localStorage.setItem("desk-sound", sound.checked ? "1" : "0");
    if (sound.checked) ring();
  });

  let known = new Set(desk.dataset.waiting.split(" ").filter(Boolean));
  let unread = {};
  let before = "";
  const count = (number) => { document.title = number ? `(${number}) ${title}` : title; };
  count(known.size);
  repeat(async () => {
    const now = await look(desk.dataset.live);
    const waiting = now.waiting.map(String);
    if (waiting.some((id) => !known.has(id))) notify(desk.dataset.notice);
    else if (Object.entries(now.unread).some(([id, n]) => n > (unread[id] ?? 0))) notify(desk.dataset.wrote);
    known = new Set(waiting);
    unread = now.unread;
    count(waiting.length + Object.values(unread).reduce((all, one) => all + one, 0));
    if (now.html !== before) {
      const at = document.activeElement?.closest("#desk a, #desk button");
      const index = at ? [...desk.querySelectorAll("a, button")].indexOf(at) : -1;
      desk.innerHTML = now.html; // our own template, escaped on the server
      if (index >= 0) desk.querySelectorAll("a, button")[index]?.focus();
      before = now.html;
    }
  });
}

function conversation() {
  talk.scrollTop = talk.scrollHeight;
  let version = talk.dataset.version;
  const fresh = async () => {
    const now = await look(`${talk.dataset.live}?version=${encodeURIComponent(version)}`);
    if (now.version === version) return;
    if (String(now.state) !== talk.dataset.state || Boolean(now.mine) !== Boolean(talk.dataset.mine)) {
      // Who may do what has changed: the whole page, unless that would lose what is being written.
      over = true;
      const text = document.querySelector("#text")?.value.trim();
      if (!text) location.reload();
      else tell(talk.dataset.changed);
      return;
    }
    const end = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
    const citizens = talk.querySelectorAll(".line.citizen").length;
    talk.querySelector("ol").innerHTML = now.html; // our own template, escaped on the server
    version = now.version;
    for (const field of document.querySelectorAll("input[name=seen]")) field.value = now.seen;
    if (end) talk.scrollTop = talk.scrollHeight;
    if (talk.querySelectorAll(".line.citizen").length > citizens) {
      if (document.hidden) document.title = `• ${title}`;
      notify(talk.dataset.wrote);
    }
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) document.title = title; });
  if (["waiting", "held"].includes(talk.dataset.state)) repeat(fresh);

  opening();
  const form = document.querySelector("#answer");
  if (!form) return;
  const text = form.querySelector("#text");
  const send = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled || !text.value.trim()) return;
    send.disabled = true;
    try {
      const response = await fetch(form.action, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRF-Token": csrf },
        body: new FormData(form),
        redirect: "manual",
      });
      if (response.type === "opaqueredirect") throw new SignedOut();
      if (response.ok) {
        text.value = "";
        document.querySelector("#suggestion").replaceChildren();
        tell("");
        await fresh();
        talk.scrollTop = talk.scrollHeight;
      } else {
        const body = await response.json().catch(() => ({}));
        tell(body.problem ?? talk.dataset.away);
      }
    } catch (error) {
      tell(error instanceof SignedOut ? talk.dataset.signedOut : talk.dataset.away);
    } finally {
      send.disabled = false;
      text.focus();
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  const put = (words) => {
    const [from, to] = [text.selectionStart, text.selectionEnd];
    text.setRangeText(words, text.value ? from : 0, text.value ? to : 0, "end");
    text.focus();
  };
  form.querySelector("#canned")?.addEventListener("change", (event) => {
    const chosen = event.target.selectedOptions[0];
    if (chosen.dataset.text) put(chosen.dataset.text);
    event.target.value = "";
  });
  form.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-suggest]");
    if (!link) return;
    event.preventDefault();
    const address = new URL(link.href);
    const part = document.querySelector("#suggestion");
    part.setAttribute("aria-busy", "true");
    try {
      const found = await look(`${address.pathname}/suggestion${address.search}`);
      part.innerHTML = found.html; // our own template, escaped on the server
      if (found.text) put(found.text);
    } catch {
      tell(talk.dataset.away);
    }
    part.removeAttribute("aria-busy");
  });
}

// A photo or recording is fetched when it is opened, shown over the page, and gone when that is closed.
function opening() {
  const dialog = document.querySelector("#opened");
  const place = dialog.querySelector(".shown");
  let address = "";
  const forget = () => {
    place.replaceChildren();
    if (address) URL.revokeObjectURL(address);
    address = "";
  };
  dialog.addEventListener("close", forget);
  talk.addEventListener("submit", async (event) => {
    const asked = event.target.closest("form[data-open]");
    if (!asked) return;
    event.preventDefault();
    const button = asked.querySelector("button");
    button.disabled = true;
    try {
      const response = await fetch(asked.action, {
        method: "POST",
        headers: { "X-CSRF-Token": csrf },
        body: new FormData(asked),
        redirect: "manual",
      });
      if (response.type === "opaqueredirect") throw new SignedOut();
      if (!response.ok) { tell(talk.dataset.gone); return; }
      const content = await response.blob();
      forget();
      address = URL.createObjectURL(content);
      const kind = content.type.split("/")[0];
      const shown = document.createElement({ audio: "audio", video: "video" }[kind] ?? "img");
      if (kind === "image") shown.alt = button.textContent;
      else shown.controls = true;
      shown.src = address;
      place.replaceChildren(shown);
      tell("");
      dialog.showModal();
    } catch (error) {
      tell(error instanceof SignedOut ? talk.dataset.signedOut : talk.dataset.away);
    } finally {
      button.disabled = false;
    }
  });
}
