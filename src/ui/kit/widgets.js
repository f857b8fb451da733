// Small parts that several screens are made of: buttons, fields, choices, and what stands where nothing is yet.

import { meantBy, parseMicros, typedText } from './decimal.js';
import { h, setText, svg } from './dom.js';
import { icon } from './icons.js';
import { words } from './words.js';

/**
 * @typedef {object} ButtonOptions
 * @property {any} [icon]
 * @property {'' | 'strong' | 'danger' | 'bare'} [look]
 * @property {string} [name] by which tests find it
 * @property {string} [type]
 * @property {boolean} [isIconOnly]
 * @property {boolean} [needsNod] somebody else has to allow it
 * @property {string} [about] of several with the same label, which one
 */

/**
 * @param {string} label
 * @param {(event: Event) => void} onclick
 * @param {ButtonOptions} [options]
 */
export function button(label, onclick, options = {}) {
  const { icon: name, look = '', name: action, type = 'button', isIconOnly, needsNod, about } = options;
  const data = action ? { action } : null;
  const title = isIconOnly ? label : null;
  const text = isIconOnly ? null : h('span', label);
  const mark = needsNod && nodMark();
  const props = { type, onclick, data, title, 'aria-label': about ? words.about(label, about) : null };
  return h(`button.button${look && `.${look}`}`, props, name && icon(name), text, mark);
}

/** A small key: somebody else has to allow it. */
export const nodMark = () =>
  h('span.key-mark', { role: 'img', 'aria-label': words.nod.mark, title: words.nod.mark }, icon('key'));

/**
 * A link to a page of the help, in a tab of its own: this one may be all that the device has of the shop.
 * @param {string} text
 * @param {string} page
 */
export function helpLink(text, page, look = '') {
  return h(`a.help${look}`, { href: `/help/${page}`, target: '_blank', rel: 'noopener' }, text);
}

/**
 * What to do, in the help. Without the server only a browser that keeps a copy of the page has it.
 * @param {string} connection
 * @param {string} page
 */
export function adviceLink(connection, page) {
  const isThere = connection !== 'offline' || navigator.serviceWorker?.controller;
  return isThere ? helpLink(words.help.what, page) : null;
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
 * itself shows the number as it was understood.
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

/** What an input for a number has besides; it selects what it holds when it is entered. */
export const NUMERIC = {
  inputMode: 'decimal',
  className: 'number',
  onfocus: (/** @type {any} */ event) => event.target.select(),
};

/**
 * Radio buttons side by side.
 * @param {string} label
 * @param {string} name
 * @param {readonly (readonly string[])[]} options value and text
 * @param {string} value
 * @param {(value: string) => void} onchange
 */
export function choice(label, name, options, value, onchange) {
  const picks = options.map(([own, text]) => {
    const radio = { type: 'radio', name, value: own, checked: own === value, onchange: () => onchange(own) };
    return h('label.pick', h('input', radio), h('span', text));
  });
  return h('fieldset.choice', { data: { choice: name } }, h('legend.field-label', label), ...picks);
}

/** Stands where something will be while it is on its way. @param {number} count */
export function placeholders(count) {
  const one = () => h('li.row.waiting', { 'aria-hidden': 'true' }, h('span.bar'), h('span.bar.short'));
  return Array.from({ length: count }, one);
}

/**
 * What stands where there is nothing, and what to do next.
 * @param {string} title
 * @param {string} next
 * @param {...any} actions
 */
export function empty(title, next, ...actions) {
  return h('div.empty', title && h('p.empty-title', title), next && h('p', next), ...actions);
}

/** The same of a whole screen, whose heading says it. @param {string} title @param {...any} actions */
export const emptyScreen = (title, ...actions) => h('div.empty', h('h1.empty-title', title), ...actions);

/**
 * A QR code as the server has worked it out: the dark modules as a path in a square of so many.
 * @param {{ size: number, path: string } | null | undefined} code
 * @param {string} label
 */
export function qrCode(code, label) {
  if (!code) return null;
  const square = { viewBox: `0 0 ${code.size} ${code.size}`, 'shape-rendering': 'crispEdges' };
  return svg('svg', { ...square, class: 'qr', role: 'img', 'aria-label': label }, svg('path', { d: code.path }));
}

/** The pairs of a list of names and values. @param {ReadonlyArray<readonly [string, any]>} pairs */
export const facts = (pairs) => pairs.flatMap(([name, value]) => [h('dt', name), h('dd', value)]);
