// One estimate or one order: customer, lines, totals, what can be done with it, and its history.

import { arrange, h } from '../kit/dom.js';
import { longTime, wallTime } from '../kit/format.js';
import { icon } from '../kit/icons.js';
import { button, empty, emptyScreen, facts, nodMark } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { editRight, leaveFor } from '../data/people.js';
import { isHidden, isLocal, linkTo, numberOf, timeOf } from '../data/records.js';
import { itemsTable, totals } from './bill.js';
import { chips } from './chips.js';
import { hidden } from './masked.js';
import * as api from '../net/api.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/people.js').Named} Named */

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
    this.#forgetProblem();
    this.#id = id;
    this.#drawn = [];
    this.render();
    if (id) this.node.scrollTop = 0;
  }

  render() {
    const { store, session } = this.#app;
    const record = this.#id ? store.find(this.#kind, this.#id) : undefined;
    if (record) this.#forgetProblem();
    else if (this.#id) this.#ask();
    const base = store.known(this.#kind).get(this.#id);
    const state = [this.#id, base, store.unsent, store.settings, store.me, session.people, this.#problem];
    if (state.every((one, index) => one === this.#drawn[index]) && this.#drawn.length > 0) return;
    this.#drawn = state;
    this.title = record ? words.record.name(this.#kind, numberOf(this.#kind, record)) : '';
    arrange(this.node, record ? this.#content(record) : [this.#absence()]);
    if (record) this.#readHistory(record);
  }

  #forgetProblem() {
    this.#problem = '';
    this.#asked = '';
  }

  /** @returns {HTMLElement} */
  #absence() {
    if (!this.#id) return empty('', words.choose);
    const again = this.#problem === words.failed ? button(words.again, () => this.show(this.#id)) : null;
    return h('div', this.#back(), emptyScreen(this.#problem || words.loading, again));
  }

  /** It may be older than what is known here. */
  async #ask() {
    const id = this.#id;
    const { store } = this.#app;
    if (isLocal(id) || store.isGone(id) || store.isHidden(id)) {
      this.#problem = words.gone(this.#kind);
      return;
    }
    if (this.#asked === id) return;
    this.#asked = id;
    try {
      await this.#app.sync.read(this.#kind, id);
    } catch (error) {
      if (id !== this.#id) return;
      this.#problem = api.isMissing(error) ? words.gone(this.#kind) : words.failed;
      this.#app.renderSoon();
    }
  }

  #back() {
    return h('a.button.bare.back', { href: `#/${this.#kind}s` }, icon('back'), h('span', words.back));
  }

  /** @param {SaleRecord} record */
  #content(record) {
    const kind = this.#kind;
    const title = h('div.detail-title', h('h1', this.title), ...chips(kind, record));
    return [
      h('header.detail-head', this.#back(), title, this.#actions(record)),
      record.pending ? h('p.note', words.record.pending) : null,
      record.amounts_flagged ? h('p.note.bad', words.record.flagged(record.amounts_flagged)) : null,
      h('div.card.bill', this.#people(record), itemsTable(record), totals(kind, record)),
      isLocal(this.#id) ? null : h('section.card', h('h2', words.record.history), this.#history),
    ];
  }

  /** @param {SaleRecord} record */
  #actions(record) {
    const isEstimate = this.#kind === 'estimate';
    const isStored = !isLocal(this.#id);
    const isOpen = isEstimate && !record.is_converted_to_order && !isLeaving(record);
    const canDelete = isStored && !isLeaving(record) && (isOpen || !isEstimate);
    const { me } = this.#app.store;
    // What is hidden cannot be worked out anew.
    const isWhole = !isHidden(record, 'total');
    return h(
      'div.actions',
      isOpen && isWhole && this.#convert(record, leaveFor(me, 'convert')),
      this.#link('print', 'print/now', 'free'),
      isOpen && isStored && isWhole && this.#link('edit', 'edit', leaveFor(me, editRight(me, record))),
      isEstimate && isStored && isWhole && this.#duplicate(record, leaveFor(me, 'estimate')),
      isStored && !isLeaving(record) && this.#give(record, leaveFor(me, 'edit_others')),
      canDelete && this.#delete(record, leaveFor(me, isEstimate ? 'delete_open' : 'undo_sold')),
    );
  }

  /** @param {'print' | 'edit'} name @param {string} where @param {string} leave */
  #link(name, where, leave) {
    if (leave === '') return null;
    const href = `${linkTo(this.#kind, this.#id)}/${where}`;
    const mark = leave === 'nod' && nodMark();
    return h('a.button', { href, data: { action: name } }, icon(name), h('span', words.record[name]), mark);
  }

  /** @param {SaleRecord} estimate @param {string} leave */
  #convert(estimate, leave) {
    const convert = () => this.#app.actions.convert(estimate);
    return permitted(leave, words.record.convert, convert, { icon: 'convert', look: 'strong', name: 'convert' });
  }

  /** @param {SaleRecord} estimate @param {string} leave */
  #duplicate(estimate, leave) {
    const duplicate = () => this.#app.actions.duplicate(estimate);
    return permitted(leave, words.record.duplicate, duplicate, { icon: 'copy', name: 'duplicate' });
  }

  /** Where there is nobody to give it to, nothing is offered. @param {SaleRecord} record @param {string} leave */
  #give(record, leave) {
    const { actions, session, store } = this.#app;
    const isOther = (/** @type {Named} */ { id }) => id !== record.owner?.id;
    if (!store.me.has_owner || !session.people.some(isOther)) return null;
    const give = () => actions.give(this.#kind, record);
    return permitted(leave, words.record.give, give, { icon: 'give', name: 'give' });
  }

  /** @param {SaleRecord} record @param {string} leave */
  #delete(record, leave) {
    const remove = () => this.#app.actions.remove(this.#kind, record);
    return permitted(leave, words.record.delete, remove, { icon: 'delete', look: 'danger', name: 'delete' });
  }

  /** Who bought, and what there is to say of the record itself. @param {SaleRecord} record */
  #people(record) {
    const { customer_name: name, customer_phone: phone, customer_address: address } = record;
    const isMasked = isHidden(record, 'customer_phone');
    const contact = isMasked ? [hidden()] : [phone, address].filter(Boolean).map((line) => h('span', line));
    return h('div.people', h('address', h('strong', name), ...contact), h('dl', ...this.#facts(record)));
  }

  /** @param {SaleRecord} record */
  #facts(record) {
    /** @type {Array<[string, any]>} */
    const pairs = [
      [words.record.time, longTime(timeOf(record))],
      [words.record.by, record.sale_by],
      [words.record.owner, record.owner?.name],
      [words.record.mode, record.payment_mode],
      this.#linked(record),
    ];
    const isStoredOrder = this.#kind === 'order' && !isLocal(this.#id);
    if (isStoredOrder) pairs.push([words.record.status, this.#status(record)]);
    return facts(pairs.filter(([, value]) => value));
  }

  /**
   * The sale that an estimate became, or the estimate that a sale came of.
   * @param {SaleRecord} record
   * @returns {[string, any]}
   */
  #linked(record) {
    if (this.#kind === 'order') {
      const { source_estimate_id: id, source_estimate_number: number } = record;
      return [words.record.from, id && h('a', { href: linkTo('estimate', id) }, number ?? id)];
    }
    const { linked_order_id: id, linked_order_number: number } = record;
    return [words.record.to, id && h('a', { href: linkTo('order', id) }, number ?? id)];
  }

  /** @param {SaleRecord} order */
  #status(order) {
    const leave = leaveFor(this.#app.store.me, 'status');
    if (leave === '') return order.status;
    const known = words.lists.order.statuses.map(([value]) => value).filter(Boolean);
    const all = known.includes(order.status ?? '') ? known : [order.status, ...known];
    const options = all.map((status) => h('option', { selected: status === order.status }, status));
    const onchange = (/** @type {any} */ event) => this.#app.actions.setStatus(order, event.target.value);
    const select = h('select', { 'aria-label': words.record.status, data: { action: 'status' }, onchange }, ...options);
    return leave === 'nod' ? h('span.with-mark', select, nodMark()) : select;
  }

  /** @param {SaleRecord} record */
  async #readHistory(record) {
    const state = `${this.#id} ${record.rev}`;
    if (state === this.#historyOf || isLocal(this.#id)) return;
    // Until its own history comes, nobody is to read that of another record.
    if (!this.#historyOf.startsWith(`${this.#id} `)) this.#history.replaceChildren();
    this.#historyOf = state;
    try {
      const { body } = await api.history(this.#kind, this.#id);
      if (state === this.#historyOf) this.#history.replaceChildren(...body.map(stepRow));
    } catch {
      // Without a server there is no history; it comes with the next change.
      if (state === this.#historyOf) this.#historyOf = '';
    }
  }
}

/** Whether a command that waits takes it away from the estimates, or away at all. @param {SaleRecord} record */
function isLeaving({ pending }) {
  return pending !== undefined && !pending.isParked && ['convert', 'delete'].includes(pending.what);
}

/** One step of a history. @param {any} step */
function stepRow({ action, by, at, person, device }) {
  const what = words.record.steps[/** @type {'create'} */ (action)];
  const said = [what, person?.name ?? by, device?.name].filter(Boolean).join(' · ');
  return h('li', h('span', said), h('time', { dateTime: at }, wallTime(at)));
}

/**
 * A button for what this person may do, with a key where somebody else must allow it; null for what is out of reach.
 * @param {string} leave
 * @param {string} label
 * @param {() => void} act
 * @param {import('../kit/widgets.js').ButtonOptions} options
 */
const permitted = (leave, label, act, options) =>
  leave === '' ? null : button(label, act, { ...options, needsNod: leave === 'nod' });
