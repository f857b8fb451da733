// What became of this device's commands when the server was put back to an older copy of its records. A record is
// known by the hashes of keys and the times in its history, never by its number: that may be another record's by now.
// It changes nothing.

import * as api from './api.js';
import { localId } from './outbox.js';
import { originOf } from './sha256.js';
import { words } from './words.js';

/** @typedef {import('./outbox.js').Entry} Entry */

/** So long the server knows a command by its key; one that is older might be carried out twice. */
const KNOWN_MS = 7 * 86_400_000;

/** A status for what can only be discarded: what it was about is gone. */
export const GONE = 410;

export class Recovery {
  /** @type {Map<string, Promise<any[]>>} */
  #histories = new Map();
  /** The hash of each key that was looked for. @type {Map<string, string>} */
  #origins = new Map();

  /**
   * Of commands that were carried out, those that the server does not know.
   * @param {Entry[]} sent
   * @returns {Promise<Entry[]>}
   */
  async findLost(sent) {
    const lost = [];
    for (const entry of sent)
      if (Date.now() - Date.parse(entry.at) < KNOWN_MS && (await this.#isLost(entry))) lost.push(entry);
    return lost;
  }

  /**
   * A command as it can be given from now on: what it is about may be entered again itself, or be gone.
   * @param {Entry} entry
   * @param {Entry[]} lost
   * @param {Entry[]} sent
   * @returns {Promise<Entry>}
   */
  async rebase(entry, lost, sent) {
    const { id, path, record } = entry;
    if (!id || id.startsWith('local:')) return entry;
    const first = (await this.#steps(entry, id)).at(-1);
    if (first && (first.at === record?.created_at || sent.some(({ key }) => this.#originOf(key) === first.origin)))
      return entry;
    const maker = lost.find(({ made }) => made === id);
    if (!maker) return { ...entry, state: 'parked', status: GONE, reason: words.lost.gone };
    return { ...entry, id: localId(maker.key), path: path.replace(id, localId(maker.key)), rev: undefined };
  }

  /** @param {Entry} entry */
  async #isLost(entry) {
    const { id = '', what, key, made } = entry;
    const isMade = what === 'create' || what === 'duplicate';
    return !(await this.#steps(entry, (isMade ? made : id) ?? '')).some(
      ({ origin }) => origin === this.#originOf(key),
    );
  }

  /** @param {string} key */
  #originOf(key) {
    const known = this.#origins.get(key) ?? originOf(key);
    this.#origins.set(key, known);
    return known;
  }

  /**
   * The history of a record, the newest step first; none if there is no such record, or none that can be read.
   * @param {Entry} entry
   * @param {string} id
   */
  #steps({ kind = 'order' }, id) {
    const read = () =>
      api.history(kind, id).then(
        ({ body }) => body,
        (error) => {
          if (error.status !== 404 && error.status !== 500) throw error;
          return [];
        },
      );
    if (!this.#histories.has(id)) this.#histories.set(id, read());
    return /** @type {Promise<any[]>} */ (this.#histories.get(id));
  }
}
