// Long polling: the feed over HTTP, where no WebSocket gets through (a proxy that drops `Upgrade`, a school's
// firewall). It asks `/api/changes` again and again; what the answers mean is not its business.

import * as api from './api.js';
import { pause, retryDelay } from './retry.js';

/**
 * @typedef {{ epoch: string, seq: number }} Position
 * @typedef {object} LongPollHandlers
 * @property {() => Position | null} position up to which everything is known
 * @property {(page: any) => void} onPage an answer of `/api/changes`
 * @property {(heardAt: number) => void} onDown the server does not answer (said again after each failed attempt)
 */

/** So long the server may hold an empty answer; proxies cut those that take long. */
const WAIT_S = 20;
/** Changes of one answer. */
const PAGE_CHANGES = 500;
/** A page behind others asks now and then: many that wait would use up the browser's connections to the server. */
const HIDDEN_PAUSE_MS = 10_000;

export class LongPoll {
  /** Grows with each start and end; what an earlier run had asked is not wanted any more. */
  #run = 0;
  #isOn = false;
  #heardAt = 0;
  #handlers;

  /** @param {LongPollHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    addEventListener('online', () => this.#wake());
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake());
  }

  start() {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#askAnew();
  }

  stop() {
    this.#isOn = false;
    this.#run += 1;
  }

  /** The device woke up or its network changed: what was asked before may never be answered. */
  #wake() {
    if (this.#isOn) this.#askAnew();
  }

  #askAnew() {
    this.#run += 1;
    this.#ask(this.#run);
  }

  /** @param {any} body @returns {boolean} false if it is no page of changes, whoever has answered */
  #take(body) {
    try {
      this.#handlers.onPage(body);
      return true;
    } catch {
      return false;
    }
  }

  /** @param {number} run */
  async #ask(run) {
    let failures = 0;
    // The first answer of a run comes at once, so that it is known whether the server is there.
    let wait = 0;
    while (run === this.#run) {
      const { epoch = '', seq } = this.#handlers.position() ?? {};
      const answer = await api.changes({ since: seq, epoch, limit: PAGE_CHANGES, wait }).catch(() => null);
      if (run !== this.#run) return;
      if (answer && this.#take(answer.body)) {
        this.#heardAt = Date.now();
        failures = 0;
        wait = document.hidden ? 0 : WAIT_S;
        if (document.hidden) await pause(HIDDEN_PAUSE_MS);
      } else if (wait > 0) {
        // A proxy may just have cut an answer that took long; the next one does not.
        wait = 0;
      } else {
        this.#handlers.onDown(this.#heardAt);
        await pause(retryDelay(failures));
        failures += 1;
      }
    }
  }
}
