// Log in, as taking a till over: the names as tiles, then a pad for the PIN. A password is the other way, and the only
// one on a device that was not let in.

import { arrange, h, setText } from '../kit/dom.js';
import { button, field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { problemOf } from './problem.js';
import { passwordInput } from './secrets.js';

/** @typedef {import('../data/people.js').Named} Named */
/** @typedef {import('../net/session.js').Session} Session */

const text = words.login;
const PIN_MIN = 4;
const PIN_MAX = 8;
const LOOK_EVERY_MS = 5_000;

export class LoginScreen {
  title = text.title;
  node = h('div.pane.gate', { data: { screen: 'login' } });
  #session;
  #toast;
  /** Whose PIN is asked. @type {Named | null} */
  #person = null;
  /** Of the person whose commands wait for the PIN. @type {number | undefined} */
  #confirming;
  /** A password is asked instead; on a device that was not let in with the name. */
  #isPassword = false;
  /** What is drawn, so that nothing is drawn twice. */
  #drawn = '';
  #problem = h('p.error', { role: 'alert' });
  #isBusy = false;
  #timer = 0;

  /** @param {{ session: Session, toast: any }} app */
  constructor({ session, toast }) {
    this.#session = session;
    this.#toast = toast;
  }

  /** Somebody who is new is among the names within seconds. */
  show() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#ask(null);
    this.#look();
  }

  leave() {
    clearInterval(this.#timer);
  }

  #look() {
    const { isReached, standing } = this.#session;
    const areNamesShown = !this.#person && standing === 'login' && !document.hidden;
    // A server that is away is asked anyway.
    if (areNamesShown && isReached) this.#session.read();
  }

  render() {
    const { unconfirmed, people, isReached, isWanted, standing } = this.#session;
    // Who has worked since the server went away types the PIN first.
    if (unconfirmed?.id !== this.#confirming) {
      this.#confirming = unconfirmed?.id;
      this.#person = unconfirmed;
    }
    // What comes while somebody types is not to take the digits away.
    const names = this.#person ? null : people.map(({ id, name }) => [id, name]);
    const state = JSON.stringify([this.#person, this.#isPassword, names, isReached, isWanted, standing]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    setText(this.#problem, '');
    if (standing === 'pair') arrange(this.node, this.#byName());
    else if (this.#person) arrange(this.node, this.#isPassword ? this.#byPassword() : this.#byPin(this.#person));
    else arrange(this.node, this.#tiles());
    this.node.querySelector('input, .tile')?.focus();
  }

  /** @param {Named | null} person @param {boolean} [isPassword] */
  #ask(person, isPassword = false) {
    this.#person = person;
    this.#isPassword = isPassword;
    this.#drawn = '';
    this.render();
  }

  #tiles() {
    const { people, isWanted, isReached } = this.#session;
    const tiles = people.map((person) =>
      h(
        'button.tile',
        { type: 'button', onclick: () => this.#take(person), data: { person: person.id } },
        initial(person.name),
        h('span', person.name),
      ),
    );
    return [
      h('h1', text.title),
      isReached ? null : h('p.note', text.away),
      h('div.tiles', ...tiles),
      tiles.length === 0 ? h('p.quiet', text.nobody) : null,
      isReached ? h('a.button.bare', { href: '#/owner' }, words.owner.link) : null,
      isWanted ? this.#link(words.cancel, () => this.#session.want(false)) : null,
    ];
  }

  /** While the server is away no PIN can be asked. @param {Named} person */
  #take(person) {
    if (this.#session.isReached) this.#ask(person);
    else this.#goOn(person);
  }

  /** @param {Named} person */
  #goOn(person) {
    this.#session.choose(person);
    this.#toast(text.later(person.name));
  }

  /** @param {Named} person */
  #byPin(person) {
    const input = h('input.pin', {
      type: 'password',
      inputMode: 'none',
      autocomplete: 'off',
      maxLength: PIN_MAX,
      placeholder: '○○○○○○',
      'aria-label': text.pin(person.name),
      data: { pin: '' },
      oninput: () => {
        input.value = input.value.replace(/\D/g, '');
      },
    });
    const press = (/** @type {string} */ digit) => {
      input.value = (input.value + digit).slice(0, PIN_MAX);
      setText(this.#problem, '');
    };
    const erase = () => {
      input.value = input.value.slice(0, -1);
    };
    const key = (/** @type {string} */ label, /** @type {() => void} */ act, name = label) =>
      h('button.key', { type: 'button', onclick: act, 'aria-label': name }, label);
    const digits = [...'123456789'].map((digit) => key(digit, () => press(digit)));
    const ok = button(text.ok, () => {}, { look: 'strong', type: 'submit', name: 'ok' });
    ok.classList.add('key');
    const keys = [...digits, key('⌫', erase, text.erase), key('0', () => press('0')), ok];
    const form = this.#form(
      () => (input.value.length < PIN_MIN ? null : { person: person.id, pin: input.value }),
      text.short,
      () => {
        input.value = '';
        input.focus();
      },
      input,
      this.#problem,
      h('div.pad', ...keys),
    );
    return [
      ...this.#head(person),
      form,
      this.#link(text.password, () => this.#ask(person, true)),
      ...this.#ways(person),
    ];
  }

  #byPassword() {
    const person = /** @type {Named} */ (this.#person);
    const password = passwordInput();
    const said = () => (password.value ? { person: person.id, password: password.value } : null);
    const form = this.#form(
      said,
      text.empty,
      () => password.select(),
      field(text.passwordOf, password),
      this.#problem,
      go(),
    );
    return [...this.#head(person), form, this.#link(text.usePin, () => this.#ask(person)), ...this.#ways(person)];
  }

  /** The names are not told to strangers. */
  #byName() {
    const name = h('input', { name: 'person_name', autocomplete: 'username' });
    const password = passwordInput();
    const said = () =>
      name.value.trim() && password.value ? { person: name.value.trim(), password: password.value } : null;
    return [
      h('h1', text.title),
      this.#form(
        said,
        text.empty,
        () => password.select(),
        field(text.name, name),
        field(text.passwordOf, password),
        this.#problem,
        go(),
      ),
      h('a.button.bare', { href: '#/' }, words.back),
    ];
  }

  /** @param {Named} person */
  #head(person) {
    const isBack = this.#session.unconfirmed !== null;
    return [initial(person.name), h('h1', person.name), isBack ? h('p', text.confirm(person.name)) : null];
  }

  /** Other ways to go on. @param {Named} person */
  #ways(person) {
    if (this.#session.unconfirmed) return [this.#link(text.giveUp, () => this.#session.giveUp())];
    const goOn = this.#session.isReached ? null : this.#link(text.goOn, () => this.#goOn(person));
    return [goOn, this.#link(text.other, () => this.#ask(null))];
  }

  /** @param {string} label @param {() => void} act */
  #link(label, act) {
    return button(label, act, { look: 'bare' });
  }

  /**
   * @param {() => Record<string, any> | null} said null if something is missing
   * @param {string} missing what to say then
   * @param {() => void} onRefused
   * @param {...any} content
   */
  #form(said, missing, onRefused, ...content) {
    const onsubmit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const answer = said();
      setText(this.#problem, answer ? '' : missing);
      if (!answer || this.#isBusy) return;
      this.#isBusy = true;
      const problem = await this.#session.login(answer).then(() => '', problemOf);
      this.#isBusy = false;
      this.render();
      setText(this.#problem, problem);
      if (problem) onRefused();
      else this.#ask(null);
    };
    return h('form.login', { noValidate: true, onsubmit }, ...content);
  }
}

const go = () => button(text.title, () => {}, { look: 'strong', type: 'submit', name: 'login' });

/** A person as one letter. @param {string} name */
export const initial = (name) => h('b.initial', { 'aria-hidden': 'true' }, [...name.trim()][0]?.toUpperCase() ?? '?');
