// Suggestions below a text field (a combobox with a listbox, as ARIA calls them): arrow keys choose, Enter takes,
// typing goes on undisturbed.

import { h, later } from './dom.js';

let count = 0;

/**
 * @template T
 * @typedef {object} Suggestions
 * @property {(typed: string) => Promise<T[]> | T[]} find
 * @property {(item: T) => any[]} show
 * @property {(item: T) => void} take
 * @property {number} [pause] so long after the last key it is looked, in ms
 */

/**
 * @template T
 * @param {HTMLInputElement} input
 * @param {Suggestions<T>} how
 * @returns {HTMLElement} the field with its list
 */
export function suggest(input, how) {
  return new Suggest(input, how).node;
}

/** What is suggested anywhere may not be shown any more. */
export function closeSuggestions() {
  for (const input of document.querySelectorAll('.suggest [aria-expanded="true"]')) {
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
  }
}

/** @template T */
class Suggest {
  /** @type {T[]} */
  #items = [];
  /** The place of the chosen one; -1 for none. */
  #at = -1;
  #input;
  #how;
  #list;

  /** @param {HTMLInputElement} input @param {Suggestions<T>} how */
  constructor(input, how) {
    count += 1;
    this.#input = input;
    this.#how = how;
    const label = input.getAttribute('aria-label');
    this.#list = h('ul.suggestions', { id: `s${count}`, role: 'listbox', 'aria-label': label, hidden: true });
    this.node = h('span.suggest', input, this.#list);
    this.#setRoles();
    input.addEventListener(
      'input',
      later(how.pause ?? 0, () => this.#look()),
    );
    input.addEventListener('blur', () => this.#close());
    input.addEventListener('keydown', (event) => this.#key(event));
  }

  #setRoles() {
    const roles = {
      role: 'combobox',
      'aria-autocomplete': 'list',
      'aria-controls': this.#list.id,
      'aria-expanded': 'false',
      autocomplete: 'off',
    };
    for (const [name, value] of Object.entries(roles)) this.#input.setAttribute(name, value);
  }

  async #look() {
    const typed = this.#input.value.trim();
    const found = typed === '' ? [] : await this.#how.find(typed);
    if (typed !== this.#input.value.trim() || document.activeElement !== this.#input) return;
    this.#items = found;
    this.#list.replaceChildren(...found.map((item, index) => this.#option(item, index)));
    this.#list.hidden = found.length === 0;
    this.#input.setAttribute('aria-expanded', String(found.length > 0));
    this.#at = -1;
  }

  /** @param {T} item @param {number} index */
  #option(item, index) {
    const onpointerdown = (/** @type {Event} */ event) => {
      // The field keeps the focus.
      event.preventDefault();
      this.#accept(item);
    };
    const attributes = { id: `${this.#list.id}-${index}`, role: 'option', 'aria-selected': 'false', onpointerdown };
    return h('li', attributes, ...this.#how.show(item));
  }

  /** @param {T} item */
  #accept(item) {
    this.#close();
    this.#how.take(item);
  }

  #close() {
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#at = -1;
    this.#input.setAttribute('aria-expanded', 'false');
    this.#input.removeAttribute('aria-activedescendant');
  }

  /** Chooses one; beyond either end none is chosen, and then the other end. @param {number} to */
  #point(to) {
    const places = this.#items.length + 1;
    this.#at = (to + places) % places;
    if (this.#at === this.#items.length) this.#at = -1;
    const options = [...this.#list.children];
    options.forEach((option, index) => option.setAttribute('aria-selected', String(index === this.#at)));
    const chosen = options[this.#at];
    if (chosen) this.#input.setAttribute('aria-activedescendant', chosen.id);
    else this.#input.removeAttribute('aria-activedescendant');
    chosen?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.#list.hidden) return;
    if (event.key === 'ArrowDown') this.#point(this.#at + 1);
    else if (event.key === 'ArrowUp') this.#point(this.#at < 0 ? this.#items.length - 1 : this.#at - 1);
    else if (event.key === 'Escape') this.#close();
    else if (event.key === 'Enter' && this.#at >= 0 && !event.ctrlKey) this.#accept(this.#items[this.#at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
