/* One conversation: begun or taken up again, what is said in it, and how it ends.

   It tells its listeners (CustomEvent, detail): "line" (a line is new or has changed), "over" (what was
   said before belongs to an ended conversation; {erased}), "last" (key of a line that moves to the end), "typing" (boolean), "link" ("connecting",
   "open", "waiting"), "patience" (seconds that the gateway asks for), "told" (name of an interface text). */

import { Api } from "./widget.api.js";
import { Outbox } from "./widget.outbox.js";
import { kept, onOtherTab } from "./widget.storage.js";
import { Stream } from "./widget.stream.js";

const SESSION = "session";
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

const sleep = (milliseconds) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
  });

function newId() {
  // crypto.randomUUID exists only on https.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Conversation extends EventTarget {
  /** The lines by key: citizens' by client_id, replies by "r" and their number. */
  lines = new Map();
  #api;
  #stream;
  #outbox;
  #language;
  #id = null;
  #running = false;
  #renewing = null;

  /** `base` is the gateway's address; language() gives the interface's language. */
  constructor(base, language) {
    super();
    this.#language = language;
    this.#api = new Api(base);
    this.#api.onToken = (token) => this.#id && kept.set(SESSION, { id: this.#id, token });
    this.#stream = new Stream({
      open: (last, signal) => this.#api.events(last, signal),
      heard: (name, data, id) => this.#heard(name, data, id),
      state: (state) => {
        this.#tell("link", state);
        if (state === "open") this.#outbox.retry();
      },
      refused: (error) => (error.status === 401 ? this.#renew(error) : this.#tell("told", "broken")),
    });
    this.#outbox = new Outbox({ send: (item) => this.#post(item), changed: (item) => this.#sending(item) });
    addEventListener("online", () => this.#outbox.retry());
    onOtherTab((key, value) => (key === SESSION || key === null) && this.#otherTab(value));
  }

  get running() {
    return this.#running;
  }

  /** Go on with the kept conversation, or begin one. Tries until it works. */
  async start() {
    if (this.#running) return;
    this.#running = true;
    const session = kept.get(SESSION);
    this.#id = session?.id ?? null;
    this.#api.token = session?.token ?? null;
    this.#outbox.restore();
    this.#showUnsent();
    await this.#connect();
  }

  /** Say something: {text}, or {payload, title} of a button. */
  say({ text, payload, title }) {
    this.start();
    this.#outbox.add({ client_id: newId(), text, payload, title, at: new Date().toISOString() });
  }

  retry() {
    this.#outbox.retry();
  }

  /** Take a line that was not sent out of the conversation. */
  discard(key) {
    const item = this.#outbox.items.find((other) => other.client_id === key);
    if (item) this.#outbox.drop(item);
    this.lines.delete(key);
  }

  rate(replyId, value) {
    return this.#again(() => this.#api.rate(replyId, value));
  }

  download() {
    return this.#again(() => this.#api.download());
  }

  /** Erase the conversation at the gateway and here. Throws ApiError when the gateway did not. */
  async erase() {
    try {
      if (this.#api.token) await this.#again(() => this.#api.erase());
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    this.#leave("erased");
  }

  /** Forget the conversation on this device only. */
  end() {
    this.#leave("ended");
  }

  #leave(told) {
    this.#running = false;
    this.#outbox.enabled = false;
    this.#stream.stop();
    this.#outbox.clear();
    this.#adopt(null, null);
    this.#over(true);
    this.#tell("told", told);
  }

  async #connect() {
    const id = this.#id;
    for (let tries = 0; this.#running && this.#id === id; tries += 1) {
      try {
        this.#tell("link", "connecting");
        if (this.#api.token) await this.#restore();
        else await this.#begin();
        break;
      } catch (error) {
        if (!this.#running) return;
        if (error.status === 401) {
          await this.#renew(error);
          return;
        }
        if (error.status === 429) this.#tell("patience", error.retryAfter);
        else this.#tell("link", "waiting");
        const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)];
        await sleep(Math.max(pause, error.retryAfter * 1_000));
      }
    }
    this.#go();
  }

  #go() {
    if (!this.#running) return;
    this.#outbox.enabled = true;
    this.#stream.start();
    this.#outbox.run();
  }

  async #begin() {
    const opened = await this.#api.open(this.#language());
    if (!this.#running) return;
    this.#greeted(opened);
  }

  #greeted(opened) {
    this.#adopt(opened.conversation_id, opened.token);
    for (const reply of opened.greeting) this.#reply(reply);
    this.#stream.lastEventId = Math.max(0, ...opened.greeting.map((reply) => Number(reply.id)));
    this.#showUnsent();
  }

  /** What is not sent yet stands at the end, whatever was read back before. */
  #showUnsent() {
    for (const item of this.#outbox.items) {
      this.lines.delete(item.client_id);
      this.#put(item.client_id, { from: "citizen", ...item });
      this.#tell("last", item.client_id);
    }
  }

  async #restore() {
    const found = await this.#api.transcript();
    if (!this.#running) return;
    for (const said of found.messages) {
      const key = said.from === "citizen" ? said.client_id : `r${said.id}`;
      const mine = this.#outbox.items.find((item) => item.client_id === key);
      if (mine) this.#outbox.drop(mine); // it had arrived; only the acknowledgement was lost
      this.#put(key, { ...said, state: said.from === "citizen" ? "sent" : undefined, past: true });
    }
    this.#stream.lastEventId = Number(found.last_event_id);
    this.#showUnsent();
  }

  /** After a 401: go on with a fresh token if the gateway allows it, else begin anew. */
  #renew(error) {
    this.#renewing ??= this.#reopen(error).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #reopen(error) {
    this.#outbox.enabled = false;
    this.#stream.stop();
    for (let tries = 0; this.#running; tries += 1) {
      try {
        const opened = await this.#api.open(this.#language());
        if (!this.#running) return;
        if (opened.conversation_id === this.#id) {
          this.#adopt(this.#id, opened.token);
          await this.#restore();
        } else {
          const erased = error.code === "conversation_over";
          const met = this.#id !== null && this.lines.size > this.#outbox.items.length;
          this.#over(erased);
          if (met || erased) this.#tell("told", erased ? "erased_elsewhere" : "expired");
          this.#greeted(opened);
        }
        break;
      } catch (refused) {
        if (refused.status === 429) this.#tell("patience", refused.retryAfter);
        else this.#tell("link", "waiting");
        await sleep(Math.max(PAUSES_MS[Math.min(tries, 5)], refused.retryAfter * 1_000));
      }
    }
    this.#go();
  }

  /** Do it; once more with a fresh token when this one is no longer accepted. */
  async #again(act) {
    try {
      return await act();
    } catch (error) {
      if (error.status !== 401 || error.code === "conversation_over") throw error;
      const id = this.#id;
      await this.#renew(error);
      if (this.#id !== id) throw error;
      return act();
    }
  }

  async #post(item) {
    try {
      const content = item.payload ? { payload: item.payload } : { text: item.text };
      return await this.#api.send(content, item.client_id);
    } catch (error) {
      if (error.status === 401) this.#renew(error);
      if (error.status === 429) this.#tell("patience", error.retryAfter);
      throw error;
    }
  }

  #sending(item) {
    if (item.state === "sent") this.#tell("typing", true);
    this.#put(item.client_id, { from: "citizen", ...item });
  }

  #heard(name, data, id) {
    if (name === "typing") this.#tell("typing", data.on === true);
    else if (name === "reply") this.#reply(data);
    else if (name === "notice" && data.kind === "token") this.#api.renew(data.token);
    else if (name === "notice" && data.kind === "erased") this.#leave("erased_elsewhere");
    else if (name === "notice" && data.text) {
      // What staff do, and delays: said by the gateway, in its words.
      this.#put(`r${data.id ?? id ?? newId()}`, { from: "bot", buttons: [], links: [], answer: null, notice: true, ...data });
    }
  }

  #reply(reply) {
    this.#tell("typing", false);
    if (!this.lines.has(`r${reply.id}`)) this.#put(`r${reply.id}`, { at: new Date().toISOString(), ...reply });
  }

  #put(key, line) {
    this.lines.set(key, { ...line, key });
    this.#tell("line", this.lines.get(key));
  }

  #over(erased) {
    this.lines.clear();
    this.#tell("typing", false);
    this.#tell("over", { erased });
  }

  #adopt(id, token) {
    this.#id = id;
    this.#api.token = token;
    kept.set(SESSION, id && { id, token });
  }

  /** Another tab has a newer token, has ended the conversation, or has begun one. */
  #otherTab(session) {
    if (!this.#running || !this.#id) return;
    if (session?.id === this.#id) this.#api.token = session.token;
    else if (!session) this.#leave("ended");
    else {
      this.#outbox.enabled = false;
      this.#stream.stop();
      this.#over(true);
      this.#id = session.id;
      this.#api.token = session.token;
      this.#connect();
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
