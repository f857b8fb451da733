// One estimate or one order: customer, lines, totals, what can be done with it, and its history.

import * as api from './api.js';
import { billOf, fromNumber } from './amounts.js';
import { arrange, h } from './dom.js';
import { decimals, longTime, minorMoney, money, number, rateMoney, wallTime } from './format.js';
import { icon } from './icons.js';
import { dueOf, linkTo, numberOf, timeOf } from './wire.js';
import { button, chips, empty } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

export class RecordPane {
  #app;
  #kind;
  #id = '';
  #problem = '';
  /** The record that was asked for; once is enough. */
  #asked = '';
  /** What is drawn, so that nothing is drawn twice. @type {any[]} */
  #drawn = [];
  #history = h('ol.history');
  #historyOf = '';
  /** The name of what is open. */
  title = '';

  /** @param {any} app @param {Kind} kind */
  constructor(app, kind) {
    this.#app = app;
    this.#kind = kind;
    this.node = h('section.pane.detail', { tabIndex: -1 });
  }

  /** @param {string} id empty for none */
  show(id) {
    this.#problem = this.#asked = '';
    this.#id = id;
    this.#drawn = [];
    this.render();
    if (id) this.node.scrollTop = 0;
  }

  render() {
    const { store } = this.#app;
    const record = this.#id ? store.find(this.#kind, this.#id) : undefined;
    if (record) this.#problem = this.#asked = '';
    else if (this.#id) this.#ask();
    const base = store.known(this.#kind).get(this.#id);
    const state = [this.#id, base, store.unsent, store.settings, this.#problem];
    if (state.every((one, index) => one === this.#drawn[index]) && this.#drawn.length > 0) return;
    this.#drawn = state;
    this.title = record ? words.record.name(this.#kind, numberOf(this.#kind, record)) : '';
    arrange(this.node, record ? this.#content(record) : [this.#absence()]);
    if (record) this.#readHistory(record);
  }

  /** @returns {HTMLElement} */
  #absence() {
    if (!this.#id) return empty('', words.choose);
    const title = this.#problem || words.loading;
    return h(
      'div',
      this.#back(),
      empty(title, '', this.#problem === words.failed ? button(words.again, () => this.show(this.#id)) : null),
    );
  }

  /** It may be older than what is known here. */
  async #ask() {
    const id = this.#id;
    if (id.startsWith('local:') || this.#app.store.isGone(id)) {
      this.#problem = words.gone(this.#kind);
      return;
    }
    if (this.#asked === id) return;
    this.#asked = id;
    try {
      await this.#app.sync.read(this.#kind, id);
    } catch (error) {
      if (id !== this.#id) return;
      this.#problem = error instanceof api.ApiError && error.status === 404 ? words.gone(this.#kind) : words.failed;
      this.#app.renderSoon();
    }
  }

  #back() {
    return h('a.button.bare.back', { href: `#/${this.#kind}s` }, icon('back'), h('span', words.back));
  }

  /** @param {SaleRecord} record */
  #content(record) {
    const kind = this.#kind;
    return [
      h(
        'header.detail-head',
        this.#back(),
        h('div.detail-title', h('h1', this.title), ...chips(kind, record)),
        this.#actions(record),
      ),
      record.pending ? h('p.note', words.record.pending) : null,
      record.amounts_flagged ? h('p.note.bad', words.record.flagged(record.amounts_flagged)) : null,
      h('div.card.bill', this.#people(record), itemsTable(record), totals(kind, record)),
      this.#id.startsWith('local:') ? null : h('section.card', h('h2', words.record.history), this.#history),
    ];
  }

  /** @param {SaleRecord} record */
  #actions(record) {
    const { actions } = this.#app;
    const kind = this.#kind;
    const isStored = !this.#id.startsWith('local:');
    const isLeaving =
      record.pending && !record.pending.isParked && ['convert', 'delete'].includes(record.pending.what);
    const isOpen = kind === 'estimate' && !record.is_converted_to_order && !isLeaving;
    const go = (/** @type {'print' | 'edit'} */ name, /** @type {string} */ where) =>
      h(
        'a.button',
        { href: `${linkTo(kind, this.#id)}/${where}`, data: { action: name } },
        icon(name),
        h('span', words.record[name]),
      );
    return h(
      'div.actions',
      isOpen
        ? button(words.record.convert, () => actions.convert(record), {
            icon: 'convert',
            look: 'strong',
            name: 'convert',
          })
        : null,
      go('print', 'print/now'),
      isOpen && isStored ? go('edit', 'edit') : null,
      kind === 'estimate' && isStored
        ? button(words.record.duplicate, () => actions.duplicate(record), { icon: 'copy', name: 'duplicate' })
        : null,
      isStored && !isLeaving && (kind === 'order' || isOpen)
        ? button(words.record.delete, () => actions.remove(kind, record), {
            icon: 'delete',
            look: 'danger',
            name: 'delete',
          })
        : null,
    );
  }

  /** @param {SaleRecord} record */
  #people(record) {
    const facts = [
      [words.record.time, longTime(timeOf(record))],
      [words.record.by, record.sale_by],
      [words.record.mode, record.payment_mode ?? ''],
    ];
    const link =
      this.#kind === 'order'
        ? [words.record.from, 'estimate', record.source_estimate_id, record.source_estimate_number]
        : [words.record.to, 'order', record.linked_order_id, record.linked_order_number];
    const [label, kind, id, text] = link;
    const list = facts.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', name), h('dd', value)]);
    if (id) list.push(h('dt', label), h('dd', h('a', { href: linkTo(/** @type {Kind} */ (kind), id) }, text ?? id)));
    if (this.#kind === 'order' && !this.#id.startsWith('local:'))
      list.push(h('dt', words.record.status), h('dd', this.#status(record)));
    return h(
      'div.people',
      h(
        'address',
        h('strong', record.customer_name),
        ...[record.customer_phone, record.customer_address].filter(Boolean).map((line) => h('span', line)),
      ),
      h('dl', ...list),
    );
  }

  /** @param {SaleRecord} order */
  #status(order) {
    const known = words.lists.order.statuses.map(([value]) => value).filter(Boolean);
    const all = known.includes(order.status ?? '') ? known : [order.status, ...known];
    return h(
      'select',
      {
        'aria-label': words.record.status,
        data: { action: 'status' },
        onchange: (/** @type {any} */ event) => this.#app.actions.setStatus(order, event.target.value),
      },
      ...all.map((status) => h('option', { selected: status === order.status }, status)),
    );
  }

  /** @param {SaleRecord} record */
  async #readHistory(record) {
    const state = `${this.#id} ${record.rev}`;
    if (state === this.#historyOf || this.#id.startsWith('local:')) return;
    // Until its own history comes, nobody is to read that of another record.
    if (!this.#historyOf.startsWith(`${this.#id} `)) this.#history.replaceChildren();
    this.#historyOf = state;
    try {
      const { body } = await api.history(this.#kind, this.#id);
      if (state !== this.#historyOf) return;
      this.#history.replaceChildren(
        ...body.map((/** @type {any} */ step) =>
          h(
            'li',
            h('span', words.record.steps[/** @type {'create'} */ (step.action)] + (step.by ? ` · ${step.by}` : '')),
            h('time', { dateTime: step.at }, wallTime(step.at)),
          ),
        ),
      );
    } catch {
      // Without a server there is no history; it comes with the next change.
      if (state === this.#historyOf) this.#historyOf = '';
    }
  }
}

/**
 * The lines of a bill; on the screen and on paper. Where a line takes two rows, only the roles keep it a table.
 * @param {SaleRecord} record
 */
export function itemsTable(record) {
  const lines = record.items.map((item) => ({
    price: fromNumber(item.price),
    quantity: fromNumber(item.quantity),
    discount: fromNumber(item.discount),
  }));
  const amounts = billOf(lines, { isPercent: false, value: 0n }, decimals()).lines;
  const hasOff = lines.some((line) => line.discount > 0n);
  const row = (/** @type {string} */ tag, /** @type {string} */ role, /** @type {string[]} */ texts) =>
    h('tr', { role: 'row' }, ...texts.map((text, index) => h(`${tag}${index > 0 ? '.number' : ''}`, { role }, text)));
  const { item, rate, quantity, discount, amount } = words.record;
  const head = hasOff ? [item, rate, quantity, discount, amount] : [item, rate, quantity, amount];
  return h(
    'table.items',
    { role: 'table' },
    h('thead', { role: 'rowgroup' }, row('th', 'columnheader', head)),
    h(
      'tbody',
      { role: 'rowgroup' },
      ...record.items.map((one, index) => {
        const texts = [
          one.name,
          rateMoney(one.price),
          number(one.quantity),
          ...(hasOff ? [one.discount ? `−${number(one.discount)} %` : ''] : []),
          minorMoney(amounts[index]),
        ];
        return row('td', 'cell', texts);
      }),
    ),
  );
}

/** What a bill comes to. @param {Kind} kind @param {SaleRecord} record */
export function totals(kind, record) {
  const off = record.subtotal - record.total;
  const label = record.is_percentage_discount
    ? `${words.record.discount} ${number(record.discount_amount)} %`
    : words.record.discount;
  const lines = [
    Math.abs(off) > 0.0005 ? ['', words.record.subtotal, money(record.subtotal)] : null,
    Math.abs(off) > 0.0005 ? ['', label, money(-off)] : null,
    ['.sum', words.record.total, money(record.total)],
    kind === 'order' ? ['', words.record.paid, money((record.amount_paid ?? 0) + (record.change ?? 0))] : null,
    record.change ? ['.sum', words.record.change, money(record.change)] : null,
    dueOf(record) > 0.0005 ? ['.due', words.record.due, money(dueOf(record))] : null,
  ];
  return h('dl.totals', ...lines.flatMap((line) => line && [h(`dt${line[0]}`, line[1]), h(`dd${line[0]}`, line[2])]));
}
