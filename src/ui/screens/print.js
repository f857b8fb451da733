// The sheet that goes to the printer, shown as it will be. Its size follows the shop's settings and can be chosen for
// once. Who asks for paper at once gets the browser's dialog when the record is there, and once.

import { h } from '../kit/dom.js';
import { longTime } from '../kit/format.js';
import { icon } from '../kit/icons.js';
import { button, choice, emptyScreen, facts } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { isCancelled, isLocal, linkTo, numberOf, timeOf } from '../data/records.js';
import { isMissing } from '../net/api.js';
import { itemsTable, totals } from './bill.js';
import { clearPage, setPage } from './paper.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/settings.js').Settings} Settings */

export class PrintScreen {
  title = words.record.print;
  #app;
  /** @type {Kind} */
  #kind = 'order';
  #id = '';
  #size = '';
  /** The browser's dialog is still to come. */
  #isDue = false;
  /** @type {any[]} */
  #drawn = [];

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    this.node = h('div.pane.print-pane', { data: { screen: 'print' } });
    // The browser's own menu prints too, and fonts may have come since.
    addEventListener('beforeprint', () => this.#setPage());
  }

  /** @param {string[]} parts @param {Kind} kind */
  show([id, , now], kind) {
    this.#kind = kind;
    this.#id = id;
    this.#size = '';
    this.#drawn = [];
    this.#isDue = now === 'now';
    if (!this.#app.store.find(kind, id)) this.#read();
    this.render();
  }

  leave() {
    this.#isDue = false;
    clearPage();
  }

  /** What waits on this device itself is drawn as soon as the device has looked; the server does not know it. */
  async #read() {
    const [kind, id] = [this.#kind, this.#id];
    this.node.replaceChildren(emptyScreen(words.loading));
    if (isLocal(id)) return;
    try {
      await this.#app.sync.read(kind, id);
    } catch (error) {
      if (this.#kind !== kind || this.#id !== id || this.#drawn.length > 0) return;
      const again = button(words.again, () => this.#read());
      this.node.replaceChildren(isMissing(error) ? emptyScreen(words.gone(kind)) : emptyScreen(words.failed, again));
    }
  }

  render() {
    const { store } = this.#app;
    this.#draw();
    // On a device that never saw the shop its name and its paper come a moment after the record.
    const isShopKnown = store.settings.currency !== '' || store.connection === 'offline';
    if (this.#isDue && this.#drawn.length > 0 && isShopKnown) this.#printSoon();
  }

  #draw() {
    const { store } = this.#app;
    const record = store.find(this.#kind, this.#id);
    // Sent by another tab meanwhile, or discarded; or not to be seen any more.
    const isDiscarded = isLocal(this.#id) && store.connection === 'live';
    const isGone = !record && (isDiscarded || store.isHidden(this.#id));
    if (isGone) this.node.replaceChildren(emptyScreen(words.gone(this.#kind)));
    const state = [store.known(this.#kind).get(this.#id), store.settings, this.#size];
    const isDrawn = this.#drawn.length > 0 && state.every((one, index) => one === this.#drawn[index]);
    if (!record || isDrawn) return;
    this.#drawn = state;
    // A PDF takes its name from it.
    this.title = words.record.name(this.#kind, numberOf(this.#kind, record));
    const size = this.#size || store.settings.paper_size;
    this.node.replaceChildren(this.#head(size), sheet(this.#kind, record, store.settings, size));
    this.#setPage();
  }

  /** @param {string} size of the paper */
  #head(size) {
    const choose = (/** @type {string} */ chosen) => {
      this.#size = chosen;
      this.render();
    };
    return h(
      'header.pane-head.print-head',
      h('a.button.bare.back', { href: linkTo(this.#kind, this.#id) }, icon('back'), words.back),
      h('h1', this.title),
      choice(words.paper.size, 'paper', Object.entries(words.settings.sizes), size, choose),
      button(words.record.print, () => print(), { icon: 'print', look: 'strong', name: 'print-now' }),
    );
  }

  /** After the frame in which it is drawn, unless somebody has left by then, or it has got another id. */
  #printSoon() {
    const id = this.#id;
    requestAnimationFrame(() => {
      if (!this.#isDue || this.#id !== id || !this.node.isConnected) return;
      this.#isDue = false;
      history.replaceState(null, '', `${linkTo(this.#kind, id)}/print`);
      print();
    });
  }

  #setPage() {
    const drawn = this.node.querySelector('.sheet');
    if (drawn && this.node.isConnected) setPage(drawn, drawn.dataset.paper ?? '');
  }
}

/**
 * @param {Kind} kind
 * @param {SaleRecord} record
 * @param {Settings} shop
 * @param {string} size
 */
function sheet(kind, record, shop, size) {
  const look = size === 'A4' ? '' : '.roll';
  // Who holds a sale that was cancelled in his hand must see that.
  const state = kind === 'order' && isCancelled(record) ? h('strong.cancelled', record.status) : null;
  return h(
    `article.sheet.paper-${size}${look}`,
    { data: { paper: size } },
    h('header', shopBlock(shop), h('h2', nameOf(kind, size)), state),
    h('div.parties', customerBlock(record), h('dl', ...facts(factsOf(kind, record)))),
    itemsTable(record),
    totals(kind, record),
    shop.footer_line ? h('footer', shop.footer_line) : null,
  );
}

/** What the sheet is, in its largest word. @param {Kind} kind @param {string} size */
function nameOf(kind, size) {
  if (kind === 'estimate') return words.paper.estimate;
  return size === 'A4' ? words.paper.order : words.paper.receipt;
}

/** @param {Settings} shop */
function shopBlock({ shop_name: name, shop_address: address, shop_phone: phone, tax_number: tax }) {
  const taxLine = tax && `${words.paper.tax} ${tax}`;
  return h('div.shop', h('strong', name || words.product), ...lines(address, phone, taxLine));
}

/** @param {SaleRecord} record */
function customerBlock({ customer_name: name, customer_phone: phone, customer_address: address }) {
  return h('div', h('small', words.paper.for), h('strong', name), ...lines(phone ?? '', address ?? ''));
}

/** @param {Kind} kind @param {SaleRecord} record @returns {Array<[string, string]>} */
function factsOf(kind, record) {
  /** @type {Array<[string, string]>} */
  const pairs = [
    [words.paper.number, numberOf(kind, record) || words.state.noNumber],
    [words.paper.date, longTime(timeOf(record))],
    [words.record.by, record.sale_by],
    [words.record.mode, record.payment_mode ?? ''],
  ];
  return pairs.filter(([, value]) => value);
}

/** Each line of the texts in an element of its own. @param {...string} texts */
function lines(...texts) {
  const all = texts.flatMap((text) => (text ?? '').split('\n'));
  return all.filter(Boolean).map((line) => h('span', line));
}
