// Who else is at a record: one grey line whose room is always there, and an initial in a row of a list. It never
// moves anything, and never stands in the way.

import { h, setText } from '../kit/dom.js';
import { words } from '../kit/words.js';

/** @typedef {import('../data/presence.js').Present} Present */

const text = words.there;

/**
 * What is said of the others; empty for nobody.
 * @param {readonly Present[]} others
 * @param {boolean} isEdited here, too
 */
function sayOthers([first, ...more], isEdited = false) {
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

  /** @param {any} app @param {boolean} isEditor the record is edited here */
  constructor(app, isEditor) {
    this.#app = app;
    this.#isEditor = isEditor;
    this.node = h('div.there', this.#said);
  }

  /** @param {string} id of the record; empty for none */
  render(id) {
    const said = sayOthers(this.#app.store.presence.othersAt(id), this.#isEditor);
    setText(this.#said, said);
    this.#said.title = said;
  }
}
