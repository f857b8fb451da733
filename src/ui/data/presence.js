// Who is at which record, as the server tells it: others only, and calmly. Whoever comes is shown after a moment,
// and whoever goes stays for a moment, so that nothing flickers over a short visit or a lost connection. It is never
// a lock. It never sees the network or the screen.

import { isObject } from './storage.js';

/**
 * @typedef {{ name: string, device: string }} Attendee
 * @typedef {Attendee & { does: 'edit' | 'view' | 'idle' }} Present
 * @typedef {{ type: 'presence', action?: string, id?: string, who?: unknown, by?: unknown }} PresenceFrame
 */

const IN_AFTER_MS = 400;
const OUT_AFTER_MS = 2_000;
const DOES = ['edit', 'view', 'idle'];
/** @type {readonly Present[]} */
const NOBODY = [];

export class Presence {
  /** Grows with each change of what is shown. */
  version = 0;
  #changed;
  /** By what this page knows itself. @type {Attendee | null} */
  #you = null;
  /** As it was told, this page's own person included. @type {Map<string, Present[]>} */
  #told = new Map();
  /** The others, as they are shown. @type {Map<string, readonly Present[]>} */
  #shown = new Map();
  /** Who goes on with a record instead of this page. @type {Map<string, Attendee>} */
  #takers = new Map();
  /** What is about to be shown. @type {Map<string, { isIn: boolean, timer: any }>} */
  #waiting = new Map();

  /** @param {() => void} changed called after each change of what is shown */
  constructor(changed) {
    this.#changed = changed;
  }

  /** The others who are at a record; the same list until it changes. @param {string} id */
  othersAt(id) {
    return this.#shown.get(id) ?? NOBODY;
  }

  /** Every record that others are at. */
  get all() {
    return [...this.#shown];
  }

  /** Who has taken a record over from this page. @param {string} id @returns {Attendee | null} */
  takerOf(id) {
    return this.#takers.get(id) ?? null;
  }

  /** This page goes on with it after all, or has left it. @param {string} id */
  forgetTaker(id) {
    if (this.#takers.delete(id)) this.#say();
  }

  /** @param {PresenceFrame} frame */
  hear(frame) {
    const { action, id = '', who, by } = frame;
    if (action === 'you' && isAttendee(frame)) this.#meet(frame);
    else if (action === 'anew') this.begin(false);
    else if (action === 'taken' && isAttendee(by)) this.#taken(String(id), by);
    else if (!action && Array.isArray(who)) this.#tell(String(id), who.filter(isPresent));
  }

  /** Everything is told anew. @param {boolean} isNew on a connection on which it is not known who this page is */
  begin(isNew) {
    if (isNew) this.#you = null;
    this.#told.clear();
    this.#takers.clear();
    for (const id of [...this.#shown.keys(), ...this.#waiting.keys()]) this.#follow(id);
  }

  /** Nobody who is here may see it any more, or it is gone. @param {string} id */
  drop(id) {
    this.#told.delete(id);
    this.#takers.delete(id);
    this.#forgetWaiting(id);
    if (this.#shown.delete(id)) this.#say();
  }

  /** Whoever was here is not any more: nothing that was shown stays. */
  end() {
    this.#you = null;
    for (const id of new Set([...this.#told.keys(), ...this.#shown.keys(), ...this.#waiting.keys()])) this.drop(id);
    this.#takers.clear();
  }

  /** @param {Attendee} you */
  #meet({ name, device }) {
    this.#you = { name, device };
    for (const id of new Set([...this.#told.keys(), ...this.#shown.keys()])) this.#follow(id);
  }

  /** @param {string} id @param {Attendee} by */
  #taken(id, { name, device }) {
    // It was this person, in another tab.
    if (this.#isYou({ name, device })) return;
    this.#takers.set(id, { name, device });
    this.#say();
  }

  /** @param {string} id @param {Present[]} who */
  #tell(id, who) {
    if (who.length === 0) this.#told.delete(id);
    else this.#told.set(id, who.map(({ name, device, does }) => ({ name, device, does })));
    const taker = this.#takers.get(id);
    // Whoever has taken it does not go on with it any more.
    if (taker && !who.some((one) => one.does === 'edit' && isSame(one, taker))) this.forgetTaker(id);
    this.#follow(id);
  }

  /** @param {Attendee} one */
  #isYou(one) {
    return this.#you !== null && isSame(one, this.#you);
  }

  /** Until it is known who of them is this page, nobody is shown. @param {string} id @returns {readonly Present[]} */
  #others(id) {
    const who = this.#you ? (this.#told.get(id) ?? NOBODY) : NOBODY;
    return who.filter((one) => !this.#isYou(one));
  }

  /** Shows what was told, in a moment. @param {string} id */
  #follow(id) {
    const others = this.#others(id);
    const isIn = others.length > 0;
    const waiting = this.#waiting.get(id);
    if (JSON.stringify(others) === JSON.stringify(this.othersAt(id))) this.#forgetWaiting(id);
    else if (waiting?.isIn !== isIn) {
      this.#forgetWaiting(id);
      const timer = setTimeout(() => this.#show(id), isIn ? IN_AFTER_MS : OUT_AFTER_MS);
      this.#waiting.set(id, { isIn, timer });
    }
  }

  /** @param {string} id */
  #forgetWaiting(id) {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.delete(id);
  }

  /** @param {string} id */
  #show(id) {
    this.#waiting.delete(id);
    const others = this.#others(id);
    if (others.length > 0) this.#shown.set(id, others);
    else this.#shown.delete(id);
    this.#say();
  }

  #say() {
    this.version += 1;
    this.#changed();
  }
}

/** @param {Attendee} one @param {Attendee} other */
const isSame = (one, other) => one.name === other.name && one.device === other.device;

/** @param {any} one @returns {one is Attendee} */
const isAttendee = (one) => isObject(one) && typeof one.name === 'string' && typeof one.device === 'string';

/** @param {any} one @returns {one is Present} */
const isPresent = (one) => isAttendee(one) && DOES.includes(/** @type {any} */ (one).does);
