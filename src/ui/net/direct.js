// Commands of a device that can store nothing: each goes straight to the server. One that no answer came to keeps its
// idempotency key, so that the person's next attempt is the same command.

import { words } from '../kit/words.js';
import { meaningOf } from '../data/commands.js';
import { forgetFirst } from '../data/storage.js';
import { answerTo, isLasting, isPassing, reasonOf } from './answers.js';
import { pause } from './retry.js';

/** @typedef {import('../data/commands.js').Entry} Entry */

/** So often, and so long, a command is sent before the form says that no answer comes. */
const TRIES_MAX = 3;
const WAIT_MS = 10_000;
const RETRY_MS = 1_500;
/** Commands without an answer that are remembered. */
const UNDECIDED_MAX = 20;
/** After this, an equal command is another one. */
const UNDECIDED_MS = 600_000;

export class DirectSender {
  /** Sent without an answer and not stored, by what they say. @type {Map<string, Entry>} */
  #undecided = new Map();

  /** The same command, if it was given before and no answer came. @param {Entry} wanted */
  sameAs(wanted) {
    const held = this.#undecided.get(meaningOf(wanted));
    return held && Math.abs(Date.now() - Date.parse(held.at)) < UNDECIDED_MS ? held : undefined;
  }

  /** @param {Entry} entry that is stored, or decided */
  forget(entry) {
    this.#undecided.delete(meaningOf(entry));
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<{ isDecided: boolean, status: number, body: any }>}
   */
  async send(entry) {
    this.#undecided.set(meaningOf(entry), entry);
    forgetFirst(this.#undecided, UNDECIDED_MAX);
    const startedAt = performance.now();
    for (let tries = 1; ; tries += 1) {
      const answer = await answerTo(entry);
      if (!isPassing(entry, tries, answer)) {
        this.forget(entry);
        return { isDecided: true, ...answer };
      }
      const isLast = tries === TRIES_MAX || performance.now() - startedAt > WAIT_MS;
      const isHopeless = isLasting(entry, answer);
      if (isHopeless || isLast) return { isDecided: false, status: 0, body: undecided(isHopeless, answer) };
      await pause(RETRY_MS);
    }
  }
}

/** What the form says then. @param {boolean} isHopeless @param {{ status: number, body: any }} answer */
function undecided(isHopeless, { status, body }) {
  const why = isHopeless ? reasonOf(status, body) : words.outbox.away;
  return { detail: words.outbox.unkept(why) };
}
