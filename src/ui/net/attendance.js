// Where this tab is: it tells the server which record it shows or edits, for as long as that is so. Only over
// the socket: where none gets through, nothing is told. What does not arrive is no loss, since it is said again.

import { newKey } from '../data/commands.js';

/** @typedef {'view' | 'edit'} Doing */

/** A lease of the server lasts three times as long. */
const RENEW_EVERY_MS = 10_000;
/** Without input for so long it is only open. */
const IDLE_AFTER_MS = 120_000;
/** The server takes five messages a second. */
const SPACING_MS = 300;

export class Attendance {
  #send;
  /**
   * Only in memory: what a tab keeps in its session is copied when it is duplicated, and two tabs of one name would
   * drive each other away. Before a reload the old name says that it is gone.
   */
  #tab = newKey();
  #id = '';
  /** @type {Doing} */
  #does = 'view';
  /** Somebody else goes on with it: until something is typed here, it is only looked at. */
  #isYielded = false;
  /** The others have to be told that this tab goes on. */
  #takes = false;
  #touchedAt = Date.now();
  #isAway = false;
  /** What the server has heard last, and when. */
  #said = '';
  #saidAt = -Infinity;
  #timer = 0;

  /** @param {(text: string) => boolean} send whether it was sent */
  constructor(send) {
    this.#send = send;
  }

  start() {
    const touch = () => {
      const wasIdle = this.#isIdle;
      this.#touchedAt = Date.now();
      if (wasIdle) this.#sayIfNew();
    };
    for (const input of ['pointerdown', 'keydown', 'wheel']) addEventListener(input, touch, { passive: true });
    addEventListener('input', () => this.#goOn());
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', () => this.#return());
    setInterval(() => this.#renew(), RENEW_EVERY_MS);
  }

  /** Another connection knows nothing yet. */
  begin() {
    this.#said = '';
    this.#say();
  }

  /** The tab is at this record from now on. @param {string} id empty for none @param {Doing} does */
  go(id, does) {
    if (id === this.#id && does === this.#does) return;
    this.#id = id;
    this.#does = does;
    this.#isYielded = false;
    this.#takes = false;
    this.#touchedAt = Date.now();
    this.#sayIfNew();
  }

  /** Goes on with what somebody else edits, who is told. */
  take() {
    this.#isYielded = false;
    this.#takes = true;
    this.#say();
  }

  /** Somebody else goes on with it. @param {string} id */
  yield(id) {
    if (id !== this.#id || this.#does !== 'edit') return;
    this.#isYielded = true;
    this.#takes = false;
    this.#sayIfNew();
  }

  #goOn() {
    if (!this.#isYielded) return;
    this.#isYielded = false;
    this.#sayIfNew();
  }

  get #isIdle() {
    return Date.now() - this.#touchedAt > IDLE_AFTER_MS;
  }

  get #state() {
    if (this.#id === '' || this.#isAway) return 'none';
    if (this.#isIdle && !this.#takes) return 'idle';
    return this.#isYielded ? 'view' : this.#does;
  }

  #message() {
    const does = this.#state;
    const id = does === 'none' ? undefined : this.#id;
    return JSON.stringify({ type: 'presence', id, does, tab: this.#tab });
  }

  #sayIfNew() {
    if (this.#message() !== this.#said) this.#say();
  }

  #renew() {
    if (this.#state !== 'none' || this.#message() !== this.#said) this.#say();
  }

  /** At once, or as soon as the server takes another one. */
  #say() {
    clearTimeout(this.#timer);
    const wait = this.#saidAt + SPACING_MS - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#say(), wait);
    else this.#tell();
  }

  #tell() {
    const message = this.#message();
    const takes = this.#takes && this.#state === 'edit';
    if (!this.#send(takes ? JSON.stringify({ ...JSON.parse(message), take: true }) : message)) return;
    this.#takes = false;
    this.#said = message;
    this.#saidAt = performance.now();
  }

  /** There is no later for a page that is closed. */
  #leave() {
    this.#isAway = true;
    clearTimeout(this.#timer);
    if (this.#message() !== this.#said) this.#tell();
  }

  /** The browser may have kept the page. */
  #return() {
    this.#isAway = false;
    this.#sayIfNew();
  }
}
