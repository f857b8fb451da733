// A keyed list: the row of an item stays the same node, and lights up when the item has just changed. In a long list
// each row stands in a block, the same for ever: the browser passes over blocks that are not near the screen, not over
// each row.

import { arrange, glow, h } from './dom.js';

/** The usual height of a row; only a guess for those that were never on the screen. */
const ROW_PX = 68;

/**
 * @template T
 * @typedef {object} RowOptions
 * @property {(item: T) => string} key
 * @property {(item: T) => any[]} fill what a row holds
 * @property {Set<string>} fresh keys of what has just changed
 * @property {(item: T) => number} [block] in which an item stands
 */

/** @template T */
export class KeyedRows {
  #parent;
  #how;
  /** @type {Map<string, { node: any, item: T }>} */
  #shown = new Map();
  /** @type {Map<number, any>} */
  #blocks = new Map();

  /**
   * @param {HTMLElement} parent
   * @param {RowOptions<T>} how
   */
  constructor(parent, how) {
    this.#parent = parent;
    this.#how = how;
  }

  /** @param {readonly T[]} items @param {any[]} [rest] what stands below them */
  draw(items, rest = []) {
    this.#shown = new Map(items.map((item) => [this.#how.key(item), { node: this.#nodeOf(item), item }]));
    const { block } = this.#how;
    const nodes = block ? this.#inBlocks(items, block) : items.map((item) => this.#shownNode(item));
    arrange(this.#parent, [...nodes, ...rest]);
  }

  /** @param {T} item */
  #nodeOf(item) {
    const { key, fill, fresh, block } = this.#how;
    const held = this.#shown.get(key(item));
    const node = held?.node ?? (block ? h('div', { role: 'listitem' }) : h('li'));
    if (held?.item === item) return node;
    node.replaceChildren(...fill(item));
    if (fresh.has(key(item))) glow(node);
    return node;
  }

  /** @param {T} item */
  #shownNode(item) {
    return this.#shown.get(this.#how.key(item))?.node;
  }

  /** @param {readonly T[]} items @param {(item: T) => number} block */
  #inBlocks(items, block) {
    /** @type {Map<number, any[]>} */
    const placed = new Map();
    for (const item of items) {
      const own = placed.get(block(item)) ?? [];
      own.push(this.#shownNode(item));
      placed.set(block(item), own);
    }
    // Blocks that have no row any more are forgotten with their rows.
    this.#blocks = new Map([...placed].map(([place, nodes]) => [place, this.#filledBlock(place, nodes)]));
    return [...this.#blocks.values()];
  }

  /** @param {number} place @param {any[]} nodes */
  #filledBlock(place, nodes) {
    const block = this.#blocks.get(place) ?? h('div', { role: 'none' });
    if (block.childElementCount !== nodes.length) setHeight(block, nodes.length * ROW_PX);
    arrange(block, nodes);
    return block;
  }
}

/** @param {any} block @param {number} height of it while it is not drawn, in px */
function setHeight(block, height) {
  block.style.containIntrinsicSize = `${height}px`;
  // Older browsers do not know this one, and keep the first.
  block.style.containIntrinsicSize = `auto ${height}px`;
}
