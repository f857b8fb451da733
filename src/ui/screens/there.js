// Who else is at a record: one grey line whose room is always there, and an initial in a row of a list. It never
// moves anything, and never stands in the way.

import { h, setText } from '../kit/dom.js';
import { button } from '../kit/widgets.js';
import { words } from '../kit/words.js';

/** @typedef {import('../data/presence.js').Present} Present */

const text = words.there;

/**
 * What is said of the others; empty for nobody.
 * @param {readonly Present[]} others
 * @param {boolean} isEdited here, too
 */
export function sayOthers([first, ...more], isEdited = false) {
  if (!first) return '';
  const does = isEdited && first.does === 'edit' ? text.editsToo : text.does[first.does];
  return text.line(first.name, does, first.device, more.length);
}

/** An initial for a row. @param {readonly Present[]} others at least one */
export function markOf(others) {
  const said = sayOthers(others);
  const letter = [...others[0].name.trim()][0]?.toUpperCase() ?? '?';
  return h(`span.at.${others[0].does}`, { role: 'img', title: said, 'aria-label': said }, letter);
}

export class ThereLine {
  #app;
  #isEditor;
  #said = h('span', { role: 'status' });
  #take = button(text.take, () => this.#goOn(), { look: 'bare', name: 'take' });
  #id = '';
  /** The others were told that this page goes on. */
  #hasTaken = false;

  /** @param {any} app @param {boolean} isEditor the record is edited here */
  constructor(app, isEditor) {
    this.#app = app;
    this.#isEditor = isEditor;
    this.#take.hidden = true;
    this.node = h('div.there', { tabIndex: -1 }, this.#said, isEditor && this.#take);
  }

  /** @param {string} id of the record; empty for none */
  render(id) {
    const { presence } = this.#app.store;
    if (this.#id !== id) {
      if (this.#isEditor) presence.forgetTaker(this.#id);
      this.#hasTaken = false;
    }
    this.#id = id;
    const others = presence.othersAt(id);
    const isEditedThere = others.some((/** @type {Present} */ { does }) => does === 'edit');
    const taker = this.#isEditor && presence.takerOf(id);
    if (!isEditedThere || taker) this.#hasTaken = false;
    const said = taker ? text.line(taker.name, text.goesOn, taker.device, 0) : sayOthers(others, this.#isEditor);
    setText(this.#said, said);
    this.#said.title = said;
    this.#take.hidden = !isEditedThere || this.#hasTaken;
  }

  #goOn() {
    this.#hasTaken = true;
    this.#app.store.presence.forgetTaker(this.#id);
    this.#app.sync.attendance.take();
    this.render(this.#id);
    this.node.focus();
  }
}
