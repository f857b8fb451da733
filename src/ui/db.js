// The browser's own database: commands that are not sent yet, and who is sending them. All tabs of a browser share it. Where a
// browser has none (some private windows), everything is kept in this tab's memory, which is then said to be so.

const NAME = 'tillsync';
const VERSION = 1;

/**
 * @typedef {object} Shelf what a transaction can do; everything in one transaction happens together or not at all
 * @property {() => Promise<any[]>} all the commands, in order
 * @property {(value: any) => Promise<number>} put returns the place
 * @property {(place: number) => void} remove
 * @property {(name: string) => Promise<any>} read a single value
 * @property {(name: string, value: any) => void} write
 */

export class Db {
  /** @type {Promise<IDBDatabase | null>} */
  #open = open();
  /** @type {Map<number, any>} */
  #commands = new Map();
  /** @type {Map<string, any>} */
  #values = new Map();
  #lastPlace = 0;

  /** Whether what is kept survives the tab. */
  async isLasting() {
    return (await this.#open) !== null;
  }

  /** @template T @param {(shelf: Shelf) => Promise<T>} work @returns {Promise<T>} after it is stored */
  async change(work) {
    const db = await this.#open;
    if (db === null) return work(this.#memory());
    const transaction = db.transaction(['commands', 'values'], 'readwrite');
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    const result = await work(shelfOf(transaction));
    await done;
    return result;
  }

  /** @returns {Shelf} */
  #memory() {
    return {
      all: async () => [...this.#commands.values()],
      put: async (value) => {
        value.place ??= (this.#lastPlace += 1);
        this.#commands.set(value.place, value);
        return value.place;
      },
      remove: (place) => this.#commands.delete(place),
      read: async (name) => this.#values.get(name),
      write: (name, value) => this.#values.set(name, value),
    };
  }
}

/** @returns {Promise<IDBDatabase | null>} */
function open() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore('commands', { keyPath: 'place', autoIncrement: true });
        request.result.createObjectStore('values');
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

/** @param {IDBTransaction} transaction @returns {Shelf} */
function shelfOf(transaction) {
  const [commands, values] = [transaction.objectStore('commands'), transaction.objectStore('values')];
  return {
    all: () => answer(commands.getAll()),
    put: (value) => answer(commands.put(value)),
    remove: (place) => commands.delete(place),
    read: (name) => answer(values.get(name)),
    write: (name, value) => values.put(value, name),
  };
}

/** @param {IDBRequest} request @returns {Promise<any>} */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
