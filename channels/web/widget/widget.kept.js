/* What the browser keeps: preferences, the session, and messages on their way. */

const PREFIX = "troly:";
const KEY = "unsent";
const PAUSES_MS = [1_000, 2_000, 4_000];

/** A browser's storage, or this page's memory where it is blocked or full. */
class Shelf {
  #area;
  #memory = {};

  constructor(name) {
    try {
      this.#area = globalThis[name];
    } catch {
      /* blocked */
    }
  }

  get(key) {
    try {
      return JSON.parse(this.#area.getItem(PREFIX + key));
    } catch {
      return this.#memory[key] ?? null;
    }
  }

  set(key, value) {
    this.#memory[key] = value;
    try {
      if (value === null) this.#area.removeItem(PREFIX + key);
      else this.#area.setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      /* a reload forgets */
    }
  }
}

export const kept = new Shelf("localStorage");
/** Kept while the tab lives. */
export const tab = new Shelf("sessionStorage");

/** Call listener(value) when another tab changes what is kept under `key`. */
export function onOtherTab(key, listener) {
  addEventListener("storage", (event) => {
    if (event.key === null || event.key === PREFIX + key) listener(kept.get(key));
  });
}

/** Messages on their way: in order, one at a time, kept until the gateway has them.

    The client_id makes sending twice harmless: a message whose acknowledgement was lost is simply sent
    again. States: queued, sending, sent, waiting (the gateway asked for patience), failed (no connection;
    sent again by button or when it is back), refused (for good). */
export class Outbox {
  /** Nothing is sent before there is a conversation. */
  enabled = false;
  items = [];
  #known = new Set();
  #send;
  #changed;
  #busy = false;
  #timer = null;
  #tries = 0;

  constructor(send, changed) {
    this.#send = send;
    this.#changed = changed;
  }

  restore() {
    for (const item of kept.get(KEY) ?? []) {
      if (!this.#known.has(item.client_id)) this.#take({ ...item, state: "queued" });
    }
  }

  add(item) {
    this.#take(item);
    this.#set(item, "queued");
    this.retry(); // nor does a new one overtake what failed
  }

  retry() {
    this.#tries = 0;
    for (const item of this.items) if (item.state === "failed") this.#set(item, "queued");
    this.run();
  }

  drop(item) {
    this.items = this.items.filter((other) => other !== item);
    this.#store();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.items = [];
    kept.set(KEY, null);
  }

  async run() {
    if (!this.enabled || this.#busy || this.#timer) return;
    this.#busy = true;
    for (let item; (item = this.items.find(({ state }) => state === "queued" || state === "waiting")); ) {
      this.#set(item, "sending");
      let state = "sent";
      try {
        await this.#send(item);
        this.#tries = 0;
      } catch (error) {
        item.error = error;
        state = this.#missed(error);
      }
      if (!this.items.includes(item)) continue;
      const done = state === "sent" || state === "refused";
      if (done) this.drop(item);
      // The ones behind a failed one must not overtake it.
      if (state === "failed") for (const other of this.items) this.#set(other, state);
      else this.#set(item, state);
      if (!done) break;
    }
    this.#busy = false;
  }

  /** The state that a failure leads to; a later try is arranged. */
  #missed({ status, passing, retryAfter }) {
    if (status === 401) return "queued"; // whoever sends renews the session, and runs us then
    if (status === 429) {
      this.#later(Math.max(1, retryAfter) * 1_000);
      return "waiting";
    }
    if (!passing) return "refused";
    if (this.#tries === PAUSES_MS.length || !navigator.onLine) return "failed";
    this.#later(PAUSES_MS[this.#tries++]);
    return "queued";
  }

  #later(milliseconds) {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.run();
    }, milliseconds);
  }

  #take(item) {
    this.#known.add(item.client_id);
    this.items.push(item);
  }

  #set(item, state) {
    item.state = state;
    this.#store();
    this.#changed(item);
  }

  #store() {
    // Another tab keeps its own in the same place.
    const others = (kept.get(KEY) ?? []).filter(({ client_id }) => !this.#known.has(client_id));
    const all = [...others, ...this.items.map(({ error, ...item }) => item)];
    kept.set(KEY, all.length ? all : null);
  }
}
