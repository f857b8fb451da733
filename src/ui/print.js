// The sheet that goes to the printer, shown as it will be. Its size follows the shop's settings and can be chosen for
// once. Who asks for paper at once gets the browser's dialog when the record is there, and once.

import { ApiError } from './api.js';
import { h } from './dom.js';
import { longTime } from './format.js';
import { icon } from './icons.js';
import { clearPage, setPage } from './paper.js';
import { itemsTable, totals } from './record.js';
import { isCancelled, linkTo, numberOf, timeOf } from './wire.js';
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
  #read() {
    const [kind, id] = [this.#kind, this.#id];
    this.node.replaceChildren(empty(words.loading, ''));
    if (id.startsWith('local:')) return;
    this.#app.sync.read(kind, id).catch((/** @type {any} */ error) => {
      if (this.#kind !== kind || this.#id !== id || this.#drawn.length > 0) return;
      const isGone = error instanceof ApiError && error.status === 404;
      this.node.replaceChildren(
        isGone
          ? empty(words.gone(kind), '')
          : empty(
              words.failed,
              '',
              button(words.again, () => this.#read()),
            ),
      );
    });
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
    const state = [store.known(this.#kind).get(this.#id), store.settings, this.#size];
    // Sent by another tab meanwhile, or discarded.
    const isGone = !record && this.#id.startsWith('local:') && store.connection === 'live';
    if (isGone) this.node.replaceChildren(empty(words.gone(this.#kind), ''));
    if (!record || (this.#drawn.length > 0 && state.every((one, index) => one === this.#drawn[index]))) return;
    this.#drawn = state;
    // A PDF takes its name from it.
    this.title = words.record.name(this.#kind, numberOf(this.#kind, record));
    const size = this.#size || store.settings.paper_size;
    this.node.replaceChildren(
      h(
        'header.pane-head.print-head',
        h('a.button.bare.back', { href: linkTo(this.#kind, this.#id) }, icon('back'), words.back),
        h('h1', this.title),
        choice(words.paper.size, 'paper', Object.entries(words.settings.sizes), size, (chosen) => {
          this.#size = chosen;
          this.render();
        }),
        button(words.record.print, () => print(), { icon: 'print', look: 'strong', name: 'print-now' }),
      ),
      sheet(this.#kind, record, store.settings, size),
    );
    this.#setPage();
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
 * @param {import('./wire.js').Settings} shop
 * @param {string} size
 */
function sheet(kind, record, shop, size) {
  const { paper } = words;
  const lines = (/** @type {string[]} */ ...texts) =>
    texts
      .flatMap((one) => (one ?? '').split('\n'))
      .filter(Boolean)
      .map((one) => h('span', one));
  const name = kind === 'estimate' ? paper.estimate : size === 'A4' ? paper.order : paper.receipt;
  const facts = [
    [paper.number, numberOf(kind, record) || words.state.noNumber],
    [paper.date, longTime(timeOf(record))],
    [words.record.by, record.sale_by],
    [words.record.mode, record.payment_mode ?? ''],
  ];
  // Who holds a sale that was cancelled in his hand must see that.
  const state = kind === 'order' && isCancelled(record) ? h('strong.cancelled', record.status) : null;
  return h(
    `article.sheet.paper-${size}${size === 'A4' ? '' : '.roll'}`,
    { data: { paper: size } },
    h(
      'header',
      h(
        'div.shop',
        h('strong', shop.shop_name || words.product),
        ...lines(shop.shop_address, shop.shop_phone, shop.tax_number && `${paper.tax} ${shop.tax_number}`),
      ),
      h('h2', name),
      state,
    ),
    h(
      'div.parties',
      h(
        'div',
        h('small', paper.for),
        h('strong', record.customer_name),
        ...lines(record.customer_phone, record.customer_address),
      ),
      h('dl', ...facts.filter(([, value]) => value).flatMap(([label, value]) => [h('dt', label), h('dd', value)])),
    ),
    itemsTable(record),
    totals(kind, record),
    shop.footer_line ? h('footer', shop.footer_line) : null,
  );
}
