// The shop's settings, the same on all devices; and how this device looks.

import { confirm } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { button, choice, field, helpLink } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { reasonOf } from '../net/answers.js';
import { request } from '../net/api.js';
import { showKeys } from './keys.js';
import { howTo } from './owner.js';
import { Unfit } from './problem.js';
import { RIGHT_FOR } from './route.js';
import { openTask, pinInput } from './secrets.js';
import { savedTheme, setTheme } from './theme.js';

const text = words.settings;
const TEXTS = ['shop_name', 'shop_address', 'shop_phone', 'tax_number', 'currency', 'footer_line'];
const PASSWORD_MAX = 256;
/** Of the sections, the first are the shop's. */
const SHOP_SECTIONS = 3;
/** What else there is to set up, and the right for it. */
const LINKS = Object.entries(RIGHT_FOR);
const LISTS = ['staff_names', 'payment_modes', 'cash_modes'];

export class SettingsScreen {
  title = text.title;
  #app;
  /** @type {Record<string, any>} */
  #inputs = {};
  /** The settings that are shown; only what differs from them is saved. @type {any} */
  #shown = {};
  #paper = '';
  #sizes = h('div');
  #problem = h('p.error', { role: 'alert' });
  #isTouched = false;
  /** Grows with what is typed. */
  #touches = 0;
  /** Who is here, as it is drawn. @type {any} */
  #shownMe = null;
  #access = h('section.card.stacked', { data: { section: 'access' } });
  #leaving = button(text.logout, () => this.#logout(), { name: 'logout', look: 'danger' });
  #pin = button(words.people.change, () => this.#changePin(), { name: 'change-pin' });
  /** Of no use where nobody logs in. @type {any} */
  #ofOwner = null;
  /** What only those see who may set up the shop. @type {any[]} */
  #ofShop = [];

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#save();
    };
    const oninput = (/** @type {any} */ event) => {
      if (event.target.name !== 'theme') this.#touch();
    };
    const save = button(text.save, () => {}, { look: 'strong', type: 'submit', name: 'save' });
    const bar = h('footer.save-bar', this.#problem, h('div.actions', save));
    const sections = this.#sections();
    this.#ofShop = [...sections.slice(0, SHOP_SECTIONS), bar];
    const form = h('form.form', { noValidate: true, onsubmit, oninput }, ...sections, bar);
    const head = h('header.pane-head', h('h1', text.title));
    this.node = h('div.pane.form-pane', { data: { screen: 'settings' } }, head, form);
  }

  #sections() {
    const theme = choice(text.theme, 'theme', Object.entries(text.themes), savedTheme(), setTheme);
    return [
      section(
        text.shop,
        this.#field('shop_name'),
        this.#field('shop_phone'),
        this.#field('shop_address', 'textarea'),
        this.#field('tax_number'),
        this.#field('currency', 'input', text.currencyHint),
      ),
      section(
        text.people,
        this.#field('staff_names', 'textarea', text.oneEach),
        this.#field('payment_modes', 'textarea', text.oneEach),
        this.#field('cash_modes', 'textarea', text.cashHint),
      ),
      section(text.paper, this.#sizes, this.#field('footer_line'), this.#lockMinutes()),
      this.#access,
      section(
        text.device,
        theme,
        button(text.keys, showKeys, { name: 'keys' }),
        helpLink(words.help.all, '', '.button'),
        this.#pin,
        this.#leaving,
      ),
    ];
  }

  /** How others are let in; once the shop has an owner, who and what was. */
  #drawAccess() {
    const { me } = this.#app.store;
    this.#leaving.hidden = me.device === null;
    this.#pin.hidden = me.person === null;
    const links = LINKS.filter(([, right]) => me.rights.includes(right));
    const enter = h('a.button', { href: '#/owner', data: { action: 'owner' } }, words.owner.enter);
    const link = (/** @type {string} */ name) =>
      h('a.button', { href: `#/${name}`, data: { action: name } }, named(name));
    const content = me.has_owner ? links.map(([name]) => link(name)) : [...howTo(), enter];
    this.#access.hidden = content.length === 0;
    this.#access.replaceChildren(h('h2', me.has_owner ? text.access : words.owner.let), ...content);
  }

  async #changePin() {
    const { person } = this.#app.store.me;
    const [current, pin, again] = ['current', 'pin', 'pin_again'].map(pinInput);
    const password = h('input', { name: 'password', type: 'password', autocomplete: 'new-password' });
    // What somebody has may be a password.
    current.inputMode = 'text';
    current.maxLength = PASSWORD_MAX;
    const { people } = words;
    const change = async () => {
      if (pin.value !== again.value) throw new Unfit(people.different);
      if (!pin.value && !password.value) throw new Unfit(people.nothingNew);
      const chosen = { pin: pin.value || undefined, password: password.value || undefined };
      return request('PUT', `/api/people/${person.id}`, { current: current.value, ...chosen });
    };
    const hint = (/** @type {string} */ own) => `${own}. ${people.keep}`;
    const content = [
      field(people.current, current),
      field(people.newPin, pin, hint(people.pinHint)),
      field(people.pinAgain, again),
      field(people.newPassword, password, hint(people.passwordHint)),
    ];
    if (await openTask(people.change, content, people.save, change)) this.#app.toast(people.changed);
  }

  async #logout() {
    const isSure = await confirm(text.logout, text.logoutGoes, text.logout);
    if (isSure && !(await this.#app.session.logout())) this.#app.toast(words.unreached, 'bad');
  }

  #lockMinutes() {
    const node = this.#field('lock_minutes', 'input', text.lockHint);
    this.#inputs.lock_minutes.inputMode = 'numeric';
    this.#ofOwner = node;
    return node;
  }

  /**
   * @param {string} name
   * @param {'input' | 'textarea'} [tag]
   * @param {string} [hint]
   */
  #field(name, tag = 'input', hint = '') {
    this.#inputs[name] = h(tag, { name, autocomplete: 'off', ...(tag === 'textarea' ? { rows: 4 } : {}) });
    return field(/** @type {any} */ (text)[name], this.#inputs[name], hint);
  }

  show() {
    this.#isTouched = false;
    this.#shown = {};
    this.render();
  }

  /** What another device saves appears here, unless somebody is typing. */
  render() {
    const { settings, me } = this.#app.store;
    if (me !== this.#shownMe) {
      this.#shownMe = me;
      this.#drawAccess();
      this.#ofOwner.hidden = !me.has_owner;
      for (const part of this.#ofShop) part.hidden = !me.rights.includes('settings');
    }
    if (settings === this.#shown || this.#isTouched) return;
    this.#shown = settings;
    this.#inputs.lock_minutes.value = settings.lock_minutes ?? '';
    for (const name of TEXTS) this.#inputs[name].value = settings[name];
    for (const name of LISTS) this.#inputs[name].value = (settings[name] ?? []).join('\n');
    this.#paper = settings.paper_size;
    const choose = (/** @type {string} */ size) => {
      this.#paper = size;
    };
    const sizes = Object.entries(text.sizes);
    this.#sizes.replaceChildren(choice(text.paper_size, 'paper_size', sizes, this.#paper, choose));
  }

  #touch() {
    this.#isTouched = true;
    this.#touches += 1;
  }

  async #save() {
    const touches = this.#touches;
    const body = this.#changes();
    const command = {
      what: /** @type {const} */ ('settings'),
      title: '',
      method: 'PUT',
      path: '/api/settings',
      body,
    };
    const outcome = await this.#app.actions.run(command, () => words.said.settings);
    const isRefused = outcome.state === 'refused';
    this.#problem.textContent = isRefused ? reasonOf(outcome.status, outcome.body) : '';
    if (isRefused) return;
    // What was typed while it was being saved stays.
    if (touches === this.#touches) this.#isTouched = false;
    if (outcome.body?.data) this.#app.store.setSettings(outcome.body.data);
  }

  /** Only what differs from what is shown is saved. */
  #changes() {
    const typed = [
      ...TEXTS.map((name) => [name, this.#inputs[name].value.trim()]),
      ...LISTS.map((name) => [name, linesOf(this.#inputs[name].value)]),
      ['paper_size', this.#paper],
    ];
    const minutes = this.#inputs.lock_minutes.value.trim();
    if (this.#shown.lock_minutes !== undefined && minutes) typed.push(['lock_minutes', Number(minutes)]);
    return Object.fromEntries(typed.filter(([name, value]) => String(value) !== String(this.#shown[name])));
  }
}

/** @param {string} name of a screen */
const named = (name) => /** @type {any} */ (words)[name].title;

/** @param {string} title @param {...any} content */
const section = (title, ...content) => h('section.card.two', h('h2', title), ...content);

/** @param {string} text one on each line */
function linesOf(text) {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean);
}
