/* The gateway's public API over HTTP. */

const TIMEOUT_MS = 20_000;

/** A request that was refused (status 4xx), failed there (5xx), or never came back (0). */
export class ApiError extends Error {
  constructor(status, code, { texts = {}, retryAfter = 0 } = {}) {
    super(code);
    this.status = status;
    this.code = code;
    /** What the gateway says about it, by language. */
    this.texts = texts;
    /** Seconds. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status >= 500 || this.status === 408;
  }
}

export class Api {
  #base;
  token = null;
  onToken = () => {};

  /** `base` is the gateway's address with a slash at its end. */
  constructor(base) {
    this.#base = `${base}api/v1/`;
  }

  /** Begin a conversation, or go on with the one of the present token. */
  open(language) {
    return this.#json("POST", "conversations", { language });
  }

  /** Store a message; `content` is {text} or {payload}. */
  send(content, clientId) {
    return this.#json("POST", "messages", { ...content, client_id: clientId });
  }

  transcript() {
    return this.#json("GET", "conversation");
  }

  /** The transcript as a text file: {name, blob}. */
  async download() {
    const response = await this.#request("GET", "conversation?format=text");
    const name = /filename="([\w.-]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
    return { name: name ?? "troly.txt", blob: await response.blob() };
  }

  async erase() {
    await this.#request("DELETE", "conversation");
  }

  /** `value` is "up" or "down". */
  async rate(replyId, value) {
    await this.#request("POST", "rating", { body: { reply_id: replyId, value } });
  }

  /** The open event stream; it ends only by `signal`, by the server, or with the connection. */
  events(lastEventId, signal) {
    const headers = { Accept: "text/event-stream" };
    if (lastEventId) headers["Last-Event-ID"] = String(lastEventId);
    return this.#request("GET", "events", { headers, signal });
  }

  async #json(method, path, body) {
    const response = await this.#request(method, path, { body });
    try {
      return await response.json();
    } catch {
      throw new ApiError(0, "cut_off");
    }
  }

  async #request(method, path, { body, headers = {}, signal } = {}) {
    const all = { ...headers };
    if (body) all["Content-Type"] = "application/json";
    if (this.token) all.Authorization = `Bearer ${this.token}`;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
    const stop = () => late.abort();
    signal?.addEventListener("abort", stop);
    let response;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers: all,
        body: body && JSON.stringify(body),
        signal: late.signal,
        credentials: "omit",
        cache: "no-store",
      });
    } catch {
      throw new ApiError(0, "network");
    } finally {
      clearTimeout(timer);
      // A stream goes on after its headers; only then may its signal still end it.
      if (!response?.ok) signal?.removeEventListener("abort", stop);
    }
    if (!response.ok) throw await refusal(response);
    const renewed = response.headers.get("X-Token");
    if (renewed) this.renew(renewed);
    return response;
  }

  /** From now on speak with this token. */
  renew(token) {
    this.token = token;
    this.onToken(token);
  }
}

async function refusal(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    /* a proxy's page */
  }
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError(response.status, error.code ?? `status_${response.status}`, {
    texts: { vi: error.message_vi, en: error.message_en },
    retryAfter: Number.isFinite(seconds) ? seconds : 0,
  });
}
