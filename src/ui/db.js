// The browser's own database: commands that are not sent yet, who is sending them, and the latest that were carried out. All
// tabs of a browser share it.

const NAME = 'tillsync';
const VERSION = 1;
/** Commands that were carried out and are kept. */
const SENT_MAX = 500;
const SENT = IDBKeyRange.bound(['sent'], ['sent', []]);

/**
 * @typedef {object} Shelf what a transaction can do; everything in one transaction happens together or not at all
 * @property {() => Promise<any[]>} all the commands, in order
 * @property {(value: any) => Promise<number>} put returns the place
 * @property {(place: number) => void} remove
 * @property {() => Promise<any[]>} sent the commands that were carried out, in order
 * @property {(value: any) => Promise<void>} keep one of these
 * @property {(place: number) => void} drop one of these
 * @property {(name: string) => Promise<any>} read a single value
 * @property {(name: string, value: any) => void} write
 */

export class Db {
  #open = open();

  /** @template T @param {(shelf: Shelf) => Promise<T>} work @returns {Promise<T>} after it is stored */
  async change(work) {
    const transaction = (await this.#open).transaction(['commands', 'values'], 'readwrite');
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    const result = await work(shelfOf(transaction));
    await done;
    return result;
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('commands', { keyPath: 'place', autoIncrement: true });
    request.result.createObjectStore('values');
  };
  return answer(request);
}

/** @param {IDBTransaction} transaction @returns {Shelf} */
function shelfOf(transaction) {
  const [commands, values] = [transaction.objectStore('commands'), transaction.objectStore('values')];
  return {
    all: () => answer(commands.getAll()),
    put: (value) => answer(commands.put(value)),
    remove: (place) => commands.delete(place),
    sent: () => answer(values.getAll(SENT)),
    keep: async (value) => {
      values.put(value, ['sent', value.place]);
      for (const key of (await answer(values.getAllKeys(SENT))).slice(0, -SENT_MAX)) values.delete(key);
    },
    drop: (place) => values.delete(['sent', place]),
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
