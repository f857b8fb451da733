// Keeps the store in step with the server: where the lists that were fetched and the stream of changes meet, without a
// gap and without a double. It never touches the screen.
//
// 1. The connection opens first and its changes wait. 2. The lists are fetched. 3. The waiting changes are applied; the
// store drops those that the lists already contain. From then on each change is applied as it comes. The same three
// steps follow every reconnection and every message that cannot be understood.

import * as api from './api.js';
import { Live, retryDelay } from './live.js';
import { KINDS, readFrame } from './wire.js';

/** @typedef {import('./wire.js').Frame} Frame */
/** @typedef {import('./store.js').Store} Store */

/** An interruption that lasts longer is called offline. */
const OFFLINE_AFTER_MS = 15_000;
/** However many messages ask for it, the lists are fetched no more often than this. */
const RELOAD_SPACING_MS = 1_000;
/** More waiting changes than this are dropped and the lists fetched once more. */
const WAITING_FRAMES_MAX = 1_000;

export class Sync {
  #store;
  #live;
  /** Changes that wait for the lists; null when the lists are there. @type {Frame[] | null} */
  #waiting = [];
  /** Something could not be applied while the lists were on their way: fetch them once more. */
  #loadAgain = false;
  /** Orders of conversions that are being fetched. A deletion takes them out again. @type {Set<string>} */
  #missingOrders = new Set();
  /** Grows with each load and each lost connection; an answer to a question of an earlier era is dropped. */
  #era = 0;
  #loadedAt = 0;
  #reloadTimer = 0;
  #offlineTimer = 0;

  /** @param {Store} store @param {string} url of the stream */
  constructor(store, url) {
    this.#store = store;
    this.#live = new Live(url, {
      onUp: () => this.#load(),
      onDown: (heardAt) => this.#down(heardAt),
      onText: (text) => this.#receive(readFrame(text)),
    });
  }

  start() {
    this.#startOfflineTimer();
    this.#live.start();
  }

  /** @param {Frame | null} frame */
  #receive(frame) {
    if (frame === null) this.#reload();
    else if (this.#waiting === null) this.#apply(frame);
    else if (this.#waiting.push(frame) > WAITING_FRAMES_MAX) this.#overflow();
  }

  #overflow() {
    this.#waiting = [];
    this.#loadAgain = true;
  }

  /** @param {Frame} frame */
  #apply(frame) {
    if (frame.action === 'delete') this.#missingOrders.delete(frame.id);
    const need = this.#store.apply(frame);
    if (need === 'lists') this.#reload();
    if (need === 'order') this.#fetchOrder(frame.order_id ?? '');
  }

  /** @param {string} id */
  async #fetchOrder(id) {
    const era = this.#era;
    this.#missingOrders.add(id);
    try {
      const order = await api.order(id);
      if (era === this.#era && this.#missingOrders.has(id)) this.#store.put('order', order);
    } catch (error) {
      const isGone = error instanceof api.ApiError && error.status === 404;
      if (era === this.#era && !isGone) this.#reload();
    } finally {
      if (era === this.#era) this.#missingOrders.delete(id);
    }
  }

  /** Fetches the lists soon; many wishes make one load. */
  #reload() {
    if (this.#waiting !== null) {
      this.#loadAgain = true;
      return;
    }
    if (this.#reloadTimer) return;
    const pause = Math.max(0, this.#loadedAt + RELOAD_SPACING_MS - Date.now());
    this.#reloadTimer = setTimeout(() => this.#load(), pause);
  }

  async #load() {
    const era = this.#nextEra();
    const startedAt = Date.now();
    for (let attempt = 0; era === this.#era; attempt += 1) {
      try {
        const answers = await Promise.all(KINDS.map((kind) => api.newest(kind, this.#store.limit)));
        if (era === this.#era) this.#meet(answers);
        return;
      } catch {
        if (era !== this.#era) return;
        this.#interrupted(startedAt);
        await new Promise((resume) => setTimeout(resume, retryDelay(attempt)));
      }
    }
  }

  #nextEra() {
    clearTimeout(this.#reloadTimer);
    this.#reloadTimer = 0;
    this.#missingOrders.clear();
    this.#waiting = [];
    this.#loadAgain = false;
    this.#era += 1;
    return this.#era;
  }

  /** The lists are there: now the changes that waited for them. @param {api.ListAnswer[]} answers */
  #meet(answers) {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#loadedAt = Date.now();
    KINDS.forEach((kind, index) => this.#store.replace(kind, answers[index]));
    waiting.forEach((frame) => this.#apply(frame));
    if (this.#loadAgain) this.#reload();
    this.#reached();
  }

  #reached() {
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#store.setConnection('live');
  }

  /** @param {number} heardAt */
  #down(heardAt) {
    this.#nextEra();
    this.#interrupted(heardAt);
  }

  /** @param {number} rightAt the last moment at which the lists were known to be right */
  #interrupted(rightAt) {
    if (this.#store.connection === 'live') this.#store.setConnection('reconnecting', new Date(rightAt));
    if (navigator.onLine) this.#startOfflineTimer();
    else this.#store.setConnection('offline');
  }

  #startOfflineTimer() {
    this.#offlineTimer ||= setTimeout(() => this.#store.setConnection('offline'), OFFLINE_AFTER_MS);
  }
}
