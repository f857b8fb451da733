// A column chart of the last days. Its values can be reached by keyboard and pointer, and are said in words.

import { h, setText, svg } from '../kit/dom.js';
import { fromUnits, longDay, shortDay, today } from '../kit/format.js';
import { words } from '../kit/words.js';
import { HIDDEN } from './masked.js';

/** @typedef {import('../data/figures.js').Day} Day */

const WIDTH = 560;
const HEIGHT = 132;
/** Room for the names of days. */
const LABEL = 30;
const LABEL_BASE = 5;
/** Every third day has its name below. */
const LABEL_EVERY = 3;
/** A day without sales, and the smallest that had some. */
const EMPTY_HEIGHT = 2;
const LEAST_HEIGHT = 4;
/** Of the step from day to day. */
const COLUMN_SHARE = 0.72;
const GAP_SHARE = 0.14;

export class DayChart {
  /** What the day says that is pointed at; else all of them together. */
  text = h('p.said');
  node = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT + LABEL}`,
    role: 'group',
    'aria-label': words.home.days,
  });
  /** @type {any[]} */
  #columns = [];
  #whole = '';
  /** An amount as it is said. @type {(units: number) => string} */
  #said = fromUnits;

  constructor() {
    this.node.onkeydown = ({ key }) => this.#key(key);
    this.node.onpointerleave = () => setText(this.text, this.#whole);
  }

  /** @param {Day[]} days @param {boolean} isMasked the amounts are hidden for this role */
  draw(days, isMasked) {
    this.#said = isMasked ? () => HIDDEN : fromUnits;
    const focused = this.#focused;
    const total = days.reduce((sum, day) => sum + day.total, 0);
    const count = days.reduce((sum, day) => sum + day.count, 0);
    const highest = Math.max(1, ...days.map((day) => day.total));
    this.#whole = `${this.#said(total)} · ${words.home.count(count)}`;
    this.#columns = days.map((day, index) => this.#column(day, index, days.length, highest));
    this.node.replaceChildren(...this.#columns);
    if (focused < 0) setText(this.text, this.#whole);
    else this.#columns[focused]?.focus();
  }

  /**
   * @param {Day} day
   * @param {number} index
   * @param {number} count of all
   * @param {number} highest total of all
   */
  #column({ day, total, count: sales }, index, count, highest) {
    const step = WIDTH / count;
    const tall = total === 0 ? EMPTY_HEIGHT : Math.max(LEAST_HEIGHT, (total / highest) * HEIGHT);
    const isLast = index === count - 1;
    const text = words.home.day(longDay(day), this.#said(total), words.home.count(sales));
    const column = svg(
      'g',
      {
        class: day === today() ? 'column now' : 'column',
        tabindex: isLast ? 0 : -1,
        role: 'img',
        'aria-label': text,
        'data-day': day,
      },
      svg('rect', { class: 'hit', x: index * step, y: 0, width: step, height: HEIGHT + LABEL }),
      svg('rect', {
        class: 'value',
        x: (index + GAP_SHARE) * step,
        y: HEIGHT - tall,
        width: step * COLUMN_SHARE,
        height: tall,
        rx: 3,
      }),
    );
    if ((count - 1 - index) % LABEL_EVERY === 0) column.append(nameOf(day, index, step, isLast));
    for (const event of ['pointerenter', 'focus']) column.addEventListener(event, () => setText(this.text, text));
    return column;
  }

  /** The place of the day that has the focus; -1 for none. */
  get #focused() {
    return this.#columns.indexOf(document.activeElement);
  }

  /** @param {string} key */
  #key(key) {
    if (key === 'ArrowRight') this.#columns[this.#focused + 1]?.focus();
    if (key === 'ArrowLeft') this.#columns[this.#focused - 1]?.focus();
  }
}

/**
 * @param {string} day
 * @param {number} index
 * @param {number} step
 * @param {boolean} isLast its name ends where the chart does
 */
function nameOf(day, index, step, isLast) {
  const place = isLast ? 1 - GAP_SHARE : 0.5;
  const label = svg('text', { x: (index + place) * step, y: HEIGHT + LABEL - LABEL_BASE });
  label.textContent = shortDay(day);
  return label;
}
