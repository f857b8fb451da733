// Every command of this browser on its way to the server. A command is stored first and sent then, in order, under
// its key until an answer comes; so it is carried out exactly once, over reloads, tabs and lost answers. One that the
// server refuses is parked with the reason and the rest go on.
//
// What was carried out is kept for a while: should the server be put back to an older copy of its records, the person
// is asked whether what is missing there is to be entered again, under the same keys.
//
// Tabs share the queue. Whoever has something to send takes a lease first; should two send at once after all, the key
// makes the second one's answer the first one's.
//
// When an answer comes, it is first given to whoever waits for it, and only then written down: what is not written
// down yet when the tab is closed is sent again, and gets the same answer. Where the browser keeps nothing, a command
// goes straight to the server, and stays in the form if no answer comes.

import { isThere, send } from './api.js';
import { Unkept } from './db.js';
import { Recovery } from './recovery.js';
import { hex, originOf } from './sha256.js';
import { Channel, isObject, parseObject, session } from './storage.js';
import { words } from './words.js';

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
/** When what is wrong is not mended within a moment, such as a full disk. */
const RETRY_SLOW_MS = 15_000;
/** A fault of the server that does not go away parks the command, so that the rest can go on. */
const FAULTS_MAX = 5;
/**
 * Without the browser's database: so often, and so long, a command is sent before the form says that no answer comes.
 */
const DIRECT_TRIES_MAX = 3;
const DIRECT_WAIT_MS = 10_000;
/** Commands without an answer that are remembered, so that the next attempt of the person has the same key. */
const UNDECIDED_MAX = 20;
/** After this, an equal command is another one. */
const UNDECIDED_MS = 600_000;
/** Keys of this tab's latest commands, by which it knows their echo. */
const OWN_MAX = 500;
/** So often a database that failed is looked for again. */
const LOOK_AGAIN_MS = 30_000;
/** What makes a record. */
const MAKING = new Set(['create', 'duplicate', 'convert']);
/**
 * What says when it was made, if it had to wait: so that a sale at 23:50 counts on its day, however late the server
 * is back.
 */
const DATED = new Set(['create', 'convert']);
/**
 * A command that is sent so soon need not say when it was given: the server's clock says the same, and is the better
 * one.
 */
const AT_ONCE_MS = 5_000;
/** Answers after which the same command may be sent again: nothing is decided yet. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
/** The same, but about the server, the network or this device as a whole: a full disk, a device that is not let in, a log-in to
 * the network. It lasts until somebody has done something, so it is asked more rarely, and the reason is said once. */
const LASTING = new Set([401, 403, 407, 421, 507, 511]);

export class Outbox {
  /** @type {Entry[]} */
  entries = [];
  /** Carried out, but not known to the server any more. @type {Entry[]} */
  lost = [];
  /** May be sent now. */
  isOpen = false;
  /** Whether this device can keep what is not sent yet. */
  isKeeping = true;
  /** Why nothing gets on for longer; said once. @type {(why: string) => void} */
  onHeld = () => {};
  #db;
  /** The same after a reload, which need not wait for its own lease then. */
  #tab = tabId();
  #channel = new Channel('tillsync', (message) => this.#heard(message));
  /**
   * Those who wait for an answer. Each is called once, and by that taken away.
   * @type {Map<string, (outcome: Outcome) => void>}
   */
  #waiters = new Map();
  /** Hashes of the latest keys. @type {Set<string>} */
  #own = new Set();
  /** Keys of those that are answered, until that is stored. @type {Set<string>} */
  #decided = new Set();
  /** Sent without an answer and not stored, by what they say. @type {Map<string, Entry>} */
  #undecided = new Map();
  #isSending = false;
  #timer = 0;
  #restUntil = 0;
  #held = '';
  #looking = 0;
  #onChange;
  #onDone;

  /**
   * @param {import('./db.js').Db} db
   * @param {() => void} onChange
   * @param {(entry: Entry, body: any) => void} onDone a command was carried out
   */
  constructor(db, onChange, onDone) {
    this.#db = db;
    this.#onChange = onChange;
    this.#onDone = onDone;
  }

  async start() {
    await this.#refresh();
    this.pump();
  }

  /** The server is there, or it is not. @param {boolean} isOpen */
  setOpen(isOpen) {
    if (isOpen === this.isOpen) return;
    this.isOpen = isOpen;
    this.#restUntil = 0;
    if (isOpen) this.pump();
  }

  /** Whether a change came of a command of this tab. @param {string} [origin] the hash of its key */
  isOwn(origin) {
    return origin !== undefined && this.#own.has(origin);
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
   * @param {Wish} wish
   * @returns {Promise<Outcome>}
   */
  async submit(wish) {
    const body = wish.body === undefined || typeof wish.body === 'string' ? wish.body : JSON.stringify(wish.body);
    /** @type {any} */
    const wanted = { ...wish, body, key: newKey(), at: new Date().toISOString(), state: 'waiting', tries: 0 };
    const entry = this.#undecidedLike(wanted) ?? wanted;
    this.#remember(entry.key);
    try {
      return await this.#queue(entry);
    } catch (fault) {
      if (!(fault instanceof Unkept)) throw fault;
      this.#waiters.delete(entry.key);
      this.#setKeeping(false);
      return this.#sendDirectly(entry);
    }
  }

  /** @param {Entry} entry @returns {Promise<Outcome>} */
  async #queue(entry) {
    // Whoever is first, the answer or the end of patience, takes the waiter away in the same moment.
    /** @type {Promise<Outcome>} */
    const outcome = new Promise((resolve) => {
      this.#waiters.set(entry.key, (first) => {
        this.#waiters.delete(entry.key);
        resolve(first);
      });
    });
    entry.place = await this.#change(async (shelf) => {
      const held = (await shelf.all()).find(({ key }) => key === entry.key);
      return held ? held.place : shelf.put(entry);
    });
    this.#undecided.delete(nameOf(entry));
    this.pump();
    setTimeout(() => this.#letGo(entry), this.isOpen && this.#held === '' ? ANSWER_WAIT_MS : 0);
    return outcome;
  }

  /** Whoever waits for it need not wait any longer: it goes on by itself. @param {Entry} entry */
  #letGo(entry) {
    this.#settle({ state: 'queued', status: 0, body: null, entry });
  }

  /** Given again after no answer came, it is the same command with the same key. @param {Entry} wanted */
  #undecidedLike(wanted) {
    const held = this.#undecided.get(nameOf(wanted));
    return held && Math.abs(Date.now() - Date.parse(held.at)) < UNDECIDED_MS ? held : undefined;
  }

  /** Sends a command that cannot be stored. @param {Entry} entry @returns {Promise<Outcome>} */
  async #sendDirectly(entry) {
    const name = nameOf(entry);
    this.#undecided.set(name, entry);
    forgetFirst(this.#undecided, UNDECIDED_MAX);
    const startedAt = performance.now();
    for (let tries = 1; ; tries += 1) {
      const { status, body } = await answerTo(entry);
      if (!isPassing(status, tries)) {
        this.#undecided.delete(name);
        // The browser may yet store what it seemed not to.
        this.#decided.add(entry.key);
        forgetFirst(this.#decided, OWN_MAX);
        const isDone = isCarriedOut(entry, status);
        if (isDone) this.#onDone(entry, body);
        return { state: isDone ? 'done' : 'refused', status, body, entry };
      }
      const isLast = tries === DIRECT_TRIES_MAX || performance.now() - startedAt > DIRECT_WAIT_MS;
      if (LASTING.has(status) || isLast) {
        const detail = words.outbox.unkept(LASTING.has(status) ? String(body?.detail ?? status) : words.outbox.away);
        return { state: 'refused', status: 0, body: { detail }, entry };
      }
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }

  /** @param {Entry} entry */
  async retry(entry) {
    this.#restUntil = 0;
    await this.#store(entry, { state: 'waiting', tries: 0, reason: undefined, status: undefined });
    this.pump();
  }

  /**
   * Takes a command out of the queue while a person changes it.
   * @param {Entry} entry
   * @returns {Promise<boolean>} false if it may be on its way to the server by now
   */
  async hold(entry) {
    return this.#change(async (shelf) => {
      const held = (await shelf.all()).find(({ place }) => place === entry.place);
      if (!held || (held.state === 'waiting' && (held.tries > 0 || isTaken(await shelf.read('lease'))))) return false;
      if (held.state === 'waiting') shelf.put({ ...held, state: 'parked', reason: words.outbox.editing });
      return true;
    }).catch(() => false);
  }

  /** @param {Entry} entry */
  async discard(entry) {
    // What was built on it cannot be carried out any more either.
    const goes = (/** @type {Entry} */ one) => one.key === entry.key || one.id === localId(entry.key);
    try {
      await this.#change(async (shelf) => {
        for (const one of await shelf.all()) if (goes(one)) shelf.remove(one.place);
      });
    } catch (fault) {
      if (!(fault instanceof Unkept)) throw fault;
      for (const { key } of this.entries.filter(goes)) this.#decided.add(key);
      this.#show(this.entries.filter((one) => !goes(one)));
    }
  }

  /**
   * Finds out what the server has lost, and what is waiting that was about it.
   * @param {boolean} isReset it was put back; if that is
   * not known, the latest command tells that certainly leaves a trace: a status that an order had already leaves none
   */
  async recover(isReset) {
    try {
      await this.#recover(isReset);
    } catch (fault) {
      // A device that keeps nothing has nothing to look for.
      if (!(fault instanceof Unkept)) throw fault;
    }
  }

  /** @param {boolean} isReset */
  async #recover(isReset) {
    const [stored, known] = await this.#db.change((shelf) => Promise.all([shelf.sent(), readLost(shelf)]));
    const sent = stored.filter(isEntry);
    const recovery = new Recovery();
    const isBack =
      isReset || (await recovery.findLost(sent.filter(({ what }) => what !== 'status').slice(-1))).length > 0;
    if (!isBack && this.entries.length === 0) return;
    const all = [...known, ...sent].sort((one, other) => one.place - other.place);
    const found = isBack ? await recovery.findLost(all) : known;
    for (const entry of found) entry.again = await recovery.rebase(entry, found, all);
    /** @type {Map<number, Partial<Entry>>} */
    const rebased = new Map();
    for (const entry of this.entries) {
      const now = await recovery.rebase(entry, found, all);
      if (now !== entry)
        rebased.set(entry.place, {
          id: now.id,
          path: now.path,
          rev: now.rev,
          state: now.state,
          status: now.status,
          reason: now.reason,
        });
    }
    await this.#change(async (shelf) => {
      // Another tab may have asked and been answered meanwhile.
      const there = [...(await shelf.sent()), ...(await readLost(shelf))].map(({ key }) => key);
      const lost = found.filter(({ key }) => there.includes(key));
      for (const { place } of lost) shelf.drop(place);
      for (const entry of known) if (!found.includes(entry)) await shelf.keep(entry);
      shelf.write('lost', lost);
      for (const held of await shelf.all())
        if (rebased.has(held.place)) shelf.put({ ...held, ...rebased.get(held.place) });
    });
  }

  /** The answer to the question what is to become of what is lost. @param {boolean} isEnteredAgain */
  async settleLost(isEnteredAgain) {
    await this.#change(async (shelf) => {
      // In their old places: before what waits, which may be built on them.
      if (isEnteredAgain)
        for (const { again } of await readLost(shelf))
          shelf.put({ state: 'waiting', ...again, tries: 0, isSealed: false });
      shelf.write('lost', []);
    }).catch((fault) => {
      // The question stays, to be answered when the browser's database is back.
      if (!(fault instanceof Unkept)) throw fault;
    });
    this.pump();
  }

  /** Sends what waits, if it is this tab's turn. */
  async pump() {
    clearTimeout(this.#timer);
    if (this.#isSending || !this.isOpen || this.waiting === 0) return;
    if (this.#restUntil <= performance.now()) {
      this.#isSending = true;
      try {
        if (await this.#takeLease()) await this.#drain();
      } finally {
        this.#isSending = false;
      }
    }
    if (this.waiting > 0)
      this.#timer = setTimeout(
        () => this.pump(),
        Math.min(RETRY_SLOW_MS, Math.max(RETRY_MS, this.#restUntil - performance.now())),
      );
  }

  async #drain() {
    await this.#refresh();
    for (;;) {
      const entry = this.entries.find((one) => one.state === 'waiting');
      if (!entry || !this.isOpen) break;
      if (!(await this.#sendOne(entry)) || !(await this.#takeLease())) break;
    }
    await this.#attempt(
      async (shelf) => (await shelf.read('lease'))?.tab === this.#tab && shelf.write('lease', null),
    );
  }

  /** @param {Entry} first @returns {Promise<boolean>} false if it must be tried again later */
  async #sendOne(first) {
    const entry = await this.#seal(first);
    if (!entry) return true;
    const { status, body } = await answerTo(entry);
    const tries = entry.tries + 1;
    if (isPassing(status, tries)) {
      await this.#wait(entry, tries, LASTING.has(status) ? String(body?.detail ?? status) : '');
      return false;
    }
    this.#held = '';
    if (isCarriedOut(entry, status)) await this.#finish(entry, status, body);
    else await this.#park(entry, status, body);
    return true;
  }

  /**
   * Completes the body before the first attempt, and never after: a command that had to wait, or whose server does
   * not answer
   * right now, says when it was given.
   * @param {Entry} entry
   * @returns {Promise<Entry | undefined>} nothing if it is carried out already
   */
  async #seal(entry) {
    if (entry.isSealed || !DATED.has(entry.what)) return entry;
    const madeAt = entry.made_at ?? entry.at;
    const isAtOnce = Math.abs(Date.now() - Date.parse(madeAt)) < AT_ONCE_MS && (await isThere());
    const complete = (/** @type {Entry} */ held) =>
      held.isSealed ? held : { ...held, isSealed: true, body: isAtOnce ? held.body : dated(held.body, madeAt) };
    /** @type {Entry | undefined} */
    let sealed;
    const isStored = await this.#attempt(async (shelf) => {
      // As it is by now: another tab may have sealed it meanwhile.
      const held = (await shelf.all()).find(({ place }) => place === entry.place);
      sealed = held && complete(held);
      if (sealed && sealed !== held) shelf.put(sealed);
    });
    // Without the browser's database this tab goes on with what it knows.
    const known = isStored ? sealed : complete(entry);
    if (known) this.#show(this.entries.map((one) => (one.place === known.place ? known : one)));
    return known;
  }

  /**
   * Nothing is decided.
   * @param {Entry} entry
   * @param {number} tries
   * @param {string} why it lasts; empty if it does not
   */
  async #wait(entry, tries, why) {
    const rest = why === '' ? RETRY_MS : RETRY_SLOW_MS;
    this.#restUntil = performance.now() + rest;
    if (why !== '' && why !== this.#held) this.onHeld(why);
    this.#held = why;
    if (why !== '') for (const one of this.entries) this.#letGo(one);
    // The other tabs are not to send it at once instead.
    this.#channel.tell({ type: 'rest', rest });
    await this.#store(entry, { tries, reason: why || undefined });
  }

  /**
   * @param {Entry} entry
   * @param {number} status
   * @param {any} body
   */
  async #finish(entry, status, body) {
    const id = String(body?.order_id ?? body?.estimate_id ?? body?.data?.id ?? '');
    const local = localId(entry.key);
    const follow = (/** @type {Entry} */ one) =>
      id !== '' && one.id === local ? { ...one, id, path: one.path.replace(local, id) } : one;
    const outcome = /** @type {Outcome} */ ({ state: 'done', status, body, entry });
    this.#decided.add(entry.key);
    this.#show(this.entries.filter(({ key }) => key !== entry.key).map(follow));
    this.#onDone(entry, body);
    this.#settle(outcome);
    const isStored = await this.#attempt(async (shelf) => {
      shelf.remove(entry.place);
      const made = MAKING.has(entry.what) ? id : undefined;
      if (entry.kind && status < 300)
        await shelf.keep({ ...entry, made, number: body?.sale_number ?? body?.estimate_number });
      for (const one of await shelf.all()) if (follow(one) !== one) shelf.put(follow(one));
    });
    if (isStored) this.#decided.delete(entry.key);
    await this.#refresh();
    this.#channel.tell({ type: 'done', outcome });
  }

  /**
   * @param {Entry} entry
   * @param {number} status
   * @param {any} body
   */
  async #park(entry, status, body) {
    const reason = String(body?.detail ?? status);
    const outcome = /** @type {Outcome} */ ({ state: 'refused', status, body, entry });
    // Somebody still stands in front of the form: the answer goes there, at once, since their patience may end at any
    // moment.
    if (this.#settle(outcome)) {
      await this.discard(entry);
      return;
    }
    await this.#store(entry, { state: 'parked', status, reason, current: body?.current });
    this.#channel.tell({ type: 'refused', outcome });
  }

  /**
   * Gives an outcome to whoever waits for it.
   * @param {Outcome} outcome
   * @returns {boolean} false if nobody does any more
   */
  #settle(outcome) {
    const waiter = this.#waiters.get(outcome.entry.key);
    waiter?.(outcome);
    return waiter !== undefined;
  }

  /** @param {Record<string, any>} message of another tab, which may be of another version */
  async #heard({ type, outcome, rest }) {
    if (type === 'rest' && Number.isFinite(rest)) this.#restUntil = performance.now() + Math.min(rest, RETRY_SLOW_MS);
    if ((type === 'done' || type === 'refused') && isObject(outcome) && isEntry(outcome.entry)) {
      const isAwaited = this.#settle(/** @type {Outcome} */ (outcome));
      if (type === 'done') this.#onDone(/** @type {Entry} */ (outcome.entry), outcome.body);
      if (type === 'refused' && isAwaited) await this.discard(/** @type {Entry} */ (outcome.entry));
    }
    await this.#refresh();
    this.pump();
  }

  /**
   * Changes a command that waits, as it is by now: it may have been rebased meanwhile.
   * @param {Entry} entry
   * @param {Partial<Entry>} news
   */
  async #store({ place }, news) {
    const isStored = await this.#attempt(async (shelf) => {
      for (const held of await shelf.all()) if (held.place === place) shelf.put({ ...held, ...news });
    });
    if (!isStored) this.#show(this.entries.map((one) => (one.place === place ? { ...one, ...news } : one)));
    await this.#refresh();
    this.#channel.tell({ type: 'changed' });
  }

  /**
   * Changes what is stored, and says so to this tab and the others.
   * @template T
   * @param {(shelf: import('./db.js').Shelf) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #change(work) {
    const result = await this.#db.change(work);
    await this.#refresh();
    this.#channel.tell({ type: 'changed' });
    return result;
  }

  /**
   * The same where it must go on without the browser's database.
   * @param {(shelf: import('./db.js').Shelf) => Promise<any>} work
   * @returns {Promise<boolean>} whether it is stored
   */
  async #attempt(work) {
    try {
      await this.#db.change(work);
      return true;
    } catch (fault) {
      if (!(fault instanceof Unkept)) throw fault;
      this.#setKeeping(false);
      return false;
    }
  }

  /** Looks at what is stored. Without the browser's database this tab goes on with what it knows. */
  async #refresh() {
    /** @type {any[]} */
    let stored = [];
    /** @type {Entry[]} */
    let lost = [];
    const isRead = await this.#attempt(async (shelf) => {
      [stored, lost] = await Promise.all([shelf.all(), readLost(shelf)]);
      // Answered, but that could not be stored then.
      for (const { key, place } of stored) if (this.#decided.has(key)) shelf.remove(place);
    });
    if (!isRead) return;
    this.#setKeeping(true);
    this.lost = lost;
    this.#show(stored.filter((one) => isEntry(one) && !this.#decided.has(one.key)));
  }

  /** @param {Entry[]} entries */
  #show(entries) {
    this.entries = entries;
    this.#onChange();
  }

  /** @param {boolean} isKeeping */
  #setKeeping(isKeeping) {
    clearTimeout(this.#looking);
    if (!isKeeping) this.#looking = setTimeout(() => this.#refresh(), LOOK_AGAIN_MS);
    if (isKeeping === this.isKeeping) return;
    this.isKeeping = isKeeping;
    this.#onChange();
  }

  /** Without the browser's database nobody can be asked; then the keys see to it that nothing is done twice. */
  async #takeLease() {
    let isOurs = true;
    await this.#attempt(async (shelf) => {
      const lease = await shelf.read('lease');
      isOurs = !isTaken(lease) || lease.tab === this.#tab;
      if (isOurs) shelf.write('lease', { tab: this.#tab, until: Date.now() + LEASE_MS });
    });
    return isOurs;
  }

  /** @param {string} key */
  #remember(key) {
    this.#own.add(originOf(key));
    forgetFirst(this.#own, OWN_MAX);
  }
}

/** What a command says, whenever it is given. @param {Entry} entry */
function nameOf({ method, path, body }) {
  const { made_at: _, ...said } = parseObject(body) ?? {};
  return JSON.stringify([method, path, said]);
}

/**
 * @param {Entry} entry
 * @returns {Promise<{ status: number, body: any }>} without an answer, one by which nothing is decided
 */
const answerTo = (entry) => send(entry).catch(() => ({ status: 503, body: null }));

/** Whether nothing is decided by an answer. @param {number} status @param {number} tries */
const isPassing = (status, tries) =>
  LASTING.has(status) || (PASSING.has(status) && !(status === 500 && tries >= FAULTS_MAX));

/** What was to be deleted and is not there is deleted. @param {Entry} entry @param {number} status */
const isCarriedOut = ({ what }, status) => (status >= 200 && status < 300) || (status === 404 && what === 'delete');

/** Whether some tab is sending. @param {any} lease */
const isTaken = (lease) => isObject(lease) && lease.until > Date.now() && lease.until - Date.now() <= LEASE_MS;

/** @param {import('./db.js').Shelf} shelf @returns {Promise<Entry[]>} */
async function readLost(shelf) {
  const lost = await shelf.read('lost');
  return Array.isArray(lost) ? lost.filter(isEntry) : [];
}

/**
 * Whether a stored command can be sent and shown; a page of another version may have left others.
 * @param {any} value
 */
function isEntry(value) {
  const isSendable =
    isObject(value) &&
    Number.isInteger(value.place) &&
    isText(value.key) &&
    isText(value.method) &&
    isText(value.path);
  return (
    isSendable &&
    value.path.startsWith('/api/') &&
    ['waiting', 'parked'].includes(value.state) &&
    Number.isInteger(value.tries) &&
    typeof value.title === 'string' &&
    !Number.isNaN(Date.parse(value.at)) &&
    (value.body === undefined || parseObject(value.body) !== null) &&
    (value.record === undefined || isObject(value.record))
  );
}

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';

/** @param {Set<any> | Map<any, any>} all in the order in which they came @param {number} most */
function forgetFirst(all, most) {
  if (all.size > most) all.delete(all.keys().next().value);
}

/**
 * A body with the time at which it was given; one that has a time keeps it.
 * @param {string} body JSON of an object
 * @param {string} madeAt
 */
function dated(body = '{}', madeAt) {
  const said = JSON.parse(body);
  if (said.made_at !== undefined) return body;
  return `${body.slice(0, -1)}${Object.keys(said).length > 0 ? ',' : ''}"made_at":${JSON.stringify(madeAt)}}`;
}

/** The id of a record that waits to be stored itself. @param {string} key */
export const localId = (key) => `local:${key}`;

/** A new key. A page over plain HTTP has no `randomUUID`. */
const newKey = () => hex(crypto.getRandomValues(new Uint8Array(16)));

function tabId() {
  const known = session.read('tab') ?? '';
  const tab = /^[0-9a-f]{32}$/.test(known) ? known : newKey();
  if (tab !== known) session.write('tab', tab);
  return tab;
}
