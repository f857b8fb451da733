// Asks how an estimate was paid, before it becomes a sale.

import { fromMinor, parseMicros, roundToMinor, toMinor } from '../kit/decimal.js';
import { accept, cancel, openDialog } from '../kit/dialog.js';
import { h, setText } from '../kit/dom.js';
import { decimals, minorMoney, minorText, money } from '../kit/format.js';
import { NUMERIC, button, choice, field, numeric } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { isCash, modesOf, settle } from '../data/payment.js';

/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/settings.js').Settings} Settings */
/** @typedef {{ payment_mode: string, sale_by: string, amount_paid: number }} Payment */

/**
 * @param {SaleRecord} estimate
 * @param {Settings} settings
 * @returns {Promise<Payment | null>}
 */
export const askConversion = (estimate, settings) => new Conversion(estimate, settings).ask();

class Conversion {
  #estimate;
  #settings;
  #total;
  #mode;
  #by;
  #paid;
  #note = h('p', { role: 'status' });

  /** @param {SaleRecord} estimate @param {Settings} settings */
  constructor(estimate, settings) {
    this.#estimate = estimate;
    this.#settings = settings;
    this.#mode = settings.payment_modes[0];
    this.#total = toMinor(estimate.total, decimals());
    this.#by = h('input', { value: estimate.sale_by, name: 'sale_by', autocomplete: 'off' });
    const paid = { value: minorText(this.#total), name: 'amount_paid', autocomplete: 'off', ...NUMERIC };
    this.#paid = h('input', { ...paid, oninput: () => this.#say() });
  }

  ask() {
    const modes = modesOf(this.#settings).map((mode) => [mode, mode]);
    const people = this.#settings.staff_names.map((name) => button(name, () => this.#setSeller(name)));
    const content = [
      h('p.figure', money(this.#estimate.total)),
      choice(words.form.mode, 'payment_mode', modes, this.#mode, (mode) => this.#choose(mode)),
      field(words.form.paid, numeric(this.#paid)),
      this.#note,
      field(words.form.by, this.#by),
      h('div.actions', ...people),
    ];
    const title = words.ask.convert(this.#estimate.estimate_number ?? '');
    return openDialog(title, content, [cancel(), accept(words.ask.complete)], () => this.#answer());
  }

  /** @param {string} name */
  #setSeller(name) {
    this.#by.value = name;
  }

  /** @param {string} mode */
  #choose(mode) {
    this.#mode = mode;
    this.#say();
  }

  /** What is handed over, in minor units: the total if nothing is typed, null if it cannot be read. */
  #handed() {
    const typed = this.#paid.value;
    if (typed.trim() === '') return this.#total;
    const micros = parseMicros(typed);
    const minor = micros === null ? -1n : roundToMinor(micros, decimals());
    return minor < 0n ? null : minor;
  }

  #settled() {
    return settle(this.#total, this.#handed() ?? this.#total, isCash(this.#mode, this.#settings));
  }

  /** What is wrong; empty if nothing is. */
  #problem() {
    if (this.#handed() === null) return words.form.errors.paid;
    return this.#settled().excess > 0n ? words.pay.excess(minorMoney(this.#total)) : '';
  }

  /** What is wrong, given back or due. */
  #say() {
    const problem = this.#problem();
    const { due, change } = this.#settled();
    this.#paid.setAttribute('aria-invalid', problem !== '');
    if (problem) this.#note.className = 'said error';
    else this.#note.className = change > 0n ? 'change' : 'said due';
    if (problem) setText(this.#note, problem);
    else if (change > 0n) setText(this.#note, `${words.pay.change} ${minorMoney(change)}`);
    else setText(this.#note, due > 0n ? words.state.due(minorMoney(due)) : '');
  }

  /** @returns {Payment | null} */
  #answer() {
    this.#say();
    const handed = this.#handed();
    if (handed === null || this.#problem()) {
      this.#paid.focus();
      return null;
    }
    const amount_paid = fromMinor(handed, decimals());
    return { payment_mode: this.#mode, sale_by: this.#by.value.trim(), amount_paid };
  }
}
