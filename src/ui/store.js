// The state of the page: the records it knows, the views of them, the shop's settings and figures, and how the page stands
// with the server. It applies changes; it never sees the network, the screen or a clock.
//
// Applying is idempotent: a change that a record already contains, by its revision, does nothing. So lists and messages may
// overlap in any way, and the outcome is the same.

import { Figures } from './figures.js';
import { useShop } from './format.js';
import { ownRecords, withPending } from './pending.js';
import { idOf } from './wire.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */
/** @typedef {import('./wire.js').Change} Change */
/** @typedef {import('./wire.js').Settings} Settings */
/** @typedef {import('./view.js').View} View */

/**
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'offline'} Connection
 * @typedef {{ type: Kind, action: string, id: string, at?: string, by?: string, record: SaleRecord | null,
 *   order_id?: string, order_number?: string }} Event one line of the recent activity
 */

/** Lines of the recent activity. */
const ACTIVITY_MAX = 30;

/** @type {Settings} */
const NO_SETTINGS = {
  shop_name: '', shop_address: '', shop_phone: '', tax_number: '', currency: '', staff_names: [], payment_modes: ['Cash'],
  paper_size: 'A4', footer_line: '', rev: 0,
};

export class Store {
  /** @type {Connection} */
  connection = 'connecting';
  /** The last moment at which everything was known to be right. @type {Date | null} */
  rightAt = null;
  settings = NO_SETTINGS;
  figures = new Figures();
  /** @type {Event[]} */
  activity = [];
  /** Whether this device can keep what is not sent yet. */
  isKeeping = true;
  /** What the server says about itself. @type {string[]} */
  warnings = [];
  /** @type {import('./outbox.js').Entry[]} */
  unsent = [];
  /** What this device had done and the server has lost. @type {import('./outbox.js').Entry[]} */
  lost = [];
  /** Views that are on a screen. @type {Set<View>} */
  views = new Set();
  /** Records that have changed since they were last drawn. @type {Set<string>} */
  fresh = new Set();
  /** Grows with each change of what is known. */
  version = 0;
  /** @type {Record<Kind, Map<string, SaleRecord>>} */
  #records = { estimate: new Map(), order: new Map() };
  /** Records that are gone, so that a late answer does not bring them back. @type {Set<string>} */
  #gone = new Set();
  /** The sequence of each record's last change that came by the stream. @type {Map<string, number>} */
  #told = new Map();
  /** @type {Array<() => void>} */
  #listeners = [];

  /** @param {() => void} listener called after every change */
  subscribe(listener) {
    this.#listeners.push(listener);
  }

  changed() {
    this.version += 1;
    for (const listener of this.#listeners) listener();
  }

  /** The record as this device sees it, with what waits to be sent. @param {Kind} kind @param {string} id */
  find(kind, id) {
    const record = this.#records[kind].get(id);
    return record ? withPending(this.unsent, kind, record) : this.own(kind).find((one) => idOf(kind, one) === id);
  }

  isGone(/** @type {string} */ id) {
    return this.#gone.has(id);
  }

  /** @param {Kind} kind @returns {Map<string, SaleRecord>} */
  known(kind) {
    return this.#records[kind];
  }

  /** Records that only this browser knows yet. @param {Kind} kind */
  own(kind) {
    return ownRecords(this.unsent, kind).map((record) => withPending(this.unsent, kind, record));
  }

  /** What a view shows, without what waits. @param {View} view */
  select(view) {
    return view.select(this.#records[view.kind], this.version);
  }

  /** @param {Connection} connection @param {Date | null} [rightAt] */
  setConnection(connection, rightAt = this.rightAt) {
    this.connection = connection;
    this.rightAt = rightAt;
    this.changed();
  }

  /** @param {Settings} settings */
  setSettings(settings) {
    if (settings.rev < this.settings.rev) return;
    this.settings = { timezone: this.settings.timezone, ...settings };
    useShop(this.settings.currency, this.settings.timezone ?? '');
    this.changed();
  }

  /** Takes records as the server has just told them. @param {Kind} kind @param {SaleRecord[]} records */
  learn(kind, records) {
    for (const record of records) {
      const id = idOf(kind, record);
      if (!this.#gone.has(id) && isNewer(record, this.#records[kind].get(id))) this.#records[kind].set(id, record);
    }
    this.changed();
  }

  /**
   * Takes a view as the server has just told it, instead of what it was.
   * @param {View} view @param {SaleRecord[]} records @param {number} limit @param {number} seq the last change in them
   */
  renew(view, records, limit, seq) {
    const told = new Set(records.map((record) => idOf(view.kind, record)));
    for (const record of this.select(view)) {
      const id = idOf(view.kind, record);
      if (!told.has(id) && (this.#told.get(id) ?? 0) <= seq) this.#records[view.kind].delete(id);
    }
    view.restart();
    view.take(records, limit);
    this.learn(view.kind, records);
  }

  /** The shop's database is another one: nothing that was known is true. */
  forget() {
    for (const records of Object.values(this.#records)) records.clear();
    this.#gone.clear();
    this.#told.clear();
    this.activity = [];
    this.settings = { ...this.settings, rev: 0 };
    for (const view of this.views) view.restart();
    this.changed();
  }

  /** Takes one change. @param {Change} frame @returns {boolean} whether it was complete */
  apply(frame) {
    const { type: kind, id, action } = frame;
    const before = this.#records[kind].get(id);
    const after = this.#after(frame, before);
    const isNews = action === 'delete' ? !this.#gone.has(id) : after !== null && isNewer(after, before);
    if (isNews) this.#take(frame, before, after);
    this.changed();
    return action === 'delete' || after !== null;
  }

  /** @param {Change} frame @param {SaleRecord | undefined} before @returns {SaleRecord | null} */
  #after({ action, data, rev, order_id, order_number }, before) {
    if (action === 'delete') return null;
    if (data) return { ...before, ...data, rev: rev ?? data.rev, pending: undefined };
    const mark = { is_converted_to_order: true, linked_order_id: order_id, linked_order_number: order_number, rev };
    return before ? { ...before, ...mark } : null;
  }

  /** @param {Change} frame @param {SaleRecord | undefined} before @param {SaleRecord | null} after */
  #take(frame, before, after) {
    const { type: kind, action, id, seq } = frame;
    if (after) this.#records[kind].set(id, after);
    else this.#records[kind].delete(id);
    if (action === 'delete') this.#gone.add(id);
    this.#told.set(id, seq ?? Infinity);
    this.fresh.add(id);
    // A record that a command of ours has made is known before its number of the change is.
    const isNew = action === 'create' && !(before?.rev ?? 0);
    this.figures.change({ seq: seq ?? Infinity, kind, before: isNew ? null : before, after });
    if (action === 'create' && kind === 'order' && after?.source_estimate_id) return;
    this.note({ ...frame, record: after ?? before ?? null });
  }

  /** Puts a line on top of the recent activity; one about the same record moves up. @param {Event} event */
  note(event) {
    const others = this.activity.filter((one) => one.id !== event.id);
    this.activity = [event, ...others].slice(0, ACTIVITY_MAX);
  }
}

/** Unknown revisions say nothing; then what came last is right. @param {SaleRecord} record @param {SaleRecord} [held] */
function isNewer(record, held) {
  return held?.rev === undefined || record.rev === undefined || record.rev > held.rev;
}
