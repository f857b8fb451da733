// The state of the page: the records it knows, the views of them, the shop's settings and figures, and how the page
// stands with the server. It applies changes; it never sees the network, the screen or a clock.
//
// Applying is idempotent: a change that a record already contains, by its revision, does nothing. So lists and
// messages may overlap in any way, and the outcome is the same.
//
// A page may stay open for months, so it remembers what the screens show and the latest besides, and forgets the
// rest; and what one change costs does not depend on how much is known.

import { useShop } from '../kit/format.js';
import { Figures } from './figures.js';
import { ownRecords, withPending } from './optimistic.js';
import { OPEN, viewOf } from './people.js';
import { Presence } from './presence.js';
import { idOf, placeOf } from './records.js';

/** @typedef {import('./records.js').Kind} Kind */
/** @typedef {import('./records.js').SaleRecord} SaleRecord */
/** @typedef {import('./records.js').Change} Change */
/** @typedef {import('./settings.js').Settings} Settings */
/** @typedef {import('./view.js').View} View */

/**
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'offline'} Connection
 * @typedef {{ type: Kind, action: string, id: string, seq?: number, at?: string, by?: string, record: SaleRecord |
 *   null, order_id?: string, order_number?: string }} Activity one line of the recent activity
 */

/** Lines of the recent activity. */
const ACTIVITY_MAX = 30;
/** Records that no screen shows: the latest that were told. */
const LOOSE_MAX = 500;
/** Records whose last change, or end, is remembered, so that an answer that comes late does not undo it. */
const TOLD_MAX = 2_000;
/** Changed records that light up when they are drawn. */
const FRESH_MAX = 500;

/** @type {Settings} */
const NO_SETTINGS = {
  shop_name: '',
  shop_address: '',
  shop_phone: '',
  tax_number: '',
  currency: '',
  staff_names: [],
  payment_modes: ['Cash'],
  cash_modes: ['Cash'],
  paper_size: 'A4',
  footer_line: '',
  rev: 0,
};

export class Store {
  /** @type {Connection} */
  connection = 'connecting';
  /** The last moment at which everything was known to be right. @type {Date | null} */
  rightAt = null;
  settings = NO_SETTINGS;
  /** Who is at the till. */
  me = OPEN;
  figures = new Figures();
  /** Who else is at which record. */
  presence = new Presence(() => this.changed());
  /** @type {Activity[]} */
  activity = [];
  /** Whether this device can keep what is not sent yet. */
  isKeeping = true;
  /** What the server says about itself. @type {string[]} */
  warnings = [];
  /** What this person may see of the commands that are not sent yet. @type {import('./commands.js').Entry[]} */
  unsent = [];
  /** How many there are, whoever gave them. */
  unsentCount = 0;
  /** What this device had done and the server has lost. @type {import('./commands.js').Entry[]} */
  lost = [];
  /** Views that are on a screen; see `watch`. @type {Set<View>} */
  views = new Set();
  /** The id of the record that a screen shows by itself. */
  shown = '';
  /** Records that have changed since they were last drawn. @type {Set<string>} */
  fresh = new Set();
  /** Grows with each change of what is known. */
  version = 0;
  /** @type {Record<Kind, Map<string, SaleRecord>>} */
  #records = { estimate: new Map(), order: new Map() };
  /** Records that no view holds, in the order in which they were told. @type {Map<string, Kind>} */
  #loose = new Map();
  /** Records that are gone, so that a late answer does not bring them back. */
  #gone = new Seen();
  /** Records that are not to be seen from here any more. */
  #hidden = new Seen();
  /** The sequence of each record's last change that came by the stream. */
  #told = new Seen();
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

  /** @param {string} right */
  may(right) {
    return this.me.rights.includes(right);
  }

  /** Of what one person sees nothing is left for the next one. @param {import('./people.js').Me} me */
  setMe(me) {
    const isOther = viewOf(me) !== viewOf(this.me);
    this.me = me;
    if (isOther) this.forget();
    this.figures.isPart = this.#isPart;
    this.changed();
  }

  /** Whether the figures are not of everything that is seen. */
  get #isPart() {
    return !this.may('figures') || this.me.masks.includes('amounts');
  }

  isGone(/** @type {string} */ id) {
    return this.#gone.has(id);
  }

  /** Whether a record was seen from here, and is not to be seen any more. @param {string} id */
  isHidden(id) {
    return this.#hidden.has(id);
  }

  /** From now on a view takes part in every change. @param {View} view */
  watch(view) {
    this.views.add(view);
  }

  /** @param {View} view */
  unwatch(view) {
    this.views.delete(view);
    this.#loosen(view.kind, view.restart());
  }

  /** @param {Kind} kind @returns {Map<string, SaleRecord>} */
  known(kind) {
    return this.#records[kind];
  }

  /** Records that only this browser knows yet. @param {Kind} kind */
  own(kind) {
    return ownRecords(this.unsent, kind).map((record) => withPending(this.unsent, kind, record));
  }

  /** What a view shows, newest first, without what waits. @param {View} view @returns {SaleRecord[]} */
  select(view) {
    return view.ids.flatMap((id) => this.#records[view.kind].get(id) ?? []);
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
    const { timezone, cash_modes } = this.settings;
    this.settings = { timezone, cash_modes, ...settings };
    // Until the shop's settings are known, the page's own document tells the currency.
    const { currency, currency_decimals: decimals } = this.settings;
    if (currency) useShop(currency, this.settings.timezone ?? '', decimals);
    this.changed();
  }

  /**
   * Takes records as the server has told them.
   * @param {Kind} kind
   * @param {SaleRecord[]} records
   * @param {number} [seq] the last change in them; 0 if the server does not say
   * @returns {boolean} false if they are too old to be sure of, so that they must be asked for again
   */
  learn(kind, records, seq = 0) {
    if (this.#isTooOld(seq)) return false;
    for (const record of records) {
      const id = idOf(kind, record);
      // An answer that comes late does not show again what was hidden since.
      const isOut = this.#gone.has(id) || this.#hidden.seqOf(id) > seq;
      if (!isOut && isNewer(record, this.#records[kind].get(id))) this.#put(kind, id, record);
    }
    this.changed();
    return true;
  }

  /**
   * Takes a further page of a view.
   * @param {View} view
   * @param {SaleRecord[]} records
   * @param {number} limit
   * @param {number} seq
   * @returns {boolean} as `learn`
   */
  extend(view, records, limit, seq) {
    if (this.#isTooOld(seq)) return false;
    this.#loosen(view.kind, view.take(records, limit));
    this.learn(view.kind, records, seq);
    this.#refill(view);
    return true;
  }

  /**
   * Takes a view as the server has just told it, instead of what it was.
   * @param {View} view
   * @param {SaleRecord[]} records
   * @param {number} limit
   * @param {number} seq the last change in them
   * @returns {boolean} as `learn`
   */
  renew(view, records, limit, seq) {
    if (this.#isTooOld(seq) || this.#told.isBeyond(seq)) return false;
    const held = this.#records[view.kind];
    const told = new Set(records.map((record) => idOf(view.kind, record)));
    const before = view.restart();
    view.take(records, limit);
    for (const id of before) {
      const record = held.get(id);
      // It was there and is not any more, unless a change has come since.
      if (!record || told.has(id) || !view.covers(placeOf(view.kind, record))) continue;
      if (this.#told.seqOf(id) <= seq) this.#drop(view.kind, id);
    }
    this.#loosen(view.kind, before);
    this.learn(view.kind, records, seq);
    this.#refill(view);
    return true;
  }

  /** Whether something may be in an answer that is gone or hidden since. @param {number} seq */
  #isTooOld(seq) {
    return this.#gone.isBeyond(seq) || this.#hidden.isBeyond(seq);
  }

  /** There is no answer: a view shows what is known. @param {View} view */
  fail(view) {
    view.fail();
    this.#refill(view);
  }

  /** Sorts in what is known by itself. @param {View} view */
  #refill(view) {
    for (const id of view.ids) if (!this.#records[view.kind].has(id)) view.update(id, null);
    for (const [id, record] of this.#records[view.kind]) this.#loosen(view.kind, view.update(id, record));
    this.changed();
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   * @param {SaleRecord} record
   */
  #put(kind, id, record) {
    this.#hidden.remove(id);
    this.#records[kind].set(id, record);
    this.#loosen(kind, [id, ...this.#show(kind, id, record)]);
  }

  /** @param {Kind} kind @param {string} id */
  #drop(kind, id) {
    this.#records[kind].delete(id);
    this.#loose.delete(id);
    this.#show(kind, id, null);
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   * @param {SaleRecord | null} record
   * @returns {string[]} ids that views let go
   */
  #show(kind, id, record) {
    return [...this.views].flatMap((view) => (view.kind === kind ? view.update(id, record) : []));
  }

  /**
   * Forgets the records that nobody has asked about for longest.
   * @param {Kind} kind
   * @param {string[]} ids that a view may not hold any more
   */
  #loosen(kind, ids) {
    for (const id of ids) {
      this.#loose.delete(id);
      if (this.#records[kind].has(id)) this.#loose.set(id, kind);
    }
    for (const [id, own] of this.#loose) {
      if (this.#loose.size <= LOOSE_MAX) return;
      this.#loose.delete(id);
      if (id === this.shown) this.#loose.set(id, own);
      else if (![...this.views].some((view) => view.has(id))) this.#records[own].delete(id);
    }
  }

  /** The shop's database is another one, or something else may be seen of it: nothing that was known holds. */
  forget() {
    for (const records of Object.values(this.#records)) records.clear();
    this.#loose.clear();
    this.#gone = new Seen();
    this.#hidden = new Seen();
    this.#told = new Seen();
    this.activity = [];
    this.figures = new Figures();
    this.figures.isPart = this.#isPart;
    this.settings = { ...this.settings, rev: 0 };
    for (const view of this.views) view.restart();
    this.changed();
  }

  /** Takes one change. @param {Change} frame @returns {boolean} whether it was complete */
  apply(frame) {
    const { type: kind, id, action } = frame;
    if (action === 'hide') return this.#hide(frame);
    const before = this.#records[kind].get(id);
    const after = this.#after(frame, before);
    const isNews = action === 'delete' ? !this.#gone.has(id) : after !== null && isNewer(after, before);
    if (isNews) this.#take(frame, before, after);
    else this.#hear(frame, after);
    this.changed();
    return action === 'delete' || after !== null;
  }

  /** The record is still there, but not to be seen from here; it may come back. @param {Change} frame */
  #hide({ type: kind, id, seq }) {
    const before = this.#records[kind].get(id);
    this.#told.add(id, seq);
    this.#hidden.add(id, seq);
    if (before) this.#drop(kind, id);
    this.figures.change({ seq: seq ?? Infinity, kind, before, after: null });
    this.activity = this.activity.filter((event) => event.id !== id);
    this.changed();
    return true;
  }

  /**
   * @param {Change} frame
   * @param {SaleRecord | undefined} before
   * @returns {SaleRecord | null}
   */
  #after({ action, data, rev, order_id, order_number }, before) {
    if (action === 'delete') return null;
    // A whole record: what is not in it is not so any more.
    if (data) return { ...data, rev: rev ?? data.rev };
    const mark = { is_converted_to_order: true, linked_order_id: order_id, linked_order_number: order_number, rev };
    return before ? { ...before, ...mark } : null;
  }

  /**
   * @param {Change} frame
   * @param {SaleRecord | undefined} before
   * @param {SaleRecord | null} after
   */
  #take(frame, before, after) {
    const { type: kind, action, id, seq } = frame;
    if (action === 'delete') this.#gone.add(id, seq);
    this.#told.add(id, seq);
    if (after) this.#put(kind, id, after);
    else this.#drop(kind, id);
    if (this.fresh.size < FRESH_MAX) this.fresh.add(id);
    // A record that a command of ours has made is known before its number of the change is.
    const isNew = action === 'create' && !(before?.rev ?? 0);
    this.figures.change({ seq: seq ?? Infinity, kind, before: isNew ? null : before, after });
    if (action === 'create' && kind === 'order' && after?.source_estimate_id) return;
    this.note({ ...frame, record: after ?? before ?? null });
  }

  /**
   * A change that an answer has told already: it is in the lists by then, but perhaps not in the figures, and it
   * happened all the same.
   * @param {Change} frame
   * @param {SaleRecord | null} after
   */
  #hear(frame, after) {
    const { type: kind, action, id, seq } = frame;
    if (!after || seq === undefined || seq <= this.#told.seqOf(id)) return;
    this.#told.add(id, seq);
    // What it was before is not known any more, so that the server counts, unless it has.
    this.figures.change({ seq, kind, before: undefined, after });
    if (action === 'create' && kind === 'order' && after.source_estimate_id) return;
    this.note({ ...frame, record: this.#records[kind].get(id) ?? after });
  }

  /** Puts a line on top of the recent activity; one about the same record moves up. @param {Activity} event */
  note(event) {
    const others = this.activity.filter((one) => one.id !== event.id);
    this.activity = [event, ...others].slice(0, ACTIVITY_MAX);
  }
}

/**
 * Unknown revisions say nothing; then what came last is right.
 * @param {SaleRecord} record
 * @param {SaleRecord} [held]
 */
function isNewer(record, held) {
  return held?.rev === undefined || record.rev === undefined || record.rev > held.rev;
}

/** The latest records about which something was told, each with the sequence of that; and how far back that reaches. */
class Seen {
  /** @type {Map<string, number>} */
  #seqs = new Map();
  /** Of records that are not remembered any more, the latest sequence. */
  #forgotten = 0;

  /** @param {string} id @param {number} [seq] */
  add(id, seq) {
    this.#seqs.delete(id);
    this.#seqs.set(id, seq ?? Infinity);
    if (this.#seqs.size <= TOLD_MAX) return;
    const [[oldest, last]] = this.#seqs;
    this.#seqs.delete(oldest);
    if (last < Infinity) this.#forgotten = Math.max(this.#forgotten, last);
  }

  /** @param {string} id */
  remove(id) {
    this.#seqs.delete(id);
  }

  /** @param {string} id */
  has(id) {
    return this.#seqs.has(id);
  }

  /** @param {string} id @returns {number} 0 for nothing */
  seqOf(id) {
    return this.#seqs.get(id) ?? 0;
  }

  /**
   * Whether an answer is so old that something that was told since is forgotten.
   * @param {number} seq of it; 0 if it is not known
   */
  isBeyond(seq) {
    return seq !== 0 && seq < this.#forgotten;
  }
}
