// The state of the page: the newest records of each kind and how the page stands with the server. It applies changes;
// it never sees the network, the screen or a clock.
//
// Applying is idempotent: a change that a list already contains, by its sequence or by the record's revision, does
// nothing. So lists and messages may overlap in any way, and the outcome is the same.

import { idOf, placeOf } from './wire.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */
/** @typedef {import('./wire.js').Frame} Frame */
/** @typedef {import('./api.js').ListAnswer} ListAnswer */

/**
 * @typedef {object} Shelf the newest records of one kind
 * @property {SaleRecord[]} records newest first
 * @property {number | null} seq the last change contained; null if unknown
 * @property {boolean} more whether the server holds older ones
 * @property {boolean} loaded
 *
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'offline'} Connection
 * @typedef {'nothing' | 'order' | 'lists'} Need what must be fetched to complete a change
 */

export class Store {
  /** @type {Connection} */
  connection = 'connecting';
  /** The last moment at which the lists were known to be right. @type {Date | null} */
  rightAt = null;
  /** @type {Record<Kind, Shelf>} */
  #shelves = { estimate: emptyShelf(), order: emptyShelf() };
  /** @type {Array<() => void>} */
  #listeners = [];
  #limit;

  /** @param {number} limit records of each kind at most */
  constructor(limit) {
    this.#limit = limit;
  }

  get limit() {
    return this.#limit;
  }

  /** @param {Kind} kind @returns {Readonly<Shelf>} */
  shelf(kind) {
    return this.#shelves[kind];
  }

  /** @param {() => void} listener called after every change */
  subscribe(listener) {
    this.#listeners.push(listener);
  }

  /** @param {Connection} connection @param {Date | null} [rightAt] */
  setConnection(connection, rightAt = this.rightAt) {
    this.connection = connection;
    this.rightAt = rightAt;
    this.#changed();
  }

  /** Takes a list as the server has just told it. @param {Kind} kind @param {ListAnswer} answer */
  replace(kind, { records, seq }) {
    const shelf = this.#shelves[kind];
    shelf.records = records.slice(0, this.#limit);
    shelf.more = records.length >= this.#limit;
    shelf.seq = seq;
    shelf.loaded = true;
    this.#changed();
  }

  /** Takes one change. @param {Frame} frame @returns {Need} */
  apply(frame) {
    const need = this.#take(frame);
    this.#changed();
    return need;
  }

  /** Takes one record that was fetched by itself. @param {Kind} kind @param {SaleRecord} record */
  put(kind, record) {
    this.#put(kind, record);
    this.#changed();
  }

  /** @param {Frame} frame @returns {Need} */
  #take(frame) {
    if (frame.action === 'convert_to_order') return this.#convert(frame);
    if (!advance(this.#shelves[frame.type], frame)) return 'nothing';
    if (frame.action === 'delete') return this.#remove(frame.type, frame.id);
    this.#put(frame.type, withRevision(/** @type {SaleRecord} */ (frame.data), frame));
    return 'nothing';
  }

  /** One message, two lists: the estimate is marked, and its order is new. @param {Frame} frame @returns {Need} */
  #convert(frame) {
    const held = this.#find('estimate', frame.id);
    if (advance(this.#shelves.estimate, frame) && held) this.#put('estimate', converted(held, frame));
    const isNews = advance(this.#shelves.order, frame);
    return isNews && !this.#find('order', frame.order_id ?? '') ? 'order' : 'nothing';
  }

  /** @param {Kind} kind @param {SaleRecord} record */
  #put(kind, record) {
    const shelf = this.#shelves[kind];
    const held = this.#find(kind, idOf(kind, record));
    if (!held) insert(kind, shelf, record);
    else if (isNewer(record, held)) exchange(shelf, held, { ...held, ...record });
    shelf.more ||= shelf.records.length > this.#limit;
    shelf.records = shelf.records.slice(0, this.#limit);
  }

  /**
   * A list that has lost many of its records is filled up again from the server.
   * @param {Kind} kind @param {string} id @returns {Need}
   */
  #remove(kind, id) {
    const shelf = this.#shelves[kind];
    shelf.records = shelf.records.filter((record) => idOf(kind, record) !== id);
    return shelf.more && shelf.records.length < this.#limit / 2 ? 'lists' : 'nothing';
  }

  /** @param {Kind} kind @param {string} id */
  #find(kind, id) {
    return this.#shelves[kind].records.find((record) => idOf(kind, record) === id);
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}

/** @returns {Shelf} */
const emptyShelf = () => ({ records: [], seq: null, more: false, loaded: false });

/** Whether the change is news to this list, which from now on contains it. @param {Shelf} shelf @param {Frame} frame */
function advance(shelf, { seq }) {
  if (seq === undefined) return true;
  if (shelf.seq !== null && seq <= shelf.seq) return false;
  shelf.seq = seq;
  return true;
}

/**
 * Puts a record in its place by number. One that is older than all shown belongs to those not shown.
 * @param {Kind} kind @param {Shelf} shelf @param {SaleRecord} record
 */
function insert(kind, shelf, record) {
  const at = shelf.records.findIndex((one) => placeOf(kind, one) < placeOf(kind, record));
  if (at >= 0) shelf.records = [...shelf.records.slice(0, at), record, ...shelf.records.slice(at)];
  else if (!shelf.more) shelf.records = [...shelf.records, record];
}

/** @param {Shelf} shelf @param {SaleRecord} held @param {SaleRecord} record */
function exchange(shelf, held, record) {
  shelf.records = shelf.records.map((one) => (one === held ? record : one));
}

/** Unknown revisions say nothing; then what came last is right. @param {SaleRecord} record @param {SaleRecord} held */
function isNewer(record, held) {
  return record.rev === undefined || held.rev === undefined || record.rev > held.rev;
}

/** @param {SaleRecord} record @param {Frame} frame @returns {SaleRecord} */
const withRevision = (record, { rev }) => (rev === undefined ? record : { ...record, rev });

/** @param {SaleRecord} estimate @param {Frame} frame @returns {SaleRecord} */
function converted(estimate, frame) {
  return withRevision({
    ...estimate,
    rev: undefined,
    is_converted_to_order: true,
    linked_order_id: frame.order_id ?? null,
    linked_order_number: frame.order_number ?? null,
  }, frame);
}
