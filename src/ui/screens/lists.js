// The list screens, of estimates and of orders: the list, and beside or over it the one that is open. The list keeps
// its place.

import { h, later, setText } from '../kit/dom.js';
import { wallTime } from '../kit/format.js';
import { icon } from '../kit/icons.js';
import { KeyedRows } from '../kit/rows.js';
import { button, choice, empty, placeholders } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { idOf, linkTo, numberOf, placeOf, timeOf } from '../data/records.js';
import { NEWS_MAX, View } from '../data/view.js';
import { chips } from './chips.js';
import { amountOf } from './masked.js';
import { RecordPane } from './record.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */

/** So far from its end the list asks for more. */
const AHEAD_PX = 1_200;
/** A list that is left with more rows than this begins at its top when somebody comes back. */
const LEFT_ROWS_MAX = 1_000;
/** Rows that stand for those which are on their way: in an empty list, and below the others. */
const PLACEHOLDERS = 7;
const PLACEHOLDERS_BELOW = 2;
/** Scrolled no further than this, a list counts as being at its top. */
const TOP_PX = 8;
/** After the last key it is searched. */
const SEARCH_PAUSE_MS = 120;
/** Numbers of a series that stand in one block of the list. */
const BLOCK = 50;

export class ListScreen {
  #app;
  #kind;
  #view;
  #open = '';
  /** The place of the newest row shown; while the list is scrolled, newer ones wait. */
  #top = 0;
  /** What is drawn, so that nothing is drawn twice. @type {any[]} */
  #drawn = [];
  /** In which currency and zone that is. */
  #way = '';
  #rows = h('div.rows', { role: 'list' });
  #news = h('button.news', { type: 'button', hidden: true, onclick: () => this.#showNews() });
  #scroller = h('div.scroll', { onscroll: () => this.#scrolled() }, this.#news, this.#rows);
  #search;
  #keyed;
  #pane;
  #title;

  /** @param {any} app @param {Kind} kind */
  constructor(app, kind) {
    this.#app = app;
    this.#kind = kind;
    this.#view = new View(kind);
    this.#pane = new RecordPane(app, kind);
    this.#title = h('h1', words.lists[kind].title);
    this.#search = this.#searchField();
    this.#keyed = this.#newRows();
    const statuses = words.lists[kind].statuses;
    const head = h(
      'header.pane-head',
      this.#title,
      h('label.search', icon('search'), this.#search),
      choice(words.filter, `status-${kind}`, statuses, '', (status) => this.#look(status)),
    );
    const list = h('section.pane.list-pane', head, this.#scroller);
    this.node = h('div.book', { data: { screen: kind } }, list, this.#pane.node);
  }

  #searchField() {
    return h('input', {
      type: 'search',
      placeholder: words.search,
      'aria-label': words.search,
      oninput: later(SEARCH_PAUSE_MS, () => this.#look()),
      data: { search: this.#kind },
    });
  }

  /** @param {string[]} parts of the address behind the kind */
  show([id = '']) {
    this.#app.store.watch(this.#view);
    const before = this.#open;
    this.#open = id;
    this.node.classList.toggle('has-open', id !== '');
    // One heading is the first: that of what is open.
    this.#title.setAttribute('aria-level', id ? '2' : '1');
    this.#pane.show(id);
    // Where only one of the two has room, the focus goes over with it, and back to the row.
    if (!id) this.#rowOf(before)?.focus({ preventScroll: true });
    else if (!this.#isShown) this.#pane.node.focus();
    if (this.#view.state === 'ready') this.#app.renderSoon();
    else this.#load();
  }

  leave() {
    this.#open = '';
    this.#pane.show('');
    if (this.#view.size <= LEFT_ROWS_MAX) return;
    this.#lookAt(new View(this.#kind, this.#view.q, this.#view.status));
    this.#keyed = this.#newRows();
    this.#rows.replaceChildren();
  }

  /** Another list has taken its place. */
  end() {
    this.#app.store.unwatch(this.#view);
  }

  focusSearch() {
    this.#search.focus();
  }

  get title() {
    return this.#pane.title || words.lists[this.#kind].title;
  }

  /** What is open, for the shortcuts. */
  get open() {
    return this.#open;
  }

  render() {
    const { store } = this.#app;
    const view = this.#view;
    this.#pane.render();
    if (view.state === 'new' && store.connection === 'live') this.#load();
    /** @type {SaleRecord[]} */
    const stored = store.select(view);
    const own = this.#ownRecords();
    this.node.setAttribute('aria-busy', String(view.state === 'loading'));
    if (view.state !== 'ready' && stored.length + own.length === 0) this.#drawNothing();
    else this.#drawRecords(stored, own);
  }

  /** Found records that only this device knows yet; they have no status. @returns {SaleRecord[]} */
  #ownRecords() {
    if (this.#view.status !== '') return [];
    const own = this.#app.store.own(this.#kind);
    return own.filter((/** @type {SaleRecord} */ record) => this.#view.finds(record));
  }

  /** Nothing is known yet. */
  #drawNothing() {
    const isFailed = this.#view.state === 'failed';
    this.#rows.replaceChildren(...(isFailed ? [h('li', this.#failure())] : placeholders(PLACEHOLDERS)));
    this.#keyed = this.#newRows();
  }

  /** @param {SaleRecord[]} stored newest first @param {SaleRecord[]} own */
  #drawRecords(stored, own) {
    const { store } = this.#app;
    const view = this.#view;
    this.#follow(stored);
    const state = [view, view.version, view.state, this.#top, this.#open, store.unsent, store.settings];
    if (this.#drawn.length > 0 && state.every((one, index) => one === this.#drawn[index])) return;
    this.#drawn = state;
    this.#redrawForeign(state);
    const shown = stored.filter((record) => placeOf(this.#kind, record) <= this.#top);
    this.#sayNews(stored.length - shown.length);
    const all = [...own, ...shown.map((record) => this.#withPending(record))];
    this.#keyed.draw(all, all.length === 0 ? [this.#nothing()] : this.#end());
    this.#markOpen();
    this.#wantMore();
  }

  /** While the top of the list is on the screen, what is new enters there. @param {SaleRecord[]} stored */
  #follow(stored) {
    const view = this.#view;
    if (this.#isAtTop) {
      this.#top = stored.length > 0 ? placeOf(this.#kind, stored[0]) : 0;
      if (view.isCut && view.state === 'ready') this.#app.sync.begin(view).catch(() => {});
    }
    view.top = this.#isAtTop ? Infinity : this.#top;
  }

  /**
   * Rows that stand already show amounts and times in the shop's way, which may be another one by now.
   * @param {any[]} state
   */
  #redrawForeign(state) {
    const { currency, timezone } = this.#app.store.settings;
    const way = `${currency} ${timezone}`;
    if (this.#way !== way) this.#keyed = this.#newRows(state);
    this.#way = way;
  }

  /** @param {number} count of rows that wait above the list */
  #sayNews(count) {
    this.#news.hidden = count === 0 && !this.#view.isCut;
    setText(this.#news, words.fresh(this.#view.isCut ? `${NEWS_MAX}+` : String(count)));
  }

  /** @param {SaleRecord} record */
  #withPending(record) {
    const { store } = this.#app;
    return store.unsent.length > 0 ? (store.find(this.#kind, idOf(this.#kind, record)) ?? record) : record;
  }

  /** What stands below the last row. */
  #end() {
    if (this.#view.state === 'loading') return placeholders(PLACEHOLDERS_BELOW);
    return this.#view.state === 'failed' ? [h('li', this.#failure())] : [];
  }

  get #isShown() {
    return this.#scroller.getClientRects().length > 0;
  }

  /** A list that is not on the screen is where it was left. */
  get #isAtTop() {
    return this.#isShown ? this.#scroller.scrollTop < TOP_PX : this.#view.top === Infinity;
  }

  /** @param {any[]} drawn what is drawn from the beginning */
  #newRows(drawn = []) {
    this.#drawn = drawn;
    return new KeyedRows(this.#rows, {
      key: (/** @type {SaleRecord} */ record) => idOf(this.#kind, record),
      fill: (record) => [this.#row(record)],
      fresh: this.#app.store.fresh,
      block: (record) => Math.floor(placeOf(this.#kind, record) / BLOCK),
    });
  }

  #markOpen() {
    for (const link of this.#rows.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current');
    this.#rowOf(this.#open)?.setAttribute('aria-current', 'true');
  }

  /** @param {string} id @returns {any} */
  #rowOf(id) {
    return this.#rows.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  /** @param {SaleRecord} record */
  #row(record) {
    const kind = this.#kind;
    const id = idOf(kind, record);
    const number = numberOf(kind, record) || words.state.noNumber;
    const meta = [number, wallTime(timeOf(record)), record.sale_by].filter(Boolean).join(' · ');
    return h(
      'a.row',
      { href: linkTo(kind, id), data: { id } },
      h('strong.row-name', record.customer_name),
      h('span.row-total', amountOf(record, 'total')),
      h('span.row-meta', meta),
      h('span.row-chips', ...chips(kind, record)),
    );
  }

  /** What an empty list says. */
  #nothing() {
    const { q, status } = this.#view;
    const text = words.lists[this.#kind];
    if (q === '' && status === '') {
      const canMake = this.#app.store.may('sell') || this.#app.store.may('estimate');
      const action = canMake && h('a.button.strong', { href: '#/new' }, icon('plus'), text.action);
      return h('li', empty(text.empty, canMake ? text.next : '', action));
    }
    const title = q === '' ? words.noneSuch : words.notFound(q);
    const clear = button(words.clear, () => this.#clear());
    return h('li', empty(title, '', clear));
  }

  #failure() {
    const again = button(words.again, () => this.#load());
    return empty(words.failed, '', again);
  }

  #clear() {
    this.#search.value = '';
    const all = this.node.querySelector(`[name="status-${this.#kind}"]`);
    all.checked = true;
    this.#look('');
  }

  /** @param {string} [status] */
  #look(status = this.#view.status) {
    this.#lookAt(new View(this.#kind, this.#search.value.trim(), status));
    this.#load();
  }

  /** @param {View} view instead of the one that was shown */
  #lookAt(view) {
    const { store } = this.#app;
    store.unwatch(this.#view);
    this.#view = view;
    store.watch(view);
    this.#scroller.scrollTop = 0;
  }

  #load() {
    this.#app.sync.load(this.#view).catch(() => {});
    this.#app.renderSoon();
  }

  #scrolled() {
    this.#view.top = this.#isAtTop ? Infinity : this.#top;
    if (this.#isAtTop && !this.#news.hidden) this.#app.renderSoon();
    this.#wantMore();
  }

  /** The next page before somebody sees the end, also where a page that was asked for did not fit any more. */
  #wantMore() {
    if (this.#view.state !== 'ready' || this.#view.isWhole || !this.#isShown) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (scrollHeight - scrollTop - clientHeight < AHEAD_PX) this.#load();
  }

  #showNews() {
    this.#scroller.scrollTop = 0;
    this.#app.renderSoon();
    this.#rows.querySelector('a')?.focus();
  }
}
