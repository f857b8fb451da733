// The browser's own database (IndexedDB): commands that are not sent yet, who is sending them, and the latest that
// were carried out. All tabs of a browser share it. It may be missing (private windows, a policy), be taken away
// (eviction, a tablet that slept), refuse (quota), hang, or belong to a newer page; whatever it is, one attempt is
// made to open it anew, and then `NotStored` says that nothing was stored.

const NAME = 'tillsync';
const VERSION = 1;
/** Commands that were carried out and are kept. */
const SENT_MAX = 500;
/** A database that does not open counts as missing; an older page in another tab may be holding it. */
const OPEN_WAIT_MS = 3_000;
/** A transaction that does not end counts as failed. */
const CHANGE_WAIT_MS = 10_000;
/** After a failure nobody waits for the database again so soon. */
const REST_MS = 20_000;

/** The browser's database cannot be used: nothing was stored. */
export class NotStored extends Error {}

/** It does not answer; to ask once more would only take as long again. */
class TooLate extends NotStored {}

/**
 * @typedef {object} Transaction what can be done in one; all of it happens together or not at all
 * @property {() => Promise<any[]>} commands that are not sent yet, in order
 * @property {(value: any) => Promise<number>} put returns the place
 * @property {(place: number) => void} remove
 * @property {() => Promise<any[]>} sent the commands that were carried out, in order
 * @property {(value: any) => Promise<void>} putSent
 * @property {(place: number) => void} removeSent
 * @property {(name: string) => Promise<any>} read a single value
 * @property {(name: string, value: any) => void} write
 */

export class Database {
  /** @type {Promise<IDBDatabase> | null} */
  #opening = null;
  #failedAt = -Infinity;

  /**
   * Carries out `work` in one transaction, in a second one if the first did not take place; so it may be called twice.
   * @template T
   * @param {(transaction: Transaction) => Promise<T>} work
   * @returns {Promise<T>} after it is stored
   */
  async change(work) {
    if (performance.now() - this.#failedAt < REST_MS) throw new NotStored('It has just failed');
    try {
      return await this.#attempt(work).catch((fault) => {
        if (!(fault instanceof NotStored) || fault instanceof TooLate) throw fault;
        this.#opening = null;
        return this.#attempt(work);
      });
    } catch (fault) {
      if (fault instanceof NotStored) this.#failedAt = performance.now();
      throw fault;
    }
  }

  /**
   * @template T
   * @param {(transaction: Transaction) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #attempt(work) {
    this.#opening ??= this.#open();
    const opening = this.#opening;
    const database = await within(OPEN_WAIT_MS, opening).catch((fault) => {
      // Some browsers never answer; the next attempt asks anew.
      if (this.#opening === opening) this.#opening = null;
      opening.then((late) => late.close()).catch(() => {});
      throw fault instanceof NotStored ? fault : new NotStored(String(fault));
    });
    const transaction = begin(database);
    const end = ended(transaction);
    const carryOut = async () => {
      const result = await work(operationsOn(transaction));
      await end;
      return result;
    };
    try {
      return await within(CHANGE_WAIT_MS, carryOut());
    } catch (fault) {
      // What is half done must not be stored, whether the database has failed or the work.
      abort(transaction);
      throw fault instanceof DOMException ? new NotStored(fault.message) : fault;
    }
  }

  async #open() {
    const database = await open();
    database.onclose = () => {
      this.#opening = null;
    };
    // A page that wants to change or delete it, such as a newer one, is not kept waiting.
    database.onversionchange = () => {
      database.close();
      this.#opening = null;
    };
    return database;
  }
}

/** @returns {Promise<IDBDatabase>} */
async function open() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('commands', { keyPath: 'place', autoIncrement: true });
    request.result.createObjectStore('values');
  };
  return answer(request);
}

/** @param {IDBDatabase} database */
function begin(database) {
  try {
    return database.transaction(['commands', 'values'], 'readwrite');
  } catch (fault) {
    throw new NotStored(String(fault));
  }
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function ended(transaction) {
  /** @type {Promise<void>} */
  const end = new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(new NotStored(transaction.error?.message));
  });
  // Where the work has failed, nobody waits for its end.
  end.catch(() => {});
  return end;
}

/** @param {IDBTransaction} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

/**
 * @template T
 * @param {number} limit in ms
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function within(limit, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TooLate('It does not answer')), limit);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** @param {IDBTransaction} transaction @returns {Transaction} */
function operationsOn(transaction) {
  const [commands, values] = [transaction.objectStore('commands'), transaction.objectStore('values')];
  const sent = IDBKeyRange.bound(['sent'], ['sent', []]);
  return {
    commands: () => answer(commands.getAll()),
    put: (value) => answer(commands.put(value)),
    remove: (place) => commands.delete(place),
    sent: () => answer(values.getAll(sent)),
    putSent: async (value) => {
      values.put(value, ['sent', value.place]);
      const keys = await answer(values.getAllKeys(sent));
      for (const key of keys.slice(0, -SENT_MAX)) values.delete(key);
    },
    removeSent: (place) => values.delete(['sent', place]),
    read: (name) => answer(values.get(name)),
    write: (name, value) => values.put(value, name),
  };
}

/** @param {IDBRequest} request @returns {Promise<any>} */
function answer(request) {
  const promise = new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  // Of a request that nobody waits for, the end of its transaction says the same.
  promise.catch(() => {});
  return promise;
}
