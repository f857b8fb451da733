// The idle lock: a page that nobody touches for as long as the shop has set locks by itself. What counts is the last
// input in any tab; and what a closed tab has left, so that nobody finds it open in the morning.

import { local } from '../data/storage.js';

const LOOK_EVERY_MS = 5_000;
const MINUTE_MS = 60_000;

export class IdleLock {
  #session;
  #store;
  #isTouched = false;

  /** @param {import('../net/session.js').Session} session @param {import('../data/store.js').Store} store */
  constructor(session, store) {
    this.#session = session;
    this.#store = store;
  }

  start() {
    const touch = () => {
      this.#isTouched = true;
    };
    for (const input of ['pointerdown', 'keydown', 'wheel']) addEventListener(input, touch, { passive: true });
    document.addEventListener('visibilitychange', () => document.hidden || this.#look());
    setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#look();
  }

  #look() {
    const { me, settings } = this.#store;
    const { person } = me;
    const minutes = settings.lock_minutes || me.lock_minutes;
    const now = Date.now();
    const since = Number(local.read('touched') ?? now);
    // Before the page has woken up, what was touched last counts; a clock that was set back counts from now on.
    const isIdle = person !== null && now - since > minutes * MINUTE_MS;
    if (isIdle) this.#session.lock();
    const isFresh = isIdle || this.#isTouched || person === null || since > now || !local.read('touched');
    if (isFresh) local.write('touched', String(now));
    this.#isTouched = false;
  }
}
