// What the owner should know while the shop goes on: the server finds it and says it in whole sentences; this only shows it.

import * as api from './api.js';
import { arrange, element, part } from './dom.js';

/** Between two questions. */
const ASK_EVERY_MS = 30_000;

export class Warnings {
  #bar = part('warnings');

  start() {
    this.#ask();
    setInterval(() => this.#ask(), ASK_EVERY_MS);
  }

  async #ask() {
    try {
      this.#show(await api.warnings());
    } catch {
      // A server that does not answer is told of elsewhere on the page; what was known stays.
    }
  }

  /** @param {string[]} messages */
  #show(messages) {
    const isSame = messages.length === this.#bar.children.length
      && messages.every((message, index) => this.#bar.children[index].textContent === message);
    if (!isSame) arrange(this.#bar, messages.map((message) => element('li', 'warning', message)));
    this.#bar.hidden = messages.length === 0;
  }
}
