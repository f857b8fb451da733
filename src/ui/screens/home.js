// The first screen: what was sold today, how it was paid, what is open, the last 14 days, and what happened last.

import { h, setText, svg } from '../kit/dom.js';
import { fromUnits, longDay, money, today, wallTime } from '../kit/format.js';
import { icon } from '../kit/icons.js';
import { KeyedRows } from '../kit/rows.js';
import { button, empty, helpLink } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { spelledMode } from '../data/payment.js';
import { linkTo, numberOf } from '../data/records.js';
import { DayChart } from './chart.js';
import { HIDDEN, amountOf } from './masked.js';

/** @typedef {import('../data/figures.js').Day} Day */
/** @typedef {import('../data/store.js').Activity} Activity */

/** Ways of paying with a colour of their own; the rest share the last one. */
const COLOURS = 4;
/** Of the bar, in per cent: between two parts, and the smallest part. */
const GAP = 0.4;
/** Days of the chart, before it is known how many the role shows. */
const DAYS = 14;
/** @type {Omit<Day, 'day'>} */
const NO_SALES = { count: 0, total: 0, paid: 0, modes: new Map() };

export class Home {
  title = words.home.title;
  #app;
  #salesTitle = h('h2', words.home.sales);
  #openTitle = h('h2', words.home.open);
  #daysTitle = h('h2');
  #new = h('a.button.strong', { href: '#/new' }, icon('plus'), h('span', words.form.new));
  #total = h('p.figure', { data: { figure: 'today-total' } }, '–');
  #count = h('p.quiet', { data: { figure: 'today-count' } });
  #pending = h('p.quiet');
  #bar = svg('svg', { class: 'stack', viewBox: '0 0 100 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  #legend = h('ul.legend', { data: { figure: 'modes' }, 'aria-label': words.home.modes });
  #open = h('p.figure.small', { data: { figure: 'open-total' } }, '–');
  #openCount = h('p.quiet', { data: { figure: 'open-count' } });
  #chart = new DayChart();
  #date = h('p.quiet');
  #activity = h('ol.rows.activity', { role: 'list' });
  #rows;
  /** What the figures show. */
  #drawn = '';

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    this.#rows = new KeyedRows(this.#activity, {
      key: (/** @type {Activity} */ activity) => activity.id,
      fill: (activity) => [activityRow(activity)],
      fresh: app.store.fresh,
    });
    this.node = h('div.home.pane', { data: { screen: 'home' } }, this.#head(), this.#cards());
  }

  #head() {
    const actions = [this.#new, button(words.home.find, this.#app.search, { icon: 'search', name: 'find' })];
    return h('header.pane-head', h('div.grow', h('h1', words.home.title), this.#date), h('div.actions', ...actions));
  }

  #cards() {
    const { home } = words;
    return h(
      'div.cards',
      h(
        'div.column',
        h('section.card', this.#salesTitle, this.#total, this.#count, this.#pending, this.#bar, this.#legend),
        h('section.card', this.#daysTitle, this.#chart.text, this.#chart.node),
      ),
      h(
        'div.column',
        h('a.card.open', { href: '#/estimates' }, this.#openTitle, this.#open, this.#openCount),
        h('section.card.last', h('h2', home.activity), this.#activity),
      ),
    );
  }

  show() {}

  render() {
    const { activity, figures } = this.#app.store;
    const { store } = this.#app;
    setText(this.#date, longDay(today()));
    const { home } = words;
    const isOfAll = store.may('figures');
    setText(this.#salesTitle, isOfAll ? home.sales : home.ownSales);
    setText(this.#openTitle, isOfAll ? home.open : home.ownOpen);
    setText(this.#daysTitle, isOfAll ? home.days(figures.days.length || DAYS) : home.ownDays);
    this.#new.hidden = !store.may('sell') && !store.may('estimate');
    const isEmpty = activity.length === 0 && figures.isLoaded;
    const nothing = () => h('li', empty('', words.home.nothing, helpLink(words.help.devices, 'devices')));
    this.#rows.draw(activity, isEmpty ? [nothing()] : []);
    this.#sayPending();
    if (figures.isLoaded) this.#drawFigures();
  }

  #sayPending() {
    const own = this.#app.store.own('order');
    const sum = own.reduce((/** @type {number} */ total, /** @type {any} */ one) => total + one.total, 0);
    setText(this.#pending, own.length > 0 ? words.home.pending(money(sum)) : '');
  }

  #drawFigures() {
    const { figures, settings } = this.#app.store;
    const days = figures.days.map((/** @type {Day} */ day) => ({ ...day, modes: [...day.modes] }));
    const state = JSON.stringify([today(), days, figures.open, settings.currency, settings.payment_modes]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const day = figures.days.find((/** @type {Day} */ one) => one.day === today()) ?? NO_SALES;
    const isMasked = this.#app.store.me.masks.includes('amounts');
    setText(this.#total, isMasked ? HIDDEN : fromUnits(day.total));
    setText(this.#count, words.home.count(day.count));
    setText(this.#open, isMasked ? HIDDEN : fromUnits(figures.open.total));
    setText(this.#openCount, words.home.openCount(figures.open.count));
    this.#drawModes(day);
    this.#chart.draw(figures.days, isMasked);
  }

  /** A thin bar of what was paid in which way, and its legend in words. @param {Omit<Day, 'day'>} day */
  #drawModes(day) {
    const parts = partsOf(day, this.#app.store.settings);
    const sum = parts.reduce((total, { paid }) => total + paid, 0);
    let end = 0;
    const pieces = parts.map(({ paid, look }) => {
      const start = end;
      const width = (paid / sum) * 100;
      end += width;
      return svg('rect', { x: start, y: 0, width: Math.max(GAP, width - GAP), height: 1, class: look });
    });
    const legend = parts.map(({ mode, paid, look }) => h('li', h(`i.${look}`), mode, h('b', fromUnits(paid))));
    this.#bar.replaceChildren(...pieces);
    this.#legend.replaceChildren(...legend);
    this.#bar.toggleAttribute('hidden', sum === 0);
  }
}

/**
 * What was paid in which way, the most first, and what is still due.
 * @param {Omit<Day, 'day'>} day
 * @param {import('../data/settings.js').Settings} settings
 */
function partsOf(day, settings) {
  const parts = [...day.modes.values()]
    .filter(({ paid }) => paid > 0)
    .sort((one, other) => other.paid - one.paid)
    .map(({ mode, paid }, index) => ({
      mode: spelledMode(mode, settings),
      paid,
      look: `m${Math.min(index, COLOURS - 1)}`,
    }));
  const due = day.total - day.paid;
  return due > 0 ? [...parts, { mode: words.home.due, paid: due, look: 'mdue' }] : parts;
}

/** @param {Activity} activity */
function activityRow(activity) {
  const { action, record } = activity;
  const what = whatHappened(activity);
  // A new record says when it was made; of what happened to it later only the server knows the time.
  const at = (action === 'create' && record?.made_at) || activity.at;
  const href = linkOf(activity);
  return h(
    href ? 'a.row' : 'div.row',
    { href, data: { id: activity.id } },
    h('strong.row-name', record?.customer_name ?? what),
    h('span.row-total', record ? amountOf(record, 'total') : ''),
    h('span.row-meta', [record ? what : '', activity.by].filter(Boolean).join(' · ')),
    h('time.row-chips.quiet', { dateTime: at }, at ? wallTime(at) : ''),
  );
}

/** @param {Activity} activity */
function whatHappened({ type: kind, action, id, record, order_number }) {
  if (action === 'convert_to_order') return words.said.converted(record?.estimate_number ?? '', order_number ?? '');
  const name = words.record.name(kind, record ? numberOf(kind, record) : id);
  const step = words.record.steps[/** @type {'create'} */ (action)];
  return `${name} · ${step.toLowerCase()}`;
}

/** @param {Activity} activity @returns {string | null} null for what is gone */
function linkOf({ type: kind, action, id, order_id }) {
  if (action === 'delete') return null;
  return order_id ? linkTo('order', order_id) : linkTo(kind, id);
}
