/* Server-Sent Events over fetch: EventSource can send neither a token nor a header to resume from. */

const SILENCE_MS = 45_000; // three of the server's heartbeats
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const HIDDEN_MS = 5 * 60_000; // browsers allow six connections to a server: a forgotten tab gives its own back

export class Stream {
  /** Number of the last event that was handed on; where to resume. */
  lastEventId = 0;
  #open;
  #heard;
  #state;
  #refused;
  #running = null;
  #wake = () => {};

  /** open(lastEventId, signal) gives a response; heard(name, data, id); state("open"|"waiting"); refused(error). */
  constructor({ open, heard, state, refused }) {
    this.#open = open;
    this.#heard = heard;
    this.#state = state;
    this.#refused = refused;
    const now = () => this.#wake();
    addEventListener("online", now);
    let hidden;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hidden);
      if (document.hidden) hidden = setTimeout(() => this.#running?.pause(), HIDDEN_MS);
      else now();
    });
    // What a suspended phone or a lost network leaves behind still looks open.
    addEventListener("offline", () => this.#running?.abort());
  }

  start() {
    this.stop();
    const run = { stopped: false, paused: false, controller: null };
    run.abort = () => run.controller?.abort();
    run.pause = () => {
      run.paused = true;
      run.abort();
    };
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
    while (!run.stopped) {
      run.controller = new AbortController();
      try {
        const response = await this.#open(this.lastEventId, run.controller.signal);
        if (run.stopped) break;
        this.#state("open");
        pause = FIRST_PAUSE_MS;
        await this.#read(response, run);
      } catch (error) {
        if (run.stopped) break;
        if (error.status >= 400 && error.status < 500 && error.status !== 429) {
          this.#refused(error);
          break;
        }
        if (error.retryAfter) pause = Math.max(pause, error.retryAfter * 1_000);
      }
      run.abort();
      if (run.stopped) break;
      this.#state("waiting");
      await this.#rest(run.paused ? null : pause * (0.75 + Math.random() / 2));
      run.paused = false;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Wait; a network that comes back or a page that is looked at again ends the wait. */
  #rest(milliseconds) {
    return new Promise((resolve) => {
      const timer = milliseconds === null ? null : setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }

  async #read(response, run) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let watchdog;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => run.abort(), SILENCE_MS);
    };
    let rest = "";
    alive();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || run.stopped) return;
        alive();
        const blocks = (rest + value).split(/\r?\n\r?\n/);
        rest = blocks.pop();
        for (const block of blocks) if (!run.stopped) this.#hand(block);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  #hand(block) {
    let name = "message";
    let id = null;
    const data = [];
    for (const line of block.split(/\r?\n/)) {
      const [, field, value] = /^(\w*):? ?(.*)$/su.exec(line) ?? [];
      if (field === "event") name = value;
      else if (field === "id") id = Number.parseInt(value, 10);
      else if (field === "data") data.push(value);
    }
    if (!data.length) return;
    // What was handed on before is not handed on again.
    if (id !== null && id <= this.lastEventId) return;
    let content;
    try {
      content = JSON.parse(data.join("\n"));
    } catch {
      return;
    }
    if (id !== null) this.lastEventId = id;
    this.#heard(name, content, id);
  }
}
