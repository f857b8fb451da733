// One list of records: heading, count, rows. It shows what it is given and keeps the row of a record as long as the
// record is in the list, so that nothing moves that has not changed.

import { arrange, element, setText } from './dom.js';
import { DECIMALS, money, wallTime } from './format.js';
import { idOf, numberOf, STATUS_DONE } from './wire.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */
/** @typedef {import('./store.js').Shelf} Shelf */

/** @typedef {{ node: HTMLLIElement, record: SaleRecord }} Row */

const PLACEHOLDER_ROWS = 6;

export class RecordList {
  #kind;
  #words;
  #count = element('p', 'list-count');
  #rows = element('ol', 'rows');
  /** @type {Map<string, Row>} */
  #shown = new Map();
  #isFirst = true;
  #empty;
  #panel;

  /** @param {Kind} kind */
  constructor(kind) {
    this.#kind = kind;
    this.#words = words.lists[kind];
    this.#empty = emptyState(this.#words);
    this.#panel = this.#buildPanel();
  }

  get node() {
    return this.#panel;
  }

  /** @param {Readonly<Shelf>} shelf */
  render(shelf) {
    if (!shelf.loaded) return;
    this.#panel.setAttribute('aria-busy', 'false');
    setText(this.#count, this.#countLine(shelf));
    const rows = shelf.records.map((record) => this.#row(record));
    this.#shown = new Map(rows.map((row) => [idOf(this.#kind, row.record), row]));
    arrange(this.#rows, rows.length > 0 ? rows.map((row) => row.node) : [this.#empty]);
    this.#isFirst = false;
  }

  #buildPanel() {
    const heading = element('h2', 'list-title', this.#words.title);
    heading.id = `${this.#kind}s-title`;
    const panel = element('section', 'list', element('div', 'list-head', heading, this.#count), this.#rows);
    panel.id = `${this.#kind}s`;
    panel.setAttribute('aria-labelledby', heading.id);
    panel.setAttribute('aria-busy', 'true');
    setText(this.#count, words.loading);
    this.#rows.setAttribute('role', 'list'); // Safari drops the role of lists without bullets.
    this.#rows.append(...Array.from({ length: PLACEHOLDER_ROWS }, placeholder));
    return panel;
  }

  /** @param {Readonly<Shelf>} shelf */
  #countLine({ records, more }) {
    if (records.length === 0) return '';
    return more ? words.newest(records.length) : this.#words.count(records.length);
  }

  /**
   * The row of a record: a new one, or the one it has, renewed. It lights up if what it says is new.
   * @param {SaleRecord} record @returns {Row}
   */
  #row(record) {
    const row = this.#shown.get(idOf(this.#kind, record));
    if (row?.record === record) return row;
    const node = row?.node ?? element('li', 'row');
    const before = node.textContent;
    node.replaceChildren(...rowContent(this.#kind, record));
    if (node.textContent !== before && !this.#isFirst) glow(node);
    return { node, record };
  }
}

/** @param {Kind} kind @param {SaleRecord} record */
function rowContent(kind, record) {
  const time = element('time', '', wallTime(record.created_at));
  time.dateTime = record.created_at;
  const customer = element('strong', 'row-customer', record.customer_name);
  const total = element('span', 'row-total', money(record.total));
  const meta = element('span', 'row-meta', `${numberOf(kind, record)} · `, time);
  const chips = element('span', 'row-chips', ...(kind === 'estimate' ? estimateChips(record) : orderChips(record)));
  return [element('div', 'row-line', customer, total), element('div', 'row-line', meta, chips)];
}

/** @param {SaleRecord} estimate */
function estimateChips(estimate) {
  return estimate.is_converted_to_order ? [chip('done', words.state.converted)] : [chip('open', words.state.open)];
}

/** @param {SaleRecord} order */
function orderChips(order) {
  const due = (order.total ?? 0) - (order.amount_paid ?? order.total ?? 0);
  const chips = due >= 0.5 / 10 ** DECIMALS ? [chip('due', words.state.due(money(due)))] : [];
  if (order.status) chips.push(chip(order.status === STATUS_DONE ? 'done' : 'open', order.status));
  return chips;
}

/** @param {'open' | 'done' | 'due'} tone @param {string} text */
const chip = (tone, text) => element('span', `chip chip-${tone}`, text);

/** Lights a row up for a moment; one that is still alight starts again. @param {HTMLElement} node */
function glow(node) {
  node.classList.add('fresh');
  for (const animation of node.getAnimations()) animation.currentTime = 0;
  node.onanimationend = () => node.classList.remove('fresh');
}

/** @param {{ empty: string, next: string }} text */
function emptyState({ empty, next }) {
  return element('li', 'empty', element('p', 'empty-title', empty), element('p', 'empty-next', next));
}

/** Stands where a row will be while the list is on its way. */
function placeholder() {
  const node = element('li', 'row row-placeholder', element('span', 'bar bar-long'), element('span', 'bar bar-short'));
  node.setAttribute('aria-hidden', 'true');
  return node;
}
