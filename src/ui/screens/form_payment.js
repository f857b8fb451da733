// How a sale is paid: the mode, what is handed over, and what is due or given back.

import { fromMinor, parseMicros, roundToMinor } from '../kit/decimal.js';
import { h, part, setText } from '../kit/dom.js';
import { decimals, minorMoney } from '../kit/format.js';
import { choice, field, numeric } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { isCash, modesOf, settle, spelledMode } from '../data/payment.js';

/** @typedef {import('../data/settings.js').Settings} Settings */

const text = words.form;

export class PaymentPart {
  mode = '';
  /** What is given back; it stands beside the buttons. */
  change = h('p.change', { role: 'status', hidden: true, data: { figure: 'change' } });
  /** What the last sale gave back, until the next one begins. */
  lastChange = '';
  #modes = h('div.modes');
  #due = h('p.said.due', { role: 'status' });
  /** @type {any} */
  #paid = null;
  /** An edit of an estimate asks for no payment. */
  #isAsked = true;
  #settings;
  #onChoose;

  /** @param {() => Settings} settings @param {() => void} onChoose another mode was chosen */
  constructor(settings, onChoose) {
    this.#settings = settings;
    this.#onChoose = onChoose;
  }

  /**
   * The card of a form that begins.
   * @param {HTMLInputElement} paid for what is handed over
   * @param {string} mode
   * @param {boolean} isAsked
   */
  card(paid, mode, isAsked) {
    this.mode = mode;
    this.#paid = paid;
    this.#isAsked = isAsked;
    this.#drawModes();
    const handed = field(text.paid, numeric(paid));
    return h('section.card.payment', { hidden: !isAsked }, this.#modes, handed, this.#due);
  }

  /** The shop may have other modes by now. */
  render() {
    if (this.#modes.dataset.modes !== this.#settings().payment_modes.join()) this.#drawModes();
  }

  #drawModes() {
    const settings = this.#settings();
    const modes = modesOf(settings);
    const mode = spelledMode(this.mode, settings);
    this.mode = modes.includes(mode) ? mode : (modes[0] ?? '');
    this.#modes.dataset.modes = settings.payment_modes.join();
    const choose = (/** @type {string} */ chosen) => {
      this.mode = chosen;
      this.#onChoose();
    };
    const options = modes.map((one) => [one, one]);
    this.#modes.replaceChildren(choice(text.mode, 'mode', options, this.mode, choose));
  }

  /** What is typed, in minor units; nothing counts as 0, null if it cannot be read. */
  get handed() {
    const micros = parseMicros(this.#paid.value.trim() || '0');
    return micros === null ? null : roundToMinor(micros, decimals());
  }

  get #isTyped() {
    return this.#paid.value.trim() !== '';
  }

  /** What is due, given back, or too much. @param {bigint} total */
  settle(total) {
    const isPaidInFull = !this.#isAsked || !this.#isTyped;
    const handed = isPaidInFull ? total : (this.handed ?? total);
    return settle(total, handed, isCash(this.mode, this.#settings()));
  }

  /** As it is sent. @param {number} total as it is sent */
  body(total) {
    const amount_paid = this.#isTyped ? fromMinor(this.handed ?? 0n, decimals()) : total;
    return { payment_mode: this.mode, amount_paid };
  }

  /** Says what is due, given back, or too much. @param {bigint} total */
  say(total) {
    const { due, change, excess } = this.settle(total);
    this.#due.classList.toggle('error', excess > 0n);
    if (due > 0n) setText(this.#due, words.state.due(minorMoney(due)));
    else setText(this.#due, excess > 0n ? words.pay.excess(minorMoney(total)) : '');
    this.#sayChange(change > 0n ? minorMoney(change) : this.lastChange);
    this.#paid.placeholder = minorMoney(total);
  }

  /** @param {string} amount empty for none */
  #sayChange(amount) {
    this.change.hidden = amount === '';
    // Messages leave it in sight.
    part('toasts').classList.toggle('high', amount !== '');
    if (this.change.dataset.amount === amount) return;
    this.change.dataset.amount = amount;
    this.change.replaceChildren(...(amount ? [h('span', words.pay.change), ' ', h('b', amount)] : []));
  }
}
