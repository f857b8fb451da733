// The shop's settings, the same on all devices; and how this device looks.

import { h, part } from './dom.js';
import { showKeys } from './dialog.js';
import { local } from './storage.js';
import { button, choice, field } from './widgets.js';
import { words } from './words.js';

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
    const own = (
      /** @type {string} */ name,
      /** @type {string} */ tag = 'input',
      /** @type {string} */ hint = '',
    ) => {
      this.#inputs[name] = h(tag, { name, autocomplete: 'off', ...(tag === 'textarea' ? { rows: 4 } : {}) });
      return field(/** @type {any} */ (text)[name], this.#inputs[name], hint);
    };
    const theme = local.read('theme') ?? '';
    const form = h(
      'form.form',
      {
        noValidate: true,
        onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), this.#save()),
        oninput: (/** @type {any} */ event) => event.target.name !== 'theme' && this.#touch(),
      },
      h(
        'section.card.two',
        h('h2', text.shop),
        own('shop_name'),
        own('shop_phone'),
        own('shop_address', 'textarea'),
        own('tax_number'),
        own('currency', 'input', text.currencyHint),
      ),
      h(
        'section.card.two',
        h('h2', text.people),
        own('staff_names', 'textarea', text.oneEach),
        own('payment_modes', 'textarea', text.oneEach),
        own('cash_modes', 'textarea', text.cashHint),
      ),
      h('section.card.two', h('h2', text.paper), this.#sizes, own('footer_line')),
      h(
        'section.card.two',
        h('h2', text.device),
        choice(text.theme, 'theme', Object.entries(text.themes), theme, setTheme),
        button(text.keys, showKeys, { name: 'keys' }),
      ),
      h(
        'footer.save-bar',
        this.#problem,
        h(
          'div.actions',
          button(text.save, () => {}, { look: 'strong', type: 'submit', name: 'save' }),
        ),
      ),
    );
    this.node = h(
      'div.pane.form-pane',
      { data: { screen: 'settings' } },
      h('header.pane-head', h('h1', text.title)),
      form,
    );
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
    this.#sizes.replaceChildren(
      choice(text.paper_size, 'paper_size', Object.entries(text.sizes), this.#paper, (size) => (this.#paper = size)),
    );
  }

  #touch() {
    this.#isTouched = true;
    this.#touches += 1;
  }

  async #save() {
    const touches = this.#touches;
    const lines = (/** @type {string} */ text) =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean);
    const typed = [
      ...TEXTS.map((name) => [name, this.#inputs[name].value.trim()]),
      ...LISTS.map((name) => [name, lines(this.#inputs[name].value)]),
      ['paper_size', this.#paper],
    ];
    const body = Object.fromEntries(typed.filter(([name, value]) => String(value) !== String(this.#shown[name])));
    const wish = { what: /** @type {const} */ ('settings'), title: '', method: 'PUT', path: '/api/settings', body };
    const outcome = await this.#app.actions.run(wish, () => words.said.settings);
    this.#problem.textContent = outcome.state === 'refused' ? (outcome.body?.detail ?? '') : '';
    if (outcome.state === 'refused') return;
    // What was typed while it was being saved stays.
    if (touches === this.#touches) this.#isTouched = false;
    if (outcome.body?.data) this.#app.store.setSettings(outcome.body.data);
  }
}

/** For which media the dark style sheet is. @type {Record<string, string>} */
const MEDIA = { '': 'screen and (prefers-color-scheme: dark)', light: 'not all', dark: 'screen' };

/** @param {string} theme `light`, `dark`, or empty for the device's own */
export function setTheme(theme) {
  local.write('theme', theme);
  part('dark').setAttribute('media', MEDIA[theme] ?? MEDIA['']);
}
