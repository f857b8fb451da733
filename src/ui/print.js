// The sheet that goes to the printer, shown as it will be. Its size follows the shop's settings and can be chosen for once.

import { h } from './dom.js';
import { longTime } from './format.js';
import { icon } from './icons.js';
import { itemsTable, totals } from './record.js';
import { linkTo, numberOf } from './wire.js';
import { button, choice, empty } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

export class PrintScreen {
  title = words.record.print;
  #app;
  /** @type {Kind} */
  #kind = 'order';
  #id = '';
  #size = '';
  /** @type {any[]} */
  #drawn = [];

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    this.node = h('div.pane.print-pane', { data: { screen: 'print' } });
  }

  /** @param {string[]} parts @param {Kind} kind */
  show([id, , now], kind) {
    this.#kind = kind;
    this.#id = id;
    this.#size = '';
    this.#drawn = [];
    if (!this.#app.store.find(kind, id)) this.#app.sync.read(kind, id).catch(() => id === this.#id && kind === this.#kind && this.node.replaceChildren(empty(words.gone(kind), '')));
    this.render();
    if (now !== 'now') return;
    history.replaceState(null, '', `${linkTo(kind, id)}/print`);
    requestAnimationFrame(() => print());
  }

  render() {
    const { store } = this.#app;
    const record = store.find(this.#kind, this.#id);
    const state = [store.known(this.#kind).get(this.#id), store.settings, this.#size];
    if (!record || (this.#drawn.length > 0 && state.every((one, index) => one === this.#drawn[index]))) return;
    this.#drawn = state;
    // A PDF takes its name from it.
    this.title = words.record.name(this.#kind, numberOf(this.#kind, record));
    const size = this.#size || store.settings.paper_size;
    this.node.replaceChildren(h('header.pane-head.print-head',
      h('a.button.bare.back', { href: linkTo(this.#kind, this.#id) }, icon('back'), words.back), h('h1', this.title),
      choice(words.paper.size, 'paper', Object.entries(words.settings.sizes), size, (chosen) => {
        this.#size = chosen;
        this.render();
      }),
      button(words.record.print, () => print(), { icon: 'print', look: 'strong', name: 'print-now' })), sheet(this.#kind, record, store.settings, size));
  }
}

/** @param {Kind} kind @param {SaleRecord} record @param {import('./wire.js').Settings} shop @param {string} size */
function sheet(kind, record, shop, size) {
  const { paper } = words;
  const lines = (/** @type {string[]} */ ...texts) => texts.flatMap((one) => (one ?? '').split('\n')).filter(Boolean).map((one) => h('span', one));
  const name = kind === 'estimate' ? paper.estimate : size === 'A4' ? paper.order : paper.receipt;
  const facts = [[paper.number, numberOf(kind, record) || words.state.noNumber], [paper.date, longTime(record.created_at)], [words.record.by, record.sale_by], [words.record.mode, record.payment_mode ?? '']];
  return h(`article.sheet.paper-${size}${size === 'A4' ? '' : '.roll'}`, { data: { paper: size } },
    h('header', h('div.shop', h('strong', shop.shop_name || words.product), ...lines(shop.shop_address, shop.shop_phone, shop.tax_number && `${paper.tax} ${shop.tax_number}`)), h('h2', name)),
    h('div.parties', h('div', h('small', paper.for), h('strong', record.customer_name), ...lines(record.customer_phone, record.customer_address)),
      h('dl', ...facts.filter(([, value]) => value).flatMap(([label, value]) => [h('dt', label), h('dd', value)]))),
    itemsTable(record), totals(kind, record),
    shop.footer_line ? h('footer', shop.footer_line) : null);
}
