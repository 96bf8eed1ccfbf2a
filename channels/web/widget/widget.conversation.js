/* One conversation: begun or taken up again, what is said in it, and how it ends.

   Its events (detail): line (new or changed), last (key of a line that moves to the end), over (what was
   said belongs to an ended conversation; true: erased), typing (boolean), staff (boolean:
   an official answers), link ("connecting", "open", "waiting"), patience (seconds that the gateway asks for),
   told (name of an interface text). */

import { Api, Stream } from "./widget.gateway.js";
import { kept, onOtherTab, Outbox } from "./widget.kept.js";

const SESSION = "session";
const STAFF = { staff_joined: true, handed_back: false };
const LONGEST_PAUSE_MS = 30_000;

export class Conversation extends EventTarget {
  /** The lines by key: citizens' by client_id, replies by "r" and their number. */
  lines = new Map();
  running = false;
  #api;
  #language;
  #photos = new Map();
  #id = null;
  #renewing = null;
  #stream = new Stream({
    open: (last, signal) => this.#api.events(last, signal),
    heard: (name, data, id) => this.#heard(name, data, id),
    state: (state) => {
      this.#tell("link", state);
      if (state === "open") this.#outbox.retry();
    },
    refused: (error) => this.#renew(error),
  });
  #outbox = new Outbox((item) => this.#post(item), (item) => this.#put(item.client_id, { from: "citizen", ...item }));

  constructor(base, language) {
    super();
    this.#language = language;
    this.#api = new Api(base);
    this.#api.onToken = (token) => this.#id && kept.set(SESSION, { id: this.#id, token });
    addEventListener("online", () => this.#outbox.retry());
    onOtherTab(SESSION, (session) => this.#otherTab(session));
  }

  start() {
    if (this.running) return;
    this.running = true;
    const session = kept.get(SESSION);
    this.#id = session?.id ?? null;
    this.#api.token = session?.token ?? null;
    this.#outbox.restore();
    this.#showUnsent();
    this.#connect();
  }

  /** `said` is {text}, or {payload, title} of a button. */
  say(said) {
    this.start();
    this.#outbox.add({ ...this.#stamp(), ...said });
  }

  /** Send a photo: upload it, then say so. It is not kept on this device. */
  show(blob, picture, title) {
    this.start();
    const line = { ...this.#stamp(), from: "citizen", title, picture };
    this.#photos.set(line.client_id, { blob, line });
    this.#upload(line.client_id);
  }

  async #upload(key) {
    const { blob, line } = this.#photos.get(key);
    this.#put(key, { ...line, state: "sending" });
    try {
      const { payload } = await this.#again(() => this.#api.upload(blob));
      this.#photos.delete(key);
      const { client_id, at, title } = line;
      this.#outbox.add({ client_id, at, title, payload });
    } catch (error) {
      if (!this.#photos.has(key)) return; // the conversation is over
      const state = error.passing || error.status === 401 ? "failed" : "refused";
      if (state === "refused") this.#photos.delete(key);
      this.#put(key, { ...line, state, error });
    }
  }

  #stamp() {
    return { client_id: `${Date.now()}-${Math.random()}`, at: new Date().toISOString() };
  }

  retry() {
    for (const key of this.#photos.keys()) if (this.lines.get(key)?.state === "failed") this.#upload(key);
    this.#outbox.retry();
  }

  rate(replyId, value, reason) {
    return this.#again(() => this.#api.rate(replyId, value, reason));
  }

  photo(id) {
    return this.#again(() => this.#api.photo(id));
  }

  /** What staff tell every visitor: {id, text_vi, text_en}; null when that cannot be had. */
  incident() {
    return this.#api.incident().catch(() => null);
  }

  download() {
    return this.#again(() => this.#api.download());
  }

  /** Throws ApiError when the gateway did not erase. */
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
    this.running = false;
    this.#pause();
    this.#outbox.clear();
    this.#adopt(null, null);
    this.#over(true);
    this.#tell("told", told);
  }

  #pause() {
    this.#outbox.enabled = false;
    this.#stream.stop();
  }

  #connect() {
    this.#tell("link", "connecting");
    return this.#persist(() => (this.#api.token ? this.#restore() : this.#begin()));
  }

  /** Do it until it works or the conversation is left, then let messages flow. */
  async #persist(act) {
    for (let tries = 0; ; tries += 1) {
      try {
        await act();
        break;
      } catch (error) {
        if (!this.running) return;
        if (error.status === 401 && !this.#renewing) return this.#renew(error);
        if (error.status === 429) this.#tell("patience", error.retryAfter);
        else this.#tell("link", "waiting");
        const pause = Math.max(Math.min(1_000 * 2 ** tries, LONGEST_PAUSE_MS), error.retryAfter * 1_000 || 0);
        await new Promise((resolve) => {
          setTimeout(resolve, pause);
          addEventListener("online", resolve, { once: true });
        });
      }
    }
    if (!this.running) return;
    this.#outbox.enabled = true;
    this.#stream.start();
    this.#outbox.run();
  }

  async #begin() {
    const opened = await this.#api.open(this.#language());
    if (this.running) this.#greeted(opened);
  }

  #greeted({ conversation_id: id, token, greeting }) {
    this.#adopt(id, token);
    greeting.forEach((reply) => this.#reply(reply));
    this.#stream.lastEventId = Math.max(0, ...greeting.map((reply) => Number(reply.id)));
    this.#showUnsent();
  }

  /** What is not sent yet stands at the end, whatever was read back before. */
  #showUnsent() {
    for (const item of this.#outbox.items) {
      this.#put(item.client_id, { from: "citizen", ...item });
      this.#tell("last", item.client_id);
    }
  }

  async #restore() {
    const found = await this.#api.transcript();
    if (!this.running) return;
    for (const said of found.messages) {
      const mine = said.from === "citizen";
      const key = mine ? said.client_id : `r${said.id}`;
      const unsent = this.#outbox.items.find((item) => item.client_id === key);
      if (unsent) this.#outbox.drop(unsent); // it had arrived; only the acknowledgement was lost
      this.#put(key, { ...said, told: Boolean(said.notice), state: mine && "sent", old: true });
    }
    this.#tell("staff", found.answers === "staff");
    this.#stream.lastEventId = Number(found.last_event_id);
    this.#showUnsent();
  }

  /** After a 401: go on with a fresh token if the gateway allows it, else begin anew. */
  #renew(error) {
    this.#pause();
    this.#renewing ??= this.#persist(() => this.#reopen(error)).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #reopen(error) {
    const opened = await this.#api.open(this.#language());
    if (!this.running) return;
    if (opened.conversation_id === this.#id) {
      this.#adopt(this.#id, opened.token);
      await this.#restore();
      return;
    }
    const erased = error.code === "conversation_over";
    this.#over(erased);
    this.#tell("told", erased ? "erased_elsewhere" : "expired");
    this.#greeted(opened);
  }

  /** Do it; once more with a fresh token when this one is no longer accepted. */
  async #again(act) {
    try {
      return await act();
    } catch (error) {
      const id = this.#id;
      if (error.status === 401 && error.code !== "conversation_over") await this.#renew(error);
      else throw error;
      if (this.#id !== id) throw error;
      return act();
    }
  }

  async #post({ client_id: key, payload, text }) {
    try {
      return await this.#api.send(payload ? { payload } : { text }, key);
    } catch (error) {
      if (error.status === 401) this.#renew(error);
      if (error.status === 429) this.#tell("patience", error.retryAfter);
      throw error;
    }
  }

  #heard(name, data, id) {
    if (name === "typing") this.#tell("typing", data.on);
    else if (name === "reply") this.#reply(data);
    else if (data.kind === "token") this.#api.renew(data.token);
    else if (data.kind === "erased") this.#leave("erased_elsewhere");
    else if (data.kind in STAFF) this.#joined(`r${id}`, data);
    // A delay, or what staff do: said by the gateway, in its words.
    else if (data.text) this.#put(`r${id}`, { ...data, told: true });
  }

  #joined(key, data) {
    this.#tell("typing", false);
    this.#tell("staff", STAFF[data.kind]);
    this.#put(key, { ...data, from: "staff", told: true });
  }

  #reply(reply) {
    this.#tell("typing", false);
    if (!this.lines.has(`r${reply.id}`)) this.#put(`r${reply.id}`, reply);
  }

  #put(key, line) {
    this.lines.set(key, { ...line, key });
    this.#tell("line", this.lines.get(key));
  }

  #over(erased) {
    this.lines.clear();
    this.#tell("staff", false);
    this.#photos.clear();
    this.#tell("typing", false);
    this.#tell("over", erased);
  }

  #adopt(id, token) {
    this.#id = id;
    this.#api.token = token;
    kept.set(SESSION, id && { id, token });
  }

  #otherTab(session) {
    if (!this.running || !this.#id) return;
    if (session?.id === this.#id) this.#api.token = session.token;
    else if (!session) this.#leave("ended");
    else {
      this.#pause();
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
