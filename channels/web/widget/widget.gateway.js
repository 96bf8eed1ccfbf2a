/* The gateway's public API: requests, and the event stream. */

const TIMEOUT_MS = 20_000;
const UPLOAD_MS = 90_000;
const SILENCE_MS = 45_000; // three of the server's heartbeats
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const HIDDEN_MS = 300_000;

/** A request that was refused (status 4xx), failed there (5xx), or never came back (0). */
export class ApiError extends Error {
  /** texts: what the gateway says about it, by language; retryAfter: seconds. */
  constructor(status, code, texts = {}, retryAfter = 0) {
    super(code);
    Object.assign(this, { status, code, texts, retryAfter });
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return !this.status || this.status >= 500 || this.status === 408;
  }
}

export class Api {
  token = null;
  onToken = () => {};
  #base;

  constructor(base) {
    this.#base = `${base}api/v1/`;
  }

  open(language) {
    return this.#json("POST", "conversations", { language });
  }

  send(content, clientId) {
    return this.#json("POST", "messages", { ...content, client_id: clientId });
  }

  incident() {
    return this.#json("GET", "incident");
  }

  transcript() {
    return this.#json("GET", "conversation");
  }

  async download() {
    return (await this.#request("GET", "conversation?format=text")).blob();
  }

  erase() {
    return this.#request("DELETE", "conversation");
  }

  /** reason: why it was bad, if that is known. */
  rate(replyId, value, reason) {
    return this.#request("POST", "rating", { reply_id: replyId, value, reason });
  }

  /** Gives {media_id, payload}: what to send as the message. */
  upload(photo) {
    const form = new FormData();
    form.append("photo", photo, "photo.jpg");
    return this.#json("POST", "media", form);
  }

  async photo(id) {
    return (await this.#request("GET", `media/${id}`)).blob();
  }

  events(lastEventId, signal) {
    return this.#request("GET", "events", null, lastEventId ? { "Last-Event-ID": lastEventId } : {}, signal);
  }

  renew(token) {
    this.token = token;
    this.onToken(token);
  }

  async #json(method, path, body) {
    const response = await this.#request(method, path, body);
    try {
      return await response.json();
    } catch {
      throw new ApiError(0, "cut_off");
    }
  }

  async #request(method, path, body, headers = {}, signal) {
    const form = body instanceof FormData; // its boundary is the browser's to name
    if (body && !form) headers["Content-Type"] = "application/json";
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const late = new AbortController();
    const stop = () => late.abort();
    const timer = setTimeout(stop, form ? UPLOAD_MS : TIMEOUT_MS);
    signal?.addEventListener("abort", stop);
    let response;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers,
        body: form ? body : body && JSON.stringify(body),
        signal: late.signal,
        credentials: "omit",
        cache: "no-store",
      });
    } catch {
      throw new ApiError(0, "network");
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok) throw await refusal(response);
    const renewed = response.headers.get("X-Token");
    if (renewed) this.renew(renewed);
    return response;
  }
}

async function refusal(response) {
  const { error = {} } = await response.json().catch(() => ({}));
  const seconds = Number.parseInt(response.headers.get("Retry-After"), 10) || 0;
  return new ApiError(response.status, error.code, { vi: error.message_vi, en: error.message_en }, seconds);
}

/** Server-Sent Events over fetch: EventSource can send neither a token nor a header to resume from. */
export class Stream {
  lastEventId = 0;
  #on;
  #running = null;
  #wake = () => {};

  /** on: open(lastEventId, signal), heard(name, data, id), state("open" or "waiting"), refused(error). */
  constructor(on) {
    this.#on = on;
    addEventListener("online", () => this.#wake());
    // What a lost network leaves behind still looks open.
    addEventListener("offline", () => this.#running?.abort());
    // Browsers allow six connections to a server: a forgotten tab gives its own back.
    let hidden;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hidden);
      if (document.hidden) hidden = setTimeout(() => this.#running?.abort(), HIDDEN_MS);
      else this.#wake();
    });
  }

  start() {
    this.stop();
    const run = { stopped: false, abort() { this.controller?.abort(); } };
    this.#running = run;
    this.#loop(run);
  }

  stop() {
    if (!this.#running) return;
    this.#running.stopped = true;
    this.#running.abort();
    this.#running = null;
    this.#wake();
  }

  async #loop(run) {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      run.controller = new AbortController();
      try {
        const response = await this.#on.open(this.lastEventId, run.controller.signal);
        if (run.stopped) return run.abort();
        this.#on.state("open");
        pause = FIRST_PAUSE_MS;
        await this.#read(response, run);
      } catch (error) {
        if (run.stopped) return;
        if (error.status === 401) return this.#on.refused(error);
        if (error.retryAfter) pause = Math.max(pause, error.retryAfter * 1_000);
      }
      run.abort();
      if (run.stopped) return;
      this.#on.state("waiting");
      await this.#rest(document.hidden ? LONGEST_PAUSE_MS * 10 : pause * (0.75 + Math.random() / 2));
      if (run.stopped) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  #rest(milliseconds) {
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, milliseconds);
    });
  }

  async #read(response, run) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let watchdog;
    let rest = "";
    try {
      for (;;) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => run.abort(), SILENCE_MS);
        const { done, value } = await reader.read();
        if (done || run.stopped) return;
        const blocks = (rest + value).split(/\r?\n\r?\n/);
        rest = blocks.pop();
        for (const block of blocks) if (!run.stopped) this.#hand(block);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  #hand(block) {
    const fields = {};
    for (const line of block.split(/\r?\n/)) {
      const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      fields[field] = value;
    }
    const id = Number.parseInt(fields.id, 10) || null;
    // What was handed on before is not handed on again.
    if (!fields.data || (id && id <= this.lastEventId)) return;
    if (id) this.lastEventId = id;
    this.#on.heard(fields.event, JSON.parse(fields.data), id);
  }
}
