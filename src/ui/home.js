// The first screen: what was sold today, how it was paid, what is open, the last 14 days, and what happened last.

import { h, setText, svg } from './dom.js';
import { fromUnits, longDay, money, shortDay, today, wallTime } from './format.js';
import { icon } from './icons.js';
import { spelledMode } from './payment.js';
import { linkTo, numberOf } from './wire.js';
import { button, empty, rows } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./figures.js').Day} Day */
/** @typedef {import('./store.js').Event} Event */

const CHART = { width: 560, height: 132 };
/** Room for the names of days. */
const LABEL = 30;
/** Ways of paying with a colour of their own; the rest share the last one. */
const COLOURS = 4;

export class Home {
  title = words.home.title;
  #app;
  #total = h('p.figure', { data: { figure: 'today-total' } }, '–');
  #count = h('p.quiet', { data: { figure: 'today-count' } });
  #pending = h('p.quiet');
  #bar = svg('svg', { class: 'stack', viewBox: '0 0 100 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  #legend = h('ul.legend', { data: { figure: 'modes' }, 'aria-label': words.home.modes });
  #open = h('p.figure.small', { data: { figure: 'open-total' } }, '–');
  #openCount = h('p.quiet', { data: { figure: 'open-count' } });
  #said = h('p.said');
  #chart = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${CHART.width} ${CHART.height + LABEL}`,
    role: 'group',
    'aria-label': words.home.days,
  });
  #date = h('p.quiet');
  #list = h('ol.rows.activity', { role: 'list' });
  #draw;
  #drawn = '';

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    const { home } = words;
    this.#draw = rows(this.#list, {
      key: (/** @type {Event} */ event) => event.id,
      fill: (event) => [activityRow(event)],
      fresh: app.store.fresh,
    });
    this.node = h(
      'div.home.pane',
      { data: { screen: 'home' } },
      h(
        'header.pane-head',
        h('div.grow', h('h1', home.title), this.#date),
        h(
          'div.actions',
          h('a.button.strong', { href: '#/new' }, icon('plus'), h('span', words.form.new)),
          button(home.find, app.search, { icon: 'search', name: 'find' }),
        ),
      ),
      h(
        'div.cards',
        h(
          'div.column',
          h('section.card', h('h2', home.sales), this.#total, this.#count, this.#pending, this.#bar, this.#legend),
          h('section.card', h('h2', home.days), this.#said, this.#chart),
        ),
        h(
          'div.column',
          h('a.card.open', { href: '#/estimates' }, h('h2', home.open), this.#open, this.#openCount),
          h('section.card.last', h('h2', home.activity), this.#list),
        ),
      ),
    );
  }

  show() {}

  render() {
    const { store } = this.#app;
    const { figures } = store;
    setText(this.#date, longDay(today()));
    this.#draw(
      store.activity,
      store.activity.length === 0 && figures.isLoaded ? [h('li', empty('', words.home.nothing))] : [],
    );
    this.#sayPending();
    const state = JSON.stringify([
      today(),
      figures.days.map((/** @type {Day} */ day) => ({ ...day, modes: [...day.modes] })),
      figures.open,
      store.settings.currency,
      store.settings.payment_modes,
    ]);
    if (!figures.isLoaded || state === this.#drawn) return;
    this.#drawn = state;
    const day = figures.days.find((/** @type {Day} */ one) => one.day === today()) ?? {
      count: 0,
      total: 0,
      paid: 0,
      modes: new Map(),
    };
    setText(this.#total, fromUnits(day.total));
    setText(this.#count, words.home.count(day.count));
    setText(this.#open, fromUnits(figures.open.total));
    setText(this.#openCount, words.home.openCount(figures.open.count));
    this.#drawModes(day);
    this.#drawDays(figures.days);
  }

  #sayPending() {
    const own = this.#app.store.own('order');
    const sum = own.reduce((/** @type {number} */ total, /** @type {any} */ one) => total + one.total, 0);
    setText(this.#pending, own.length > 0 ? words.home.pending(money(sum)) : '');
  }

  /** A thin bar of what was paid in which way, and its legend in words. @param {any} day */
  #drawModes(day) {
    const { settings } = this.#app.store;
    const parts = [...day.modes.values()]
      .map(({ mode, paid }) => ({ mode: spelledMode(mode, settings), paid }))
      .filter(({ paid }) => paid > 0)
      .sort((one, other) => other.paid - one.paid)
      .map((part, index) => ({ ...part, look: `m${Math.min(index, COLOURS - 1)}` }));
    if (day.total > day.paid) parts.push({ mode: words.home.due, paid: day.total - day.paid, look: 'mdue' });
    const sum = parts.reduce((total, { paid }) => total + paid, 0);
    let x = 0;
    this.#bar.replaceChildren(
      ...parts.map(({ paid, look }) => {
        const width = (paid / sum) * 100;
        x += width;
        return svg('rect', { x: x - width, y: 0, width: Math.max(0.4, width - 0.4), height: 1, class: look });
      }),
    );
    const legend = parts.map(({ mode, paid, look }) => h('li', h(`i.${look}`), mode, h('b', fromUnits(paid))));
    this.#legend.replaceChildren(...legend);
    this.#bar.toggleAttribute('hidden', sum === 0);
  }

  /** @param {Day[]} days */
  #drawDays(days) {
    const { width, height } = CHART;
    const highest = Math.max(1, ...days.map(({ total }) => total));
    const step = width / Math.max(1, days.length);
    const whole = days.reduce((sum, { total, count }) => ({ total: sum.total + total, count: sum.count + count }), {
      total: 0,
      count: 0,
    });
    const sayWhole = () => setText(this.#said, `${fromUnits(whole.total)} · ${words.home.count(whole.count)}`);
    const columns = days.map(({ day, total, count }, index) => {
      const text = words.home.day(longDay(day), fromUnits(total), words.home.count(count));
      const tall = total === 0 ? 2 : Math.max(4, (total / highest) * height);
      const isLast = index === days.length - 1;
      const column = svg(
        'g',
        {
          class: day === today() ? 'column now' : 'column',
          tabindex: isLast ? 0 : -1,
          role: 'img',
          'aria-label': text,
          'data-day': day,
        },
        svg('rect', { class: 'hit', x: index * step, y: 0, width: step, height: height + LABEL }),
        svg('rect', {
          class: 'value',
          x: (index + 0.14) * step,
          y: height - tall,
          width: step * 0.72,
          height: tall,
          rx: 3,
        }),
      );
      if ((days.length - 1 - index) % 3 === 0) {
        const label = svg('text', { x: (index + (isLast ? 0.86 : 0.5)) * step, y: height + LABEL - 5 });
        label.textContent = shortDay(day);
        column.append(label);
      }
      for (const event of ['pointerenter', 'focus']) column.addEventListener(event, () => setText(this.#said, text));
      return column;
    });
    const at = () => columns.indexOf(/** @type {any} */ (document.activeElement));
    const focused = [...this.#chart.children].indexOf(/** @type {any} */ (document.activeElement));
    this.#chart.replaceChildren(...columns);
    this.#chart.onkeydown = ({ key }) =>
      /** @type {any} */ (columns[at() + (key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : NaN)])?.focus();
    this.#chart.onpointerleave = sayWhole;
    if (focused < 0) sayWhole();
    else /** @type {any} */ (columns[focused])?.focus();
  }
}

/** @param {Event} event */
function activityRow(event) {
  const { type: kind, action, record } = event;
  const what =
    action === 'convert_to_order'
      ? words.said.converted(record?.estimate_number ?? '', event.order_number ?? '')
      : `${words.record.name(kind, record ? numberOf(kind, record) : event.id)} · ${words.record.steps[/** @type {'create'} */ (action)].toLowerCase()}`;
  // A new record says when it was made; of what happened to it later only the server knows the time.
  const at = (action === 'create' && record?.made_at) || event.at;
  const href =
    action === 'delete'
      ? null
      : action === 'convert_to_order'
        ? linkTo('order', event.order_id ?? '')
        : linkTo(kind, event.id);
  return h(
    href ? 'a.row' : 'div.row',
    { href, data: { id: event.id } },
    h('strong.row-name', record?.customer_name ?? what),
    h('span.row-total', record ? money(record.total) : ''),
    h('span.row-meta', [record ? what : '', event.by].filter(Boolean).join(' · ')),
    h('time.row-chips.quiet', { dateTime: at }, at ? wallTime(at) : ''),
  );
}
