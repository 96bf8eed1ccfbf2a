/* Messages on their way to the gateway: in order, one at a time, kept until the gateway has them.

   The client_id makes sending twice harmless, so that a message whose acknowledgement was lost is
   simply sent again. States: queued, sending, waiting (the gateway asked for patience), failed (no
   connection; tried again by button or when the connection is back), refused (never sent again). */

import { kept } from "./widget.storage.js";

const KEY = "unsent";
const PAUSES_MS = [1_000, 2_000, 4_000];

export class Outbox {
  /** Nothing is sent before there is a conversation. */
  enabled = false;
  #items = [];
  #known = new Set();
  #send;
  #changed;
  #busy = false;
  #timer = null;
  #tries = 0;

  /** send(item) posts it and throws ApiError; changed(item) tells of a new state. */
  constructor({ send, changed }) {
    this.#send = send;
    this.#changed = changed;
  }

  get items() {
    return this.#items;
  }

  /** Take up what an earlier page could not send. */
  restore() {
    const left = kept.get(KEY);
    for (const item of Array.isArray(left) ? left : []) {
      if (this.#known.has(item.client_id)) continue;
      this.#known.add(item.client_id);
      this.#items.push({ ...item, state: "queued" });
    }
    return this.#items;
  }

  add(item) {
    this.#known.add(item.client_id);
    this.#items.push(item);
    this.#set(item, "queued");
    this.run();
  }

  /** Send again what failed, all of it, in order. */
  retry() {
    this.#tries = 0;
    for (const item of this.#items) if (item.state === "failed") this.#set(item, "queued");
    this.run();
  }

  drop(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#store();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#items = [];
    kept.set(KEY, null);
  }

  /** Send what is queued, unless a pause is running. */
  async run() {
    if (!this.enabled || this.#busy || this.#timer) return;
    this.#busy = true;
    try {
      for (let item; (item = this.#next()); ) {
        this.#set(item, "sending");
        try {
          item.message_id = (await this.#send(item)).message_id;
        } catch (error) {
          if (!this.#items.includes(item)) continue;
          if (!this.#missed(item, error)) return;
          continue;
        }
        this.#tries = 0;
        if (!this.#items.includes(item)) continue;
        this.drop(item);
        this.#set(item, "sent");
      }
    } finally {
      this.#busy = false;
    }
  }

  #next() {
    return this.#items.find((item) => item.state === "queued" || item.state === "waiting");
  }

  /** Decide what a failure means; true to go on with the next message. */
  #missed(item, error) {
    item.error = error;
    if (error.status === 401) {
      this.#set(item, "queued"); // whoever sends has begun to renew the session, and runs us then
      return false;
    }
    if (error.status === 429) {
      this.#set(item, "waiting");
      this.#later(Math.max(1, error.retryAfter) * 1_000);
      return false;
    }
    if (!error.passing) {
      this.drop(item);
      this.#set(item, "refused");
      return true;
    }
    if (this.#tries < PAUSES_MS.length && navigator.onLine) {
      this.#set(item, "queued");
      this.#later(PAUSES_MS[this.#tries++]);
    } else {
      // The ones behind it must not overtake it.
      for (const other of this.#items) this.#set(other, "failed");
    }
    return false;
  }

  #later(milliseconds) {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.run();
    }, milliseconds);
  }

  #set(item, state) {
    item.state = state;
    this.#store();
    this.#changed(item);
  }

  #store() {
    const stored = kept.get(KEY);
    // Another tab keeps its own in the same place.
    const others = (Array.isArray(stored) ? stored : []).filter((item) => !this.#known.has(item.client_id));
    const own = this.#items.map(({ client_id, text, payload, title, at }) => ({ client_id, text, payload, title, at }));
    kept.set(KEY, [...others, ...own]);
  }
}
