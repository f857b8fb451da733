// One way to look at the records of a kind: all, or those that are found. The server says what is in it page by page; from
// the oldest record that it has told upwards, everything that matches is known, so changes are sorted in right here.

import { Needle, fold } from './fold.js';
import { idOf, numberOf, placeOf } from './wire.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

export class View {
  /** @type {'new' | 'loading' | 'ready' | 'failed'} */
  state = 'new';
  /** Nothing older is to be had. */
  isWhole = false;
  /** The oldest record told, by which the next page is asked. */
  oldest = '';
  #floor = Infinity;
  /** Revisions of what the server has found: until they change, it knows best. @type {Map<string, number | undefined>} */
  #found = new Map();
  #needle;
  /** @type {SaleRecord[]} */
  #selected = [];
  #version = -1;

  /** @param {Kind} kind @param {string} [q] @param {string} [status] */
  constructor(kind, q = '', status = '') {
    this.kind = kind;
    this.q = q;
    this.status = status;
    this.#needle = new Needle(q);
  }

  /** Takes a page. @param {SaleRecord[]} records @param {number} limit */
  take(records, limit) {
    for (const record of records) this.#found.set(idOf(this.kind, record), record.rev);
    const last = records.at(-1);
    if (last) {
      this.oldest = idOf(this.kind, last);
      this.#floor = placeOf(this.kind, last);
    }
    this.isWhole = records.length < limit;
    if (this.isWhole) this.#floor = 0;
    this.state = 'ready';
    this.#version = -1;
  }

  /** Without an answer, what this page knows by itself must do. */
  fail() {
    this.state = 'failed';
    if (this.oldest === '') this.#floor = 0;
    this.#version = -1;
  }

  /** Forgets what it was told. */
  restart() {
    this.state = 'new';
    this.isWhole = false;
    this.oldest = '';
    this.#floor = Infinity;
    this.#found.clear();
    this.#version = -1;
  }

  /** What is in it, newest first. @param {Map<string, SaleRecord>} records @param {number} version of them */
  select(records, version) {
    if (version === this.#version) return this.#selected;
    /** @type {Array<[number, SaleRecord]>} */
    const placed = [];
    for (const record of records.values()) {
      const place = placeOf(this.kind, record);
      if (place >= this.#floor && this.#matches(record)) placed.push([place, record]);
    }
    this.#selected = placed.sort((one, other) => other[0] - one[0]).map(([, record]) => record);
    this.#version = version;
    return this.#selected;
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
    const own = this.kind === 'order' ? record.status : record.is_converted_to_order ? 'converted' : 'open';
    return fold(own ?? '') === fold(this.status);
  }

  /** Whether the search finds it, by the rules of the server. @param {SaleRecord} record */
  finds(record) {
    return this.#needle.finds(record.customer_name, record.customer_phone, numberOf(this.kind, record), placeOf(this.kind, record));
  }
}
