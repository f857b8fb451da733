// The first owner, or one who has forgotten the PIN: the code that `tillsync owner` has printed on the shop's machine,
// a name and a PIN.

import { arrange, h, setText } from '../kit/dom.js';
import { field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { problemOf } from './problem.js';
import { pinInput } from './secrets.js';

const text = words.owner;
const PIN = /^\d{6,8}$/;

export class OwnerScreen {
  #session;
  #store;
  #heading = h('h1');
  #hint = h('span.hint');
  #form;
  #back = h('a.button.bare', { href: '#/' }, words.back);
  #save = h('span');
  #code = h('input', { name: 'code', autocomplete: 'off', spellcheck: false, autocapitalize: 'characters' });
  #name = h('input', { name: 'name', autocomplete: 'off' });
  #pin = pinInput('pin');
  #again = pinInput('pin_again');
  #problem = h('p.error', { role: 'alert' });

  /** @param {{ session: import('../net/session.js').Session, store: import('../data/store.js').Store }} app */
  constructor({ session, store }) {
    this.#session = session;
    this.#store = store;
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    };
    this.#form = h(
      'form.login',
      { noValidate: true, onsubmit },
      field(text.code, this.#code),
      h('label.field', h('span.field-label', text.name), this.#name, this.#hint),
      field(words.people.pin, this.#pin, text.pinHint),
      field(words.people.pinAgain, this.#again),
      this.#problem,
      h('button.button.strong', { type: 'submit', data: { action: 'become-owner' } }, this.#save),
    );
    this.node = h('div.pane.gate', { data: { screen: 'owner' } });
  }

  /** @param {string[]} parts the code, if the address has it */
  show([code]) {
    setText(this.#problem, '');
    // It stays in no history.
    if (code) history.replaceState(null, '', '#/owner');
    if (code) this.#code.value = code;
    this.render();
    (this.#code.value ? this.#name : this.#code).focus();
  }

  get title() {
    return this.#store.me.has_owner ? text.newPin : text.title;
  }

  /** Where there is an owner, the code is for one who has forgotten the PIN. The names are not told to strangers. */
  render() {
    const isReset = this.#store.me.has_owner;
    if (this.#heading.textContent === this.title) return;
    setText(this.#heading, this.title);
    arrange(this.node, [this.#heading, ...howTo(isReset), this.#form, this.#back]);
    setText(this.#hint, isReset ? text.asWritten : '');
    this.#hint.hidden = !isReset;
    setText(this.#save, isReset ? text.saveNewPin : text.save);
  }

  leave() {
    this.#pin.value = '';
    this.#again.value = '';
  }

  async #send() {
    const problem = this.#missing() || (await this.#session.becomeOwner(this.#said()).then(() => '', problemOf));
    setText(this.#problem, problem);
    if (problem) return;
    this.#code.value = '';
    location.hash = '#/settings';
  }

  #said() {
    return { code: this.#code.value.trim(), name: this.#name.value.trim(), pin: this.#pin.value };
  }

  /** What is missing; empty if nothing is. */
  #missing() {
    if (!this.#code.value.trim() || !this.#name.value.trim()) return text.missing;
    if (!PIN.test(this.#pin.value)) return text.pinHint;
    return this.#pin.value === this.#again.value ? '' : words.people.different;
  }
}

/** What to do on the shop's machine. @param {boolean} [isReset] a new PIN for an owner that there is */
export const howTo = (isReset = false) => [
  h('p', isReset ? text.atServer : text.first),
  h('p', h('kbd', isReset ? 'tillsync owner --reset' : 'tillsync owner')),
  h('p', text.then),
];
