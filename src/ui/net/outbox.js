// The outbox: every command of this browser on its way to the server. A command is stored first and sent then, in
// order, under its idempotency key until an answer comes; so it is carried out exactly once, over reloads, tabs and
// lost answers. One that the server refuses is parked with the reason and the rest go on; an edit of what was changed
// meanwhile is merged with that first, if nothing overlaps.
//
// What was carried out is kept for a while: should the server be put back to an older copy of its records, the person
// is asked whether what is missing there is to be entered again, under the same keys (`recovery.js`).
//
// Tabs share the queue. A tab that has something to send takes a lease first (`lease.js`).
//
// When an answer comes, it is first given to whoever waits for it, and only then written down: what is not written
// down yet when the tab is closed is sent again, and gets the same answer. Where the browser stores nothing, a command
// goes straight to the server, and stays in the form if no answer comes (`direct.js`).

import { words } from '../kit/words.js';
import { CONFLICT, isDated, isEntry, makesRecord, newKey, withTime } from '../data/commands.js';
import { mergedEdit } from '../data/merge.js';
import { localId } from '../data/records.js';
import { originOf } from '../data/sha256.js';
import { Channel, forgetFirst, isObject } from '../data/storage.js';
import { answerTo, isCarriedOut, isLasting, isPassing, isSuccess, nodOf, reasonOf } from './answers.js';
import { isThere } from './api.js';
import { NotStored } from './database.js';
import { DirectSender } from './direct.js';
import { isLeased, releaseLease, takeLease } from './lease.js';
import { readLost, recovered, writeRecovered } from './recovery.js';

/** @typedef {import('../data/commands.js').Command} Command */
/** @typedef {import('../data/commands.js').Entry} Entry */
/** @typedef {import('../data/commands.js').Outcome} Outcome */
/** @typedef {import('./database.js').Transaction} Transaction */

/** Someone who saves waits so long for the answer; after that the command goes on by itself. */
const ANSWER_WAIT_MS = 3_000;
const RETRY_MS = 1_500;
/** When what is wrong is not mended within a moment, such as a full disk. */
const RETRY_SLOW_MS = 15_000;
/** Keys of this tab's latest commands, by which it knows their echo. */
const OWN_MAX = 500;
/** So often a database that failed is looked for again. */
const LOOK_AGAIN_MS = 30_000;
/**
 * A command that is sent so soon need not say when it was given: the server's clock says the same, and is the better
 * one.
 */
const AT_ONCE_MS = 5_000;

export class Outbox {
  /** @type {Entry[]} */
  entries = [];
  /** Carried out, but not known to the server any more. @type {Entry[]} */
  lost = [];
  /** May be sent now. */
  isOpen = false;
  /** Whether this device can keep what is not sent yet. */
  isKeeping = true;
  /** Who gives the commands; nobody where persons do not log in. @type {import('../data/people.js').Giver | null} */
  person = null;
  /** Whether the server takes a command for that of the person who gave it. @type {(entry: Entry) => boolean} */
  isInName = () => true;
  /** Why nothing gets on for longer; said once. @type {(why: string) => void} */
  onHeld = () => {};
  #database;
  #direct = new DirectSender();
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
  /** What is being sent now, until that is over. @type {Promise<void> | null} */
  #sending = null;
  #timer = 0;
  #restUntil = 0;
  #held = '';
  #looking = 0;
  #onChange;
  #onDone;

  /**
   * @param {import('./database.js').Database} database
   * @param {() => void} onChange
   * @param {(entry: Entry, body: any) => void} onDone a command was carried out
   */
  constructor(database, onChange, onDone) {
    this.#database = database;
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

  /** How many commands have no answer yet. */
  get waiting() {
    return this.entries.filter((entry) => entry.state === 'waiting').length;
  }

  /** Whether commands about a record wait: the next one cannot know its revision. @param {string} id */
  isBusy(id) {
    return this.entries.some((entry) => entry.id === id && entry.state === 'waiting');
  }

  /**
   * Stores a command and sends it. Comes back with the answer, or with `queued` when none comes soon.
   * @param {Command} command
   * @returns {Promise<Outcome>}
   */
  async submit(command) {
    const wanted = newEntry(command, this.person);
    return this.#give(this.#direct.sameAs(wanted) ?? wanted);
  }

  /**
   * Sends a refused command again, under its key, now that somebody has allowed it.
   * @param {Entry} entry
   * @returns {Promise<Outcome>}
   */
  again(entry) {
    return this.#give({ ...entry, state: 'waiting', tries: 0, reason: undefined, status: undefined, may: undefined });
  }

  /** @param {Entry} entry @returns {Promise<Outcome>} */
  async #give(entry) {
    this.#decided.delete(entry.key);
    this.#remember(entry.key);
    try {
      return await this.#queue(entry);
    } catch (fault) {
      if (!(fault instanceof NotStored)) throw fault;
      this.#waiters.delete(entry.key);
      this.#setKeeping(false);
      return this.#sendDirectly(entry);
    }
  }

  /** @param {Entry} entry @returns {Promise<Outcome>} */
  async #queue(entry) {
    const outcome = this.#outcomeOf(entry);
    entry.place = await this.#change(async (transaction) => {
      const held = (await transaction.commands()).find(({ key }) => key === entry.key);
      if (held?.state === 'waiting') return held.place;
      return transaction.put(held ? { ...entry, place: held.place } : entry);
    });
    this.#direct.forget(entry);
    this.pump();
    const patience = this.isOpen && this.#held === '' && this.isInName(entry) ? ANSWER_WAIT_MS : 0;
    setTimeout(() => this.#letGo(entry), patience);
    return outcome;
  }

  /**
   * The first that comes of it: the answer or the end of patience, which takes the waiter away in the same moment.
   * @param {Entry} entry
   * @returns {Promise<Outcome>}
   */
  #outcomeOf(entry) {
    return new Promise((resolve) => {
      this.#waiters.set(entry.key, (first) => {
        this.#waiters.delete(entry.key);
        resolve(first);
      });
    });
  }

  /** The form that waits for it need not wait any longer: it goes on by itself. @param {Entry} entry */
  #letGo(entry) {
    this.#settle({ state: 'queued', status: 0, body: null, entry });
  }

  /** Sends a command that cannot be stored. @param {Entry} entry @returns {Promise<Outcome>} */
  async #sendDirectly(entry) {
    const { isDecided, status, body } = await this.#direct.send(entry);
    if (!isDecided) return { state: 'refused', status, body, entry };
    // The browser may yet store what it seemed not to.
    this.#decided.add(entry.key);
    forgetFirst(this.#decided, OWN_MAX);
    if (!isCarriedOut(entry, status)) return { state: 'refused', status, body, entry };
    this.#onDone(entry, body);
    return { state: 'done', status, body, entry };
  }

  /** A refused command that is not to be forgotten goes back to those that are parked. @param {Outcome} outcome */
  async putBack({ entry, status, body }) {
    try {
      await this.#change((transaction) => transaction.put({ ...entry, ...refusalOf(status, body) }));
    } catch (fault) {
      if (!(fault instanceof NotStored)) throw fault;
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
    const holdIt = async (/** @type {Transaction} */ transaction) => {
      const held = (await transaction.commands()).find(({ place }) => place === entry.place);
      if (!held) return false;
      if (held.state !== 'waiting') return true;
      if (held.tries > 0 || (await isLeased(transaction))) return false;
      transaction.put({ ...held, state: 'parked', reason: words.outbox.editing });
      return true;
    };
    return this.#change(holdIt).catch(() => false);
  }

  /** @param {Entry} entry */
  async discard(entry) {
    // What was built on it cannot be carried out any more either.
    const goes = (/** @type {Entry} */ one) => one.key === entry.key || one.id === localId(entry.key);
    try {
      await this.#change(async (transaction) => {
        for (const one of (await transaction.commands()).filter(goes)) transaction.remove(one.place);
      });
    } catch (fault) {
      if (!(fault instanceof NotStored)) throw fault;
      for (const { key } of this.entries.filter(goes)) this.#decided.add(key);
      this.#show(this.entries.filter((one) => !goes(one)));
    }
  }

  /**
   * Finds out what the server has lost, and what is waiting that was about it.
   * @param {boolean} isReset the server was put back; if that is not known, the latest command tells
   */
  async recover(isReset) {
    try {
      const [stored, known] = await this.#database.change((transaction) =>
        Promise.all([transaction.sent(), readLost(transaction)]),
      );
      const found = await recovered(stored.filter(isEntry), known, this.entries, isReset);
      if (found) await this.#change((transaction) => writeRecovered(transaction, found, known));
    } catch (fault) {
      // A device that keeps nothing has nothing to look for.
      if (!(fault instanceof NotStored)) throw fault;
    }
  }

  /** The answer to the question what is to become of what is lost. @param {boolean} isEnteredAgain */
  async settleLost(isEnteredAgain) {
    try {
      await this.#change(async (transaction) => {
        const lost = isEnteredAgain ? await readLost(transaction) : [];
        // In their old places: before what waits, which may be built on them.
        for (const { again } of lost) transaction.put({ state: 'waiting', ...again, tries: 0, isSealed: false });
        transaction.write('lost', []);
      });
    } catch (fault) {
      // The question stays, to be answered when the browser's database is back.
      if (!(fault instanceof NotStored)) throw fault;
    }
    this.pump();
  }

  /**
   * Parks what nobody can send any more in the name of the person who gave it.
   * @param {(entry: Entry) => boolean} isMeant
   * @param {(entry: Entry) => string} reason
   */
  async setAside(isMeant, reason) {
    const meant = this.entries.filter((entry) => entry.state === 'waiting' && isMeant(entry));
    for (const entry of meant) await this.#store(entry, { state: 'parked', reason: reason(entry) });
  }

  /** What is to be sent next. What another person must send waits, with all that was built on it. */
  #next() {
    const held = new Set();
    return this.entries.find((entry) => {
      if (entry.state !== 'waiting') return false;
      const isFree = this.isInName(entry) && !held.has(entry.id);
      if (!isFree) held.add(localId(entry.key)).add(entry.id ?? '');
      return isFree;
    });
  }

  /** Sends what waits, if it is this tab's turn; comes back when that is over. */
  async pump() {
    clearTimeout(this.#timer);
    if (!this.#sending && (!this.isOpen || !this.#next())) return;
    if (this.#sending || this.#restUntil <= performance.now()) {
      this.#sending ??= this.#sendAll();
      await this.#sending;
    }
    if (!this.#next()) return;
    clearTimeout(this.#timer);
    const rest = Math.max(RETRY_MS, this.#restUntil - performance.now());
    this.#timer = setTimeout(() => this.pump(), Math.min(RETRY_SLOW_MS, rest));
  }

  async #sendAll() {
    try {
      if (await this.#takeLease()) await this.#drain();
    } finally {
      this.#sending = null;
    }
  }

  async #drain() {
    await this.#refresh();
    for (;;) {
      const entry = this.#next();
      if (!entry || !this.isOpen) break;
      if (!(await this.#sendOne(entry)) || !(await this.#takeLease())) break;
    }
    await this.#attempt(releaseLease);
  }

  /** @param {Entry} first @returns {Promise<boolean>} false if it must be tried again later */
  async #sendOne(first) {
    const entry = await this.#seal(first);
    if (!entry) return true;
    const answer = await answerTo(entry);
    const { status, body } = answer;
    const tries = entry.tries + 1;
    if (isPassing(entry, tries, answer)) {
      await this.#wait(entry, tries, isLasting(entry, answer) ? reasonOf(status, body) : '');
      return false;
    }
    this.#held = '';
    if (isCarriedOut(entry, status)) await this.#finish(entry, status, body);
    else await this.#park(entry, status, body);
    return true;
  }

  /**
   * Completes the body before the first attempt, and never after: a command that had to wait, or whose server does
   * not answer right now, says when it was given.
   * @param {Entry} entry
   * @returns {Promise<Entry | undefined>} nothing if it is carried out already
   */
  async #seal(entry) {
    if (entry.isSealed || !isDated(entry.what)) return entry;
    const madeAt = entry.made_at ?? entry.at;
    const isAtOnce = Math.abs(Date.now() - Date.parse(madeAt)) < AT_ONCE_MS && (await isThere());
    const complete = (/** @type {Entry} */ held) =>
      held.isSealed ? held : { ...held, isSealed: true, body: isAtOnce ? held.body : withTime(held.body, madeAt) };
    /** @type {Entry | undefined} */
    let sealed;
    const isStored = await this.#attempt(async (transaction) => {
      // As it is by now: another tab may have sealed it meanwhile.
      const held = (await transaction.commands()).find(({ place }) => place === entry.place);
      sealed = held && complete(held);
      if (sealed && sealed !== held) transaction.put(sealed);
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
    const isForLonger = why !== '';
    const rest = isForLonger ? RETRY_SLOW_MS : RETRY_MS;
    this.#restUntil = performance.now() + rest;
    if (isForLonger && why !== this.#held) this.onHeld(why);
    this.#held = why;
    if (isForLonger) this.entries.forEach((one) => this.#letGo(one));
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
    // What was built on the new record has its id from now on.
    const follow = (/** @type {Entry} */ one) =>
      id !== '' && one.id === local ? { ...one, id, path: one.path.replace(local, id) } : one;
    const outcome = /** @type {Outcome} */ ({ state: 'done', status, body, entry });
    this.#decided.add(entry.key);
    this.#show(this.entries.filter(({ key }) => key !== entry.key).map(follow));
    this.#onDone(entry, body);
    this.#settle(outcome);
    const isStored = await this.#attempt(async (transaction) => {
      transaction.remove(entry.place);
      const made = makesRecord(entry.what) ? id : undefined;
      const number = body?.sale_number ?? body?.estimate_number;
      if (entry.kind && isSuccess(status)) await transaction.putSent({ ...entry, made, number });
      const behind = (await transaction.commands()).filter((one) => follow(one) !== one);
      for (const one of behind) transaction.put(follow(one));
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
    const outcome = /** @type {Outcome} */ ({ state: 'refused', status, body, entry });
    // Somebody still stands in front of the form: the answer goes there, at once, since their patience may end at any
    // moment.
    if (this.#settle(outcome)) {
      await this.discard(entry);
      return;
    }
    const merged = status === CONFLICT ? mergedEdit(entry, body?.current) : null;
    if (status === CONFLICT) await this.#holdFollowers(entry, merged !== null);
    if (merged) {
      // What was refused is answered under its key for ever.
      const key = newKey();
      this.#remember(key);
      await this.#store(entry, { ...merged, key, tries: 0 });
      return;
    }
    await this.#store(entry, refusalOf(status, body));
    this.#channel.tell({ type: 'refused', outcome });
  }

  /**
   * Edits that go on from one that does not fit any more do not fit either: they are refused, and merged, in turn.
   * @param {Entry} entry
   * @param {boolean} isSaid what others have changed is said of the first
   */
  async #holdFollowers({ place, id, rev = 0 }, isSaid) {
    await this.#attempt(async (transaction) => {
      for (const one of await transaction.commands()) {
        const isFollower = one.what === 'edit' && one.id === id && one.place > place && one.rev === undefined;
        if (isFollower) transaction.put({ ...one, rev, merged: { taken: [], since: rev, isSaid } });
      }
    });
  }

  /**
   * Gives an outcome to the form that waits for it.
   * @param {Outcome} outcome
   * @returns {boolean} false if none does any more
   */
  #settle(outcome) {
    const waiter = this.#waiters.get(outcome.entry.key);
    waiter?.(outcome);
    return waiter !== undefined;
  }

  /** @param {Record<string, any>} message of another tab, which may be of another version */
  async #heard({ type, outcome, rest }) {
    if (type === 'rest' && Number.isFinite(rest)) this.#restUntil = performance.now() + Math.min(rest, RETRY_SLOW_MS);
    if (isObject(outcome) && isEntry(outcome.entry)) {
      await this.#heardOutcome(type, /** @type {Outcome} */ (outcome));
    }
    await this.#refresh();
    this.pump();
  }

  /** @param {string} type @param {Outcome} outcome of a command that another tab has sent */
  async #heardOutcome(type, outcome) {
    if (type !== 'done' && type !== 'refused') return;
    const isAwaited = this.#settle(outcome);
    if (type === 'done') this.#onDone(outcome.entry, outcome.body);
    else if (isAwaited) await this.discard(outcome.entry);
  }

  /**
   * Changes a command that waits, as it is by now: it may have been rebased meanwhile.
   * @param {Entry} entry
   * @param {Partial<Entry>} news
   */
  async #store({ place }, news) {
    const isStored = await this.#attempt(async (transaction) => {
      const held = (await transaction.commands()).find((one) => one.place === place);
      if (held) transaction.put({ ...held, ...news });
    });
    if (!isStored) this.#show(this.entries.map((one) => (one.place === place ? { ...one, ...news } : one)));
    await this.#refresh();
    this.#channel.tell({ type: 'changed' });
  }

  /**
   * Changes what is stored, and says so to this tab and the others.
   * @template T
   * @param {(transaction: Transaction) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #change(work) {
    const result = await this.#database.change(work);
    await this.#refresh();
    this.#channel.tell({ type: 'changed' });
    return result;
  }

  /**
   * The same where it must go on without the browser's database.
   * @param {(transaction: Transaction) => Promise<any>} work
   * @returns {Promise<boolean>} whether it is stored
   */
  async #attempt(work) {
    try {
      await this.#database.change(work);
      return true;
    } catch (fault) {
      if (!(fault instanceof NotStored)) throw fault;
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
    const isRead = await this.#attempt(async (transaction) => {
      [stored, lost] = await Promise.all([transaction.commands(), readLost(transaction)]);
      // Answered, but that could not be stored then.
      for (const { place } of stored.filter(({ key }) => this.#decided.has(key))) transaction.remove(place);
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

  /** Without the browser's database no tab can be asked; then the keys see to it that nothing is done twice. */
  async #takeLease() {
    let isOurs = true;
    await this.#attempt(async (transaction) => {
      isOurs = await takeLease(transaction);
    });
    return isOurs;
  }

  /** @param {string} key */
  #remember(key) {
    this.#own.add(originOf(key));
    forgetFirst(this.#own, OWN_MAX);
  }
}

/**
 * What an answer makes of a command that it refuses.
 * @param {number} status
 * @param {any} body
 * @returns {Partial<Entry>}
 */
function refusalOf(status, body) {
  const [reason, may] = [reasonOf(status, body), nodOf(status, body)];
  return { state: 'parked', status, reason, may, current: body?.current };
}

/** @param {Command} command @param {import('../data/people.js').Giver | null} by @returns {Entry} */
function newEntry(command, by) {
  const { body } = command;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const added = { body: text, key: newKey(), at: new Date().toISOString(), state: 'waiting', tries: 0 };
  if (by) Object.assign(added, { by });
  // Its place comes with being stored.
  return /** @type {any} */ ({ ...command, ...added });
}
