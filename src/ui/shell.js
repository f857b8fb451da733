// The frame around every screen: how the page stands with the server, and the way between the lists on a small screen.

import { element, part, setText } from './dom.js';
import { clockTime } from './format.js';
import { KINDS } from './wire.js';
import { words } from './words.js';

/** @typedef {import('./store.js').Store} Store */

export class Shell {
  #pill = part('status');
  #notice = part('notice');

  constructor() {
    buildJump();
  }

  /** @param {Store} store */
  render(store) {
    this.#pill.dataset.state = store.connection;
    setText(this.#pill, words.connection[store.connection]);
    this.#notice.hidden = store.connection !== 'offline';
    setText(this.#notice, store.rightAt ? words.notice.stale(clockTime(store.rightAt)) : words.notice.neverLoaded);
  }
}

function buildJump() {
  const jump = part('jump');
  jump.setAttribute('aria-label', words.jump);
  for (const kind of KINDS) {
    const link = element('a', 'jump-link', words.lists[kind].title);
    link.href = `#${kind}s`;
    jump.append(link);
  }
}
