/* What the browser keeps: in its storage, or for this page only where storage is blocked. */

const PREFIX = "troly:";

function usable(name) {
  try {
    const area = globalThis[name];
    area.setItem(`${PREFIX}?`, "1");
    area.removeItem(`${PREFIX}?`);
    return area;
  } catch {
    return null;
  }
}

class Shelf {
  #area;
  #memory = new Map();

  constructor(name) {
    this.#area = usable(name);
  }

  /** The stored value, or null. */
  get(key) {
    if (!this.#area) return this.#memory.get(key) ?? null;
    try {
      return JSON.parse(this.#area.getItem(PREFIX + key));
    } catch {
      return null;
    }
  }

  /** Store a value; null or an empty list removes it. */
  set(key, value) {
    const gone = value === null || (Array.isArray(value) && !value.length);
    if (!this.#area) {
      if (gone) this.#memory.delete(key);
      else this.#memory.set(key, value);
      return;
    }
    try {
      if (gone) this.#area.removeItem(PREFIX + key);
      else this.#area.setItem(PREFIX + key, JSON.stringify(value));
    } catch {
      /* full: the conversation goes on, only a reload would forget */
    }
  }
}

/** Kept until removed: the token, unsent messages, preferences. */
export const kept = new Shelf("localStorage");
/** Kept while the tab lives: whether the panel is open. */
export const tab = new Shelf("sessionStorage");

/** Call `listener(key, value)` when another tab changes what is kept. */
export function onOtherTab(listener) {
  const heard = (event) => {
    if (event.key === null) listener(null, null);
    else if (event.key.startsWith(PREFIX)) {
      const key = event.key.slice(PREFIX.length);
      listener(key, kept.get(key));
    }
  };
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}
