// Pairing: a device that was not let in shows six digits and waits until somebody who may lets it in.

import { arrange, h, setText } from '../kit/dom.js';
import { button, qrCode } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { problemOf } from './problem.js';

/** @typedef {import('../net/session.js').Session} Session */

const text = words.pairing;
const LOOK_EVERY_MS = 2_000;
const ASK_EVERY_MS = 5_000;

/** A shop without an owner, of which other devices see nothing. */
export class ClosedScreen {
  title = text.closed;
  node = h(
    'div.pane.gate',
    { data: { screen: 'closed' } },
    h('h1', text.closed),
    h('p', text.noOwner),
    h('a.button', { href: '#/owner' }, words.owner.link),
  );
  #session;
  #timer = 0;

  /** @param {{ session: Session }} app */
  constructor({ session }) {
    this.#session = session;
  }

  show() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#session.read(), ASK_EVERY_MS);
  }

  leave() {
    clearInterval(this.#timer);
  }

  render() {}
}

export class PairingScreen {
  node = h('div.pane.gate', { data: { screen: 'pair' } });
  #session;
  #heading = h('h1');
  #digits = h('output.digits', { data: { pairing: 'digits' } });
  #qr = h('div');
  #said = h('p', { role: 'status' });
  #again = button(words.again, () => this.#ask(), { name: 'pair-again' });
  #timer = 0;
  #isShown = false;

  /** @param {{ session: Session }} app */
  constructor({ session }) {
    this.#session = session;
    arrange(this.node, [
      this.#heading,
      h('div.codes', this.#digits, this.#qr),
      this.#said,
      this.#again,
      h('a.button.bare', { href: '#/login' }, text.password),
      h('a.button.bare', { href: '#/owner' }, words.owner.link),
    ]);
  }

  /** @param {string[]} parts an invitation, if the address has one */
  show([invite]) {
    this.#isShown = true;
    // It is used once, and no later look into the history is to find it.
    if (invite) history.replaceState(null, '', '#/');
    if (this.#session.pairing && !invite) this.#showCode();
    else this.#ask(invite);
  }

  leave() {
    this.#isShown = false;
    clearTimeout(this.#timer);
  }

  get title() {
    return this.#session.wasLetIn ? text.shutOut : text.title;
  }

  render() {
    setText(this.#heading, this.title);
  }

  /** @param {string} [invite] */
  async #ask(invite) {
    this.#say('', text.asking);
    try {
      await this.#session.askToPair(invite);
      this.#showCode();
    } catch (error) {
      this.#say('', problemOf(error), true);
    }
  }

  #showCode() {
    const { code, qr } = this.#session.pairing ?? {};
    this.#say(code ? String(code) : '', code ? text.type : text.invited);
    arrange(this.#qr, [qrCode(qr, words.qr)]);
    this.#wait();
  }

  #wait() {
    if (!this.#isShown) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  async #look() {
    const state = await this.#session.lookAtPairing();
    if (state === 'waiting') this.#wait();
    else if (state !== 'paired') this.#say('', text[state], true);
  }

  /** @param {string} digits @param {string} said @param {boolean} [isOver] */
  #say(digits, said, isOver = false) {
    // Read out one by one.
    this.#digits.setAttribute('aria-label', [...digits].join(' '));
    setText(this.#digits, digits.replace(/(\d{3})(?=\d)/, '$1 '));
    this.#digits.hidden = digits === '';
    this.#qr.replaceChildren();
    setText(this.#said, said);
    this.#again.hidden = !isOver;
  }
}
