// The shop's settings, the same on all devices; and how this device looks.

import { h } from '../kit/dom.js';
import { button, choice, field, helpLink } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { showKeys } from './keys.js';
import { savedTheme, setTheme } from './theme.js';

const text = words.settings;
const TEXTS = ['shop_name', 'shop_address', 'shop_phone', 'tax_number', 'currency', 'footer_line'];
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
    const form = h(
      'form.form',
      { noValidate: true, onsubmit, oninput },
      ...this.#sections(),
      h('footer.save-bar', this.#problem, h('div.actions', save)),
    );
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
      section(text.paper, this.#sizes, this.#field('footer_line')),
      section(
        text.device,
        theme,
        button(text.keys, showKeys, { name: 'keys' }),
        helpLink(words.help.all, '', '.button'),
      ),
    ];
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
    const { settings } = this.#app.store;
    if (settings === this.#shown || this.#isTouched) return;
    this.#shown = settings;
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
    this.#problem.textContent = isRefused ? (outcome.body?.detail ?? '') : '';
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
    return Object.fromEntries(typed.filter(([name, value]) => String(value) !== String(this.#shown[name])));
  }
}

/** @param {string} title @param {...any} content */
const section = (title, ...content) => h('section.card.two', h('h2', title), ...content);

/** @param {string} text one on each line */
function linesOf(text) {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean);
}
