// Small parts that several screens are made of.

import { meantBy, parseMicros, typedText } from './amounts.js';
import { arrange, glow, h, later, setText } from './dom.js';
import { money } from './format.js';
import { icon } from './icons.js';
import { STATUS_DONE, dueOf, isCancelled } from './wire.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

/**
 * @param {string} label
 * @param {(event: Event) => void} onclick
 * @param {{ icon?: any, look?: '' | 'strong' | 'danger' | 'bare', name?: string, type?: string, isIconOnly?: boolean
 * }} [options]
 */
export function button(label, onclick, { icon: name, look = '', name: hook, type = 'button', isIconOnly } = {}) {
  return h(
    `button.button${look && `.${look}`}`,
    {
      type,
      onclick,
      data: hook ? { action: hook } : null,
      title: isIconOnly ? label : null,
    },
    name && icon(name),
    isIconOnly ? null : h('span', label),
  );
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(label, control, hint) {
  return h('label.field', h('span.field-label', label), control, hint ? h('span.hint', hint) : null);
}

/**
 * A field for a number, and beside it what is meant, where that is written in another way. Once it is left, the field
 * itself
 * shows the number as it was understood.
 * @param {HTMLInputElement} input
 */
export function numeric(input) {
  const hint = h('output.meant', { hidden: true });
  const say = () => {
    const meant = meantBy(input.value);
    hint.hidden = meant === '';
    setText(hint, meant && words.meant(meant));
  };
  input.addEventListener('input', say);
  input.addEventListener('focusout', () => {
    const micros = parseMicros(input.value);
    if (micros !== null) input.value = typedText(micros);
    say();
  });
  return h('span.numeric', input, hint);
}

/**
 * Radio buttons side by side.
 * @param {string} label
 * @param {string} name
 * @param {readonly (readonly string[])[]} options value and text
 * @param {string} value
 * @param {(value: string) => void} onchange
 */
export function choice(label, name, options, value, onchange) {
  const radios = options.map(([own, text]) =>
    h(
      'label.pick',
      h('input', {
        type: 'radio',
        name,
        value: own,
        checked: own === value,
        onchange: () => onchange(own),
      }),
      h('span', text),
    ),
  );
  return h('fieldset.choice', { data: { choice: name } }, h('legend.field-label', label), ...radios);
}

/** @param {string} tone @param {string} text */
const chip = (tone, text) => h(`span.chip.${tone}`, text);

/** What state a record is in, in words. @param {Kind} kind @param {SaleRecord} record */
export function chips(kind, record) {
  const { pending } = record;
  if (pending)
    return [
      chip(
        pending.isParked ? 'bad' : 'wait',
        pending.isParked ? words.state.parked : words.state.pending[pending.what],
      ),
    ];
  if (kind === 'estimate') {
    return [record.is_converted_to_order ? chip('done', words.state.converted) : chip('open', words.state.open)];
  }
  const due = dueOf(record) > 0.0005 ? [chip('due', words.state.due(money(dueOf(record))))] : [];
  // What is done but not paid is just not paid.
  if (!record.status || (due.length > 0 && record.status === STATUS_DONE)) return due;
  return [...due, chip(record.status === STATUS_DONE ? 'done' : isCancelled(record) ? 'bad' : 'open', record.status)];
}

/** Stands where something will be while it is on its way. @param {number} count */
export function placeholders(count) {
  return Array.from({ length: count }, () =>
    h('li.row.waiting', { 'aria-hidden': 'true' }, h('span.bar'), h('span.bar.short')),
  );
}

/**
 * @param {string} title
 * @param {string} next
 * @param {...any} actions
 */
export const empty = (title, next, ...actions) =>
  h('div.empty', title && h('p.empty-title', title), next && h('p', next), ...actions);

/** The usual height of a row; only a guess for those that were never on the screen. */
const ROW_PX = 68;

/**
 * Keyed rows: the row of a record stays the same node, and lights up when the record has just changed. In a long list
 * each
 * stands in a `block`, the same for ever: the browser passes over blocks that are not near the screen, not over each
 * row.
 * @template T
 * @param {HTMLElement} parent
 * @param {{ key: (item: T) => string, fill: (item: T) => any[], fresh: Set<string>, block?: (item: T) => number }} how
 */
export function rows(parent, { key, fill, fresh, block }) {
  /** @type {Map<string, { node: any, item: T }>} */
  let shown = new Map();
  /** @type {Map<number, any>} */
  let blocks = new Map();
  const blockOf = (/** @type {number} */ place, /** @type {any[]} */ nodes) => {
    const node = blocks.get(place) ?? h('div', { role: 'none' });
    if (node.childElementCount !== nodes.length) {
      // Older browsers take the first word only.
      for (const size of [`${nodes.length * ROW_PX}px`, `auto ${nodes.length * ROW_PX}px`])
        node.style.containIntrinsicSize = size;
    }
    arrange(node, nodes);
    return node;
  };
  return (/** @type {readonly T[]} */ items, /** @type {any[]} */ rest = []) => {
    const next = new Map();
    /** @type {Map<number, any[]>} */
    const placed = new Map();
    for (const item of items) {
      const held = shown.get(key(item));
      const node = held?.node ?? (block ? h('div', { role: 'listitem' }) : h('li'));
      if (held?.item !== item) {
        node.replaceChildren(...fill(item));
        if (fresh.has(key(item))) glow(node);
      }
      next.set(key(item), { node, item });
      if (!block) continue;
      const own = placed.get(block(item));
      if (own) own.push(node);
      else placed.set(block(item), [node]);
    }
    shown = next;
    // Blocks that have no row any more are forgotten with their rows.
    blocks = new Map([...placed].map(([place, own]) => [place, blockOf(place, own)]));
    const nodes = block ? [...blocks.values()] : [...next.values()].map(({ node }) => node);
    arrange(parent, [...nodes, ...rest]);
  };
}

/**
 * Suggestions below a text field: arrow keys choose, Enter takes, typing goes on undisturbed.
 * @template T
 * @param {HTMLInputElement} input
 * @param {{ find: (typed: string) => Promise<T[]> | T[], show: (item: T) => any[], take: (item: T) => void, pause?:
 * number }} how
 */
export function suggest(input, { find, show, take, pause = 0 }) {
  const list = h('ul.suggestions', {
    id: `s${(suggest.count += 1)}`,
    role: 'listbox',
    'aria-label': input.getAttribute('aria-label'),
    hidden: true,
  });
  for (const [name, value] of [
    ['role', 'combobox'],
    ['aria-autocomplete', 'list'],
    ['aria-controls', list.id],
    ['aria-expanded', 'false'],
    ['autocomplete', 'off'],
  ]) {
    input.setAttribute(name, value);
  }
  /** @type {T[]} */
  let items = [];
  let at = -1;
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const point = (/** @type {number} */ to) => {
    at = (to + items.length + 1) % (items.length + 1);
    if (at === items.length) at = -1;
    [...list.children].forEach((node, index) => node.setAttribute('aria-selected', String(index === at)));
    if (at >= 0) input.setAttribute('aria-activedescendant', list.children[at].id);
    else input.removeAttribute('aria-activedescendant');
    list.children[at]?.scrollIntoView({ block: 'nearest' });
  };
  const accept = (/** @type {T} */ item) => {
    close();
    take(item);
  };
  const look = later(pause, async () => {
    const typed = input.value.trim();
    const found = typed === '' ? [] : await find(typed);
    if (typed !== input.value.trim() || document.activeElement !== input) return;
    items = found;
    list.replaceChildren(
      ...items.map((item, index) =>
        h(
          'li',
          {
            id: `${list.id}-${index}`,
            role: 'option',
            'aria-selected': 'false',
            onpointerdown: (/** @type {Event} */ event) => (event.preventDefault(), accept(item)),
          },
          ...show(item),
        ),
      ),
    );
    list.hidden = items.length === 0;
    input.setAttribute('aria-expanded', String(!list.hidden));
    at = -1;
  });
  input.addEventListener('input', look);
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    if (event.key === 'ArrowDown') point(at + 1);
    else if (event.key === 'ArrowUp') point(at - 1 < -1 ? items.length - 1 : at - 1);
    else if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && at >= 0 && !event.ctrlKey) accept(items[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return h('span.suggest', input, list);
}
suggest.count = 0;
