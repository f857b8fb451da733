// The screen of estimates and that of orders: the list, and beside or over it the one that is open. The list keeps
// its place.

import { h, later, setText } from './dom.js';
import { money, wallTime } from './format.js';
import { icon } from './icons.js';
import { RecordPane } from './record.js';
import { NEWS_MAX, View } from './view.js';
import { idOf, linkTo, numberOf, placeOf, timeOf } from './wire.js';
import { button, chips, choice, empty, placeholders, rows } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

/** So far from its end the list asks for more. */
const AHEAD_PX = 1_200;
/** A list that is left with more rows than this begins at its top when somebody comes back. */
const LEFT_ROWS_MAX = 1_000;
/** Numbers of a series that stand in one block of the list. */
const BLOCK = 50;

export class Book {
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
  #draw;
  #pane;
  #title;

  /** @param {any} app @param {Kind} kind */
  constructor(app, kind) {
    this.#app = app;
    this.#kind = kind;
    this.#view = new View(kind);
    this.#pane = new RecordPane(app, kind);
    this.#title = h('h1', words.lists[kind].title);
    this.#search = h('input', {
      type: 'search',
      placeholder: words.search,
      'aria-label': words.search,
      oninput: later(120, () => this.#look()),
      data: { search: kind },
    });
    this.#draw = this.#newRows();
    const head = h(
      'header.pane-head',
      this.#title,
      h('label.search', icon('search'), this.#search),
      choice(words.filter, `status-${kind}`, words.lists[kind].statuses, '', (status) => this.#look(status)),
    );
    this.node = h(
      'div.book',
      { data: { screen: kind } },
      h('section.pane.list-pane', head, this.#scroller),
      this.#pane.node,
    );
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
    this.#draw = this.#newRows();
    this.#rows.replaceChildren();
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
    this.#pane.render();
    if (this.#view.state === 'new' && this.#app.store.connection === 'live') this.#load();
    const { store } = this.#app;
    const stored = store.select(this.#view);
    const own =
      this.#view.status === ''
        ? store.own(this.#kind).filter((/** @type {SaleRecord} */ one) => this.#view.finds(one))
        : [];
    this.node.setAttribute('aria-busy', String(this.#view.state === 'loading'));
    if (this.#view.state !== 'ready' && stored.length + own.length === 0) {
      this.#rows.replaceChildren(...(this.#view.state === 'failed' ? [h('li', this.#failure())] : placeholders(7)));
      this.#draw = this.#newRows();
      return;
    }
    if (this.#isAtTop) this.#top = stored.length > 0 ? placeOf(this.#kind, stored[0]) : 0;
    if (this.#isAtTop && this.#view.isCut && this.#view.state === 'ready')
      this.#app.sync.begin(this.#view).catch(() => {});
    this.#view.top = this.#isAtTop ? Infinity : this.#top;
    const state = [
      this.#view,
      this.#view.version,
      this.#view.state,
      this.#top,
      this.#open,
      store.unsent,
      store.settings,
    ];
    if (this.#drawn.length > 0 && state.every((one, index) => one === this.#drawn[index])) return;
    this.#drawn = state;
    // Rows that stand already show amounts and times in the shop's way, which is another one by now.
    const { currency, timezone } = store.settings;
    if (this.#way !== `${currency} ${timezone}`) this.#draw = this.#newRows(state);
    this.#way = `${currency} ${timezone}`;
    const shown = stored.filter((/** @type {SaleRecord} */ record) => placeOf(this.#kind, record) <= this.#top);
    const news = this.#view.isCut ? `${NEWS_MAX}+` : String(stored.length - shown.length);
    this.#news.hidden = news === '0';
    setText(this.#news, words.fresh(news));
    const all = [
      ...own,
      ...shown.map((/** @type {SaleRecord} */ record) =>
        store.unsent.length > 0 ? (store.find(this.#kind, idOf(this.#kind, record)) ?? record) : record,
      ),
    ];
    this.#draw(
      all,
      all.length === 0
        ? [this.#nothing()]
        : this.#view.state === 'loading'
          ? placeholders(2)
          : this.#view.state === 'failed'
            ? [h('li', this.#failure())]
            : [],
    );
    this.#markOpen();
    this.#wantMore();
  }

  get #isShown() {
    return this.#scroller.getClientRects().length > 0;
  }

  /** A list that is not on the screen is where it was left. */
  get #isAtTop() {
    return this.#isShown ? this.#scroller.scrollTop < 8 : this.#view.top === Infinity;
  }

  /** @param {any[]} drawn what is drawn from the beginning */
  #newRows(drawn = []) {
    this.#drawn = drawn;
    return rows(this.#rows, {
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
    const id = idOf(this.#kind, record);
    const meta = [numberOf(this.#kind, record) || words.state.noNumber, wallTime(timeOf(record)), record.sale_by]
      .filter(Boolean)
      .join(' · ');
    return h(
      'a.row',
      { href: linkTo(this.#kind, id), data: { id } },
      h('strong.row-name', record.customer_name),
      h('span.row-total', money(record.total)),
      h('span.row-meta', meta),
      h('span.row-chips', ...chips(this.#kind, record)),
    );
  }

  #nothing() {
    const text = words.lists[this.#kind];
    const isFiltered = this.#view.q !== '' || this.#view.status !== '';
    if (isFiltered) {
      return h(
        'li',
        empty(
          this.#view.q === '' ? words.noneSuch : words.notFound(this.#view.q),
          '',
          button(words.clear, () => this.#clear()),
        ),
      );
    }
    return h('li', empty(text.empty, text.next, h('a.button.strong', { href: '#/new' }, icon('plus'), text.action)));
  }

  #failure() {
    return empty(
      words.failed,
      '',
      button(words.again, () => this.#load()),
    );
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
