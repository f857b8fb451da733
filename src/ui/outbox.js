// Every command of this browser on its way to the server. A command is stored first and sent then, in order, under its key
// until an answer comes; so it is carried out exactly once, over reloads, tabs and lost answers. One that the server refuses
// is parked with the reason and the rest go on.
//
// What was carried out is kept for a while: should the server be put back to an older copy of its records, the person is asked
// whether what is missing there is to be entered again, under the same keys.
//
// Tabs share the queue. Whoever has something to send takes a lease first; should two send at once after all, the key
// makes the second one's answer the first one's.

import { isThere, send } from './api.js';
import { Recovery } from './recovery.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

/**
 * @typedef {object} Wish what is to be done
 * @property {'create' | 'edit' | 'convert' | 'delete' | 'status' | 'duplicate' | 'settings'} what
 * @property {Kind} [kind] of the record
 * @property {string} [id] of the record; `local:KEY` for one that waits itself
 * @property {string} title for people: whose record, and its number
 * @property {string} method
 * @property {string} path
 * @property {any} [body] text is JSON already
 * @property {number} [rev]
 * @property {SaleRecord} [record] as it was when the command was given
 * @property {string} [made_at] when it was given first, if it replaces a refused one
 *
 * @typedef {Omit<Wish, 'body'> & Stored} Entry
 *
 * @typedef {object} Stored what the queue adds
 * @property {number} place in the queue
 * @property {string} key
 * @property {string} at when it was given, by this device's clock
 * @property {string} [body] JSON, the very same bytes at each attempt
 * @property {boolean} [isSealed] the body is complete: from the first attempt on
 * @property {'waiting' | 'parked'} state
 * @property {number} tries
 * @property {string} [reason] why it is parked
 * @property {number} [status] of the answer that parked it
 * @property {string} [made] id of the record that it made, once it was carried out
 * @property {string} [number] of that
 * @property {Entry} [again] of a lost one: how it can be given again
 * @property {SaleRecord} [current] the record as it is on the server, for a conflict
 *
 * @typedef {{ state: 'done' | 'refused' | 'queued', status: number, body: any, entry: Entry }} Outcome
 */

/** Someone who saves waits so long for the answer; after that the command goes on by itself. */
const ANSWER_WAIT_MS = 3_000;
const LEASE_MS = 15_000;
const RETRY_MS = 1_500;
/** A fault of the server that does not go away parks the command, so that the rest can go on. */
const FAULTS_MAX = 5;
/** What makes a record. */
const MAKING = new Set(['create', 'duplicate', 'convert']);
/** What says when it was made, if it had to wait: so that a sale at 23:50 counts on its day, however late the server is back. */
const DATED = new Set(['create', 'convert']);
/** A command that is sent so soon need not say when it was given: the server's clock says the same, and is the better one. */
const AT_ONCE_MS = 5_000;
/** Answers after which the same command may be sent again: nothing is decided yet. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

export class Outbox {
  /** @type {Entry[]} */
  entries = [];
  /** Carried out, but not known to the server any more. @type {Entry[]} */
  lost = [];
  /** May be sent now. */
  isOpen = false;
  #db;
  /** The same after a reload, which need not wait for its own lease then. */
  #tab = (sessionStorage.tab ??= newKey());
  #channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('tillsync') : null;
  /** @type {Map<string, (outcome: Outcome) => void>} */
  #waiters = new Map();
  /** @type {Set<string>} */
  #own = new Set();
  #isSending = false;
  #timer = 0;
  #onChange;
  #onDone;

  /**
   * @param {import('./db.js').Db} db @param {() => void} onChange
   * @param {(entry: Entry, body: any) => void} onDone a command was carried out
   */
  constructor(db, onChange, onDone) {
    this.#db = db;
    this.#onChange = onChange;
    this.#onDone = onDone;
  }

  async start() {
    if (this.#channel) this.#channel.onmessage = ({ data }) => this.#heard(data);
    await this.#refresh();
    this.pump();
  }

  /** Whether a change came of a command of this tab. @param {string} [key] */
  isOwn(key) {
    return key !== undefined && this.#own.has(key);
  }

  /** Commands that no answer has come for. */
  get waiting() {
    return this.entries.filter((entry) => entry.state === 'waiting').length;
  }

  /** Whether commands about a record wait: the next one cannot know its revision. @param {string} id */
  isBusy(id) {
    return this.entries.some((entry) => entry.id === id && entry.state === 'waiting');
  }

  /**
   * Stores a command and sends it. Comes back with the answer, or with `queued` when none comes soon.
   * @param {Wish} wish @returns {Promise<Outcome>}
   */
  async submit(wish) {
    const body = wish.body === undefined || typeof wish.body === 'string' ? wish.body : JSON.stringify(wish.body);
    /** @type {any} */
    const entry = { ...wish, body, key: newKey(), at: new Date().toISOString(), state: 'waiting', tries: 0 };
    this.#own.add(entry.key);
    const settled = new Promise((resolve) => this.#waiters.set(entry.key, resolve));
    await this.#change(async (shelf) => (entry.place = await shelf.put(entry)));
    this.pump();
    const patience = new Promise((resolve) => setTimeout(resolve, this.isOpen ? ANSWER_WAIT_MS : 0));
    const outcome = await Promise.race([settled, patience]);
    this.#waiters.delete(entry.key);
    return outcome ?? { state: 'queued', status: 0, body: null, entry };
  }

  /** @param {Entry} entry */
  async retry(entry) {
    await this.#store(entry, { state: 'waiting', tries: 0, reason: undefined, status: undefined });
    this.pump();
  }

  /** @param {Entry} entry */
  async discard(entry) {
    await this.#change(async (shelf) => {
      shelf.remove(entry.place);
      // What was built on it cannot be carried out any more either.
      for (const other of await shelf.all()) if (other.id === localId(entry.key)) shelf.remove(other.place);
    });
  }

  /**
   * Finds out what the server has lost, and what is waiting that was about it. @param {boolean} isReset it was put back; if that is
   * not known, the latest command tells that certainly leaves a trace: a status that an order had already leaves none
   */
  async recover(isReset) {
    const [sent, known = []] = await this.#db.change((shelf) => Promise.all([shelf.sent(), shelf.read('lost')]));
    const recovery = new Recovery();
    const isBack = isReset || (await recovery.findLost(sent.filter(({ what }) => what !== 'status').slice(-1))).length > 0;
    if (!isBack && this.entries.length === 0) return;
    const all = [...known, ...sent].sort((one, other) => one.place - other.place);
    const found = isBack ? await recovery.findLost(all) : known;
    for (const entry of found) entry.again = await recovery.rebase(entry, found, all);
    const queue = await Promise.all(this.entries.map((entry) => recovery.rebase(entry, found, all)));
    await this.#change(async (shelf) => {
      // Another tab may have asked and been answered meanwhile.
      const there = [...await shelf.sent(), ...await shelf.read('lost') ?? []].map(({ key }) => key);
      const lost = found.filter(({ key }) => there.includes(key));
      for (const { place } of lost) shelf.drop(place);
      for (const entry of known) if (!found.includes(entry)) await shelf.keep(entry);
      shelf.write('lost', lost);
      const waiting = (await shelf.all()).map(({ place }) => place);
      for (const entry of queue) if (waiting.includes(entry.place)) shelf.put(entry);
    });
  }

  /** The answer to the question what is to become of what is lost. @param {boolean} isEnteredAgain */
  async settleLost(isEnteredAgain) {
    await this.#change(async (shelf) => {
      // In their old places: before what waits, which may be built on them.
      if (isEnteredAgain) for (const { again } of await shelf.read('lost') ?? []) shelf.put({ state: 'waiting', ...again, tries: 0, isSealed: false });
      shelf.write('lost', []);
    });
    this.pump();
  }

  /** Sends what waits, if it is this tab's turn. */
  async pump() {
    clearTimeout(this.#timer);
    if (this.#isSending || !this.isOpen || this.waiting === 0) return;
    this.#isSending = true;
    try {
      if (await this.#takeLease()) await this.#drain();
    } catch {
      // The browser's database failed for a moment; what is stored stays stored.
    } finally {
      this.#isSending = false;
    }
    if (this.waiting > 0) this.#timer = setTimeout(() => this.pump(), RETRY_MS);
  }

  async #drain() {
    await this.#refresh();
    for (;;) {
      const entry = this.entries.find((one) => one.state === 'waiting');
      if (!entry || !this.isOpen) break;
      if (!(await this.#sendOne(entry)) || !(await this.#takeLease())) break;
    }
    await this.#db.change(async (shelf) => (await shelf.read('lease'))?.tab === this.#tab && shelf.write('lease', null));
  }

  /** @param {Entry} first @returns {Promise<boolean>} false if it must be tried again later */
  async #sendOne(first) {
    const entry = await this.#seal(first);
    if (!entry) return true;
    // Without an answer nothing is decided either.
    const { status, body } = await send(entry).catch(() => ({ status: 503, body: null }));
    const tries = entry.tries + 1;
    if (PASSING.has(status) && !(status === 500 && tries >= FAULTS_MAX)) {
      await this.#store(entry, { tries });
      return false;
    }
    const isGone = status === 404 && entry.what === 'delete';
    if ((status >= 200 && status < 300) || isGone) await this.#finish(entry, status, body);
    else await this.#park(entry, status, body);
    return true;
  }

  /**
   * Completes the body before the first attempt, and never after: a command that had to wait, or whose server does not answer
   * right now, says when it was given. @param {Entry} entry @returns {Promise<Entry | undefined>} nothing if it is carried out already
   */
  async #seal(entry) {
    if (entry.isSealed || !DATED.has(entry.what)) return entry;
    const madeAt = entry.made_at ?? entry.at;
    const isAtOnce = Math.abs(Date.now() - Date.parse(madeAt)) < AT_ONCE_MS && (await isThere());
    /** @type {Entry | undefined} */
    let sealed;
    await this.#change(async (shelf) => {
      // As it is by now: another tab may have sealed it meanwhile.
      const held = (await shelf.all()).find(({ place }) => place === entry.place);
      sealed = held && !held.isSealed ? { ...held, isSealed: true, body: isAtOnce ? held.body : dated(held.body, madeAt) } : held;
      if (sealed && sealed !== held) shelf.put(sealed);
    });
    return sealed;
  }

  /** @param {Entry} entry @param {number} status @param {any} body */
  async #finish(entry, status, body) {
    const id = body?.order_id ?? body?.estimate_id ?? body?.data?.id ?? '';
    const local = localId(entry.key);
    await this.#db.change(async (shelf) => {
      shelf.remove(entry.place);
      const made = MAKING.has(entry.what) ? id : undefined;
      if (entry.kind && status < 300) await shelf.keep({ ...entry, made, number: body.sale_number ?? body.estimate_number });
      for (const other of await shelf.all()) {
        if (id !== '' && other.id === local) shelf.put({ ...other, id, path: other.path.replace(local, id) });
      }
    });
    await this.#refresh();
    this.#onDone(entry, body);
    const outcome = { state: 'done', status, body, entry };
    this.#settle(/** @type {Outcome} */ (outcome));
    this.#tell({ type: 'done', outcome });
  }

  /** @param {Entry} entry @param {number} status @param {any} body */
  async #park(entry, status, body) {
    const reason = String(body?.detail ?? status);
    const outcome = /** @type {Outcome} */ ({ state: 'refused', status, body, entry });
    // Somebody still stands in front of the form: the answer goes there.
    if (this.#waiters.has(entry.key)) {
      await this.discard(entry);
      this.#settle(outcome);
      return;
    }
    await this.#store(entry, { state: 'parked', status, reason, current: body?.current });
    this.#tell({ type: 'refused', outcome });
  }

  /** @param {Outcome} outcome */
  #settle(outcome) {
    this.#waiters.get(outcome.entry.key)?.(outcome);
  }

  /** @param {any} message of another tab */
  async #heard({ type, outcome }) {
    await this.#refresh();
    if (type === 'done') {
      this.#onDone(outcome.entry, outcome.body);
      this.#settle(outcome);
    }
    if (type === 'refused' && this.#waiters.has(outcome.entry.key)) {
      await this.discard(outcome.entry);
      this.#settle(outcome);
    }
    this.pump();
  }

  /** @param {any} message */
  #tell(message) {
    this.#channel?.postMessage(message);
  }

  /** Changes a command that waits, as it is by now: it may have been rebased meanwhile. @param {Entry} entry @param {Partial<Entry>} news */
  async #store({ place }, news) {
    await this.#change(async (shelf) => {
      for (const held of await shelf.all()) if (held.place === place) shelf.put({ ...held, ...news });
    });
  }

  /** Changes what is stored, and says so to this tab and the others. @param {(shelf: import('./db.js').Shelf) => Promise<any>} work */
  async #change(work) {
    await this.#db.change(work);
    await this.#refresh();
    this.#tell({ type: 'changed' });
  }

  async #refresh() {
    const [entries, lost] = await this.#db.change((shelf) => Promise.all([shelf.all(), shelf.read('lost')]));
    this.entries = entries;
    this.lost = lost ?? [];
    this.#onChange();
  }

  #takeLease() {
    return this.#db.change(async (shelf) => {
      const lease = await shelf.read('lease');
      if (lease && lease.tab !== this.#tab && Math.abs(lease.until - Date.now()) < LEASE_MS && lease.until > Date.now()) return false;
      shelf.write('lease', { tab: this.#tab, until: Date.now() + LEASE_MS });
      return true;
    });
  }
}

/** A body with the time at which it was given; one that has a time keeps it. @param {string} body JSON of an object @param {string} madeAt */
function dated(body = '{}', madeAt) {
  const said = JSON.parse(body);
  if (said.made_at !== undefined) return body;
  return `${body.slice(0, -1)}${Object.keys(said).length > 0 ? ',' : ''}"made_at":${JSON.stringify(madeAt)}}`;
}

/** The id of a record that waits to be stored itself. @param {string} key */
export const localId = (key) => `local:${key}`;

/** A new key. A page over plain HTTP has no `randomUUID`. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
