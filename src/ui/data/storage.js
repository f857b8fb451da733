// What the browser keeps for this page: localStorage, sessionStorage, and the channel between tabs. Any of them may
// be missing, forbidden (blocked cookies, a policy), full, or hold what another program or an older page has left
// there. No access ever throws; what cannot be stored is remembered until the page is closed. Every other module
// comes through here or `net/database.js`.

/** The names of what this page keeps, so that what belongs to others is left alone. */
export class Kept {
  /** What the browser did not take; null for what it did not remove. @type {Map<string, string | null>} */
  #unstored = new Map();
  #area;

  /** @param {() => Storage} area asked each time: even naming it may throw */
  constructor(area) {
    this.#area = area;
  }

  /** @param {string} name @returns {string | null} */
  read(name) {
    if (this.#unstored.has(name)) return this.#unstored.get(name) ?? null;
    try {
      return this.#area().getItem(name);
    } catch {
      return null;
    }
  }

  /** @param {string} name @param {string | null} text null for nothing */
  write(name, text) {
    try {
      if (text === null) this.#area().removeItem(name);
      else this.#area().setItem(name, text);
      this.#unstored.delete(name);
    } catch {
      this.#unstored.set(name, text);
    }
  }

  /** The names that begin so. @param {string} start @returns {string[]} */
  names(start) {
    const unstored = [...this.#unstored].filter(([, text]) => text !== null).map(([name]) => name);
    const names = [...new Set([...this.#stored(), ...unstored])];
    return names.filter((name) => name.startsWith(start) && this.read(name) !== null);
  }

  #stored() {
    try {
      return Object.keys(this.#area());
    } catch {
      return [];
    }
  }

  /**
   * What was stored as JSON, an object; anything else counts as nothing.
   * @param {string} name
   * @returns {Record<string, any> | null}
   */
  readObject(name) {
    return parseObject(this.read(name));
  }

  /** @param {string} name @param {any} value */
  writeObject(name, value) {
    this.write(name, JSON.stringify(value));
  }
}

/** Kept until somebody deletes it. */
export const local = new Kept(() => localStorage);

/** Kept as long as the tab is there. */
export const session = new Kept(() => sessionStorage);

/** @param {unknown} text @returns {Record<string, any> | null} */
export function parseObject(text) {
  if (typeof text !== 'string') return null;
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Keeps a collection small: the first that came goes.
 * @param {Set<any> | Map<any, any>} all in the order in which they came
 * @param {number} most
 */
export function forgetFirst(all, most) {
  if (all.size > most) all.delete(all.keys().next().value);
}

/** To the other tabs of this browser, and from them. Where there is none, each tab is alone. */
export class Channel {
  /** @type {BroadcastChannel | null} */
  #channel = null;

  /**
   * @param {string} name
   * @param {(message: Record<string, any>) => void} onMessage another version's page may have sent it
   */
  constructor(name, onMessage) {
    try {
      this.#channel = new BroadcastChannel(name);
      this.#channel.onmessage = ({ data }) => isObject(data) && onMessage(data);
    } catch {
      // It is not there, or not allowed.
    }
  }

  /** @param {Record<string, any>} message */
  tell(message) {
    try {
      this.#channel?.postMessage(message);
    } catch {
      // The other tabs look into the database themselves before they send.
    }
  }
}
