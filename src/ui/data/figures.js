// The figures of the first screen. The server counts once; from then on each change is added here, exactly, in minor
// units. What cannot be added, because the record was not known before, makes the figures stale, and the server
// counts again.

import { decimals } from '../kit/format.js';
import { foldMode } from './payment.js';
import { isCancelled, timeOf } from './records.js';

/** @typedef {import('./records.js').Kind} Kind */
/** @typedef {import('./records.js').SaleRecord} SaleRecord */

/**
 * @typedef {{ count: number, total: number, paid: number }} Sums in minor units
 * @typedef {Sums & { day: string, modes: Map<string, Sums & { mode: string }> }} Day by folded modes; `mode` is one
 * spelling
 * @typedef {{ seq: number, kind: Kind, before: SaleRecord | null | undefined, after: SaleRecord | null }} Step
 *   `before` is null for a new record, undefined for an unknown one
 */

/** Steps kept while an answer is on its way; after more, the server counts again. */
const STEPS_MAX = 1_000;

export class Figures {
  /** @type {Day[]} */
  days = [];
  open = { count: 0, total: 0, paid: 0 };
  isLoaded = false;
  /** The server must count again. */
  isStale = false;
  /** They are not of everything that this page sees, so that only the server can count. */
  isPart = false;
  /** What happened while the server counts; null while it does not. @type {Step[] | null} */
  #recent = null;
  /** The last change that the server has counted. The stream may be behind it. */
  #countedTo = 0;

  /** @param {any} summary as the server counted @param {number} seq the last change that it contains */
  take(summary, seq) {
    this.days = (summary.days ?? []).map(dayOf);
    this.open = sums(summary.open_estimates ?? {});
    this.isLoaded = true;
    this.#countedTo = seq;
    const recent = this.#recent ?? [];
    this.#recent = null;
    this.isStale = recent.length > STEPS_MAX;
    for (const step of recent.filter((one) => one.seq > seq)) this.#add(step);
  }

  /** The server is asked to count. */
  expect() {
    this.#recent ??= [];
  }

  /** Something happened. @param {Step} step */
  change(step) {
    if (this.#recent && this.#recent.length <= STEPS_MAX) this.#recent.push(step);
    if (this.isLoaded && step.seq > this.#countedTo) this.#add(step);
  }

  /** @param {Step} step */
  #add({ kind, before, after }) {
    if (before === undefined || this.isPart) {
      this.isStale = true;
      return;
    }
    if (kind === 'estimate') {
      this.#count(before, -1);
      this.#count(after, 1);
    } else {
      this.#sell(before, -1);
      this.#sell(after, 1);
    }
  }

  /** @param {SaleRecord | null} estimate @param {1 | -1} sign */
  #count(estimate, sign) {
    if (estimate && !estimate.is_converted_to_order) add(this.open, estimate, sign);
  }

  /** @param {SaleRecord | null} order @param {1 | -1} sign */
  #sell(order, sign) {
    if (!order || isCancelled(order)) return;
    const name = timeOf(order).slice(0, 10);
    const day = this.days.find((one) => one.day === name);
    if (!day) {
      // The first sale after midnight opens a day that the server has not counted yet.
      this.isStale ||= name > (this.days.at(-1)?.day ?? '');
      return;
    }
    add(day, order, sign);
    add(modeOf(day, order.payment_mode ?? ''), order, sign);
  }
}

/** @param {any} wire @returns {Sums} */
const sums = (wire) => ({ count: wire.count ?? 0, total: minor(wire.total ?? 0), paid: minor(wire.paid ?? 0) });

/** @param {any} wire @returns {Day} */
function dayOf(wire) {
  const day = { ...sums(wire), day: wire.day, modes: new Map() };
  for (const one of wire.modes ?? []) {
    const mode = modeOf(day, one.mode);
    const { count, total, paid } = sums(one);
    Object.assign(mode, { count: mode.count + count, total: mode.total + total, paid: mode.paid + paid });
  }
  return day;
}

/** What was paid in a mode, however it is spelled. @param {Day} day @param {string} mode */
function modeOf({ modes }, mode) {
  const key = foldMode(mode);
  const held = modes.get(key) ?? { mode: mode.trim(), count: 0, total: 0, paid: 0 };
  modes.set(key, held);
  return held;
}

/**
 * @param {Sums} into
 * @param {SaleRecord} record
 * @param {1 | -1} sign
 */
function add(into, record, sign) {
  into.count += sign;
  into.total += sign * minor(record.total);
  into.paid += sign * minor(record.amount_paid ?? 0);
}

/** @param {number} amount */
const minor = (amount) => Math.round(amount * 10 ** decimals());
