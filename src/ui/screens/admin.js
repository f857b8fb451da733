// What the screens of people, roles, devices and the audit have in common: a head with the way back, a list that is
// read anew when they are opened, and why it could not be read.

import { arrange, h, setText } from '../kit/dom.js';
import { icon } from '../kit/icons.js';
import { empty, placeholders } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { problemOf } from './problem.js';

const PLACEHOLDERS = 3;

export class AdminScreen {
  title;
  #body = h('div.column');
  #said = h('p', { role: 'status' });
  /** Grows with each reading; only the latest is shown. */
  #turn = 0;
  #isShown = false;

  /**
   * @param {string} name
   * @param {string} title
   * @param {() => Promise<any[]>} content reads what the screen shows
   */
  constructor(name, title, content) {
    this.title = title;
    this.content = content;
    const back = h('a.button.bare.back', { href: '#/settings' }, icon('back'), h('span', words.settings.title));
    const head = h('header.pane-head', back, h('h1', title));
    this.node = h('div.pane.form-pane', { data: { screen: name } }, head, h('div.form', this.#said, this.#body));
  }

  show() {
    this.#isShown = true;
    this.say('');
    arrange(this.#body, [h('ul.card', ...placeholders(PLACEHOLDERS))]);
    return this.refresh();
  }

  leave() {
    this.#isShown = false;
  }

  render() {}

  get isShown() {
    return this.#isShown && !document.hidden;
  }

  async refresh() {
    const turn = (this.#turn += 1);
    const nodes = await this.content().catch((error) => [empty(words.failed, problemOf(error))]);
    if (turn === this.#turn && this.#isShown) arrange(this.#body, nodes);
  }

  /** @param {string} text what was done, or why not */
  say(text) {
    setText(this.#said, text);
  }

  /** Reads again after something was done; says why it was not. @param {Promise<any>} doing */
  async after(doing) {
    const problem = await doing.then(() => '', problemOf);
    this.say(problem);
    await this.refresh();
  }
}

/**
 * A row of a list: what it is, what there is to say of it, and what can be done.
 * @param {string} name
 * @param {string} quiet
 * @param {...any} actions
 */
export const adminRow = (name, quiet, ...actions) =>
  h('li.admin-row', h('div.grow', h('strong', name), h('p.quiet', quiet)), h('div.actions', ...actions));

/**
 * @param {string} title empty where that of the screen says it
 * @param {any[]} rows
 * @param {string} none what is said without any
 * @param {...any} more
 */
export function adminList(title, rows, none, ...more) {
  const list = rows.length > 0 ? h('ul', ...rows) : h('p.quiet', none);
  return h('section.card.admin-list', title && h('h2', title), list, more.length > 0 && h('div.actions', ...more));
}
