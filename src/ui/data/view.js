// One way to look at the records of a kind: all, or those that are found. The server says what is in it page by page
// (keyset pagination); from the oldest record that it has told upwards, everything that matches is known, so changes
// are sorted in right here, each at its place. It holds ids, not records, and never more than the screen and its
// person have asked for: a list that grows at its top lets go of its end, which is told again when somebody scrolls
// there.

import { fold } from '../kit/fold.js';
import { idOf, numberOf, placeOf } from './records.js';
import { Needle } from './search.js';

/** @typedef {import('./records.js').Kind} Kind */
/** @typedef {import('./records.js').SaleRecord} SaleRecord */

/** Rows of a list that grows while its top is on the screen. */
export const ROWS_MAX = 150;
/** So many are left when it has grown beyond. */
const ROWS_KEPT = 100;
/** New rows that wait above a list that is scrolled; after more, it begins anew when somebody goes to its top. */
export const NEWS_MAX = 200;

export class View {
  /** @type {'new' | 'loading' | 'ready' | 'failed'} */
  state = 'new';
  /** Nothing older is to be had. */
  isWhole = false;
  /** The oldest record told, by which the next page is asked. */
  oldest = '';
  /** More new records than can wait above the list have come; it does not know them. */
  isCut = false;
  /** The place of the newest row on the screen; what is newer waits above. Infinity while the top is on the screen. */
  top = Infinity;
  /** Grows when it is told anew or lets go of its end; a page that was asked before does not fit any more. */
  turn = 0;
  /** Grows with each change of what it shows. */
  version = 0;
  #floor = Infinity;
  #ceiling = Infinity;
  /** What is in it, newest first. @type {Array<{ id: string, place: number }>} */
  #order = [];
  /** @type {Map<string, number>} */
  #places = new Map();
  /**
   * Revisions of what the server has found: until they change, it knows best.
   * @type {Map<string, number | undefined>}
   */
  #found = new Map();
  #needle;

  /**
   * @param {Kind} kind
   * @param {string} [q]
   * @param {string} [status]
   */
  constructor(kind, q = '', status = '') {
    this.kind = kind;
    this.q = q;
    this.status = status;
    this.#needle = new Needle(q);
  }

  get size() {
    return this.#order.length;
  }

  /** Newest first. */
  get ids() {
    return this.#order.map(({ id }) => id);
  }

  /** @param {string} id */
  has(id) {
    return this.#places.has(id);
  }

  /** Whether a place is among those that the server has told of. @param {number} place */
  covers(place) {
    return place >= this.#floor && place <= this.#ceiling;
  }

  /**
   * Takes a page.
   * @param {SaleRecord[]} records
   * @param {number} limit
   * @returns {string[]} ids that it lets go
   */
  take(records, limit) {
    for (const record of records) {
      const id = idOf(this.kind, record);
      this.#found.set(id, record.rev);
      this.#insert(id, placeOf(this.kind, record));
    }
    const last = records.at(-1);
    if (last) {
      this.oldest = idOf(this.kind, last);
      this.#floor = placeOf(this.kind, last);
    }
    this.isWhole = records.length < limit;
    if (this.isWhole) this.#floor = 0;
    this.state = 'ready';
    this.version += 1;
    return this.#letGo(this.#order.filter(({ place }) => place < this.#floor));
  }

  /** Without an answer, what this page knows by itself must do. */
  fail() {
    this.state = 'failed';
    if (this.oldest === '') this.#floor = 0;
    this.version += 1;
  }

  /** Forgets what it was told. @returns {string[]} ids that it lets go */
  restart() {
    this.state = 'new';
    this.isWhole = false;
    this.isCut = false;
    this.oldest = '';
    this.turn += 1;
    this.#floor = Infinity;
    this.#ceiling = Infinity;
    return this.#letGo(this.#order);
  }

  /**
   * Takes a record as it is now; null if it is gone.
   * @param {string} id
   * @param {SaleRecord | null} record
   * @returns {string[]} ids that it lets go
   */
  update(id, record) {
    const place = record ? placeOf(this.kind, record) : -1;
    if (!record || !this.covers(place) || !this.#matches(record)) return this.#remove(id);
    this.version += 1;
    return this.#insert(id, place) === 0 ? this.#bound() : [];
  }

  /** It has grown at its top. @returns {string[]} ids that it lets go */
  #bound() {
    if (this.top === Infinity) return this.size > ROWS_MAX ? this.#letGoOfEnd() : [];
    const above = this.#newerThan(this.top);
    if (above <= NEWS_MAX) return [];
    this.isCut = true;
    this.#ceiling = this.top;
    return this.#letGo(this.#order.slice(0, above));
  }

  #letGoOfEnd() {
    const last = this.#order[ROWS_KEPT - 1];
    this.oldest = last.id;
    this.#floor = last.place;
    this.isWhole = false;
    // A page that is on its way goes on from an end that is not there any more.
    this.turn += 1;
    if (this.state === 'loading') this.state = 'ready';
    return this.#letGo(this.#order.slice(ROWS_KEPT));
  }

  /** @param {Array<{ id: string, place: number }>} entries */
  #letGo(entries) {
    if (entries.length === 0) return [];
    for (const { id } of entries) {
      this.#places.delete(id);
      this.#found.delete(id);
    }
    this.#order = this.#order.filter(({ id }) => this.#places.has(id));
    this.version += 1;
    return entries.map(({ id }) => id);
  }

  /** @param {string} id @returns {string[]} it, if it was there */
  #remove(id) {
    const place = this.#places.get(id);
    if (place === undefined) return [];
    this.#places.delete(id);
    this.#found.delete(id);
    this.#order.splice(this.#newerThan(place), 1);
    this.version += 1;
    return [id];
  }

  /**
   * @param {string} id
   * @param {number} place
   * @returns {number} how many are newer; -1 if it was there
   */
  #insert(id, place) {
    if (this.has(id)) return -1;
    const index = this.#newerThan(place);
    this.#order.splice(index, 0, { id, place });
    this.#places.set(id, place);
    return index;
  }

  /** How many are newer. Places of a kind are all different. @param {number} place */
  #newerThan(place) {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle].place > place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {SaleRecord} record */
  #matches(record) {
    const id = idOf(this.kind, record);
    if (this.#found.has(id) && this.#found.get(id) === record.rev) return true;
    return this.#hasStatus(record) && this.finds(record);
  }

  /** @param {SaleRecord} record */
  #hasStatus(record) {
    if (this.status === '') return true;
    return fold(statusOf(this.kind, record)) === fold(this.status);
  }

  /** Whether the search finds it, by the rules of the server. @param {SaleRecord} record */
  finds(record) {
    return this.#needle.finds(
      record.customer_name,
      record.customer_phone,
      numberOf(this.kind, record),
      placeOf(this.kind, record),
    );
  }
}

/** The word by which a list asks for it. @param {Kind} kind @param {SaleRecord} record */
function statusOf(kind, record) {
  if (kind === 'order') return record.status ?? '';
  return record.is_converted_to_order ? 'converted' : 'open';
}
