// What state a record is in, in words: the small labels (chips) of rows and heads.

import { h } from '../kit/dom.js';
import { money } from '../kit/format.js';
import { words } from '../kit/words.js';
import { STATUS_DONE, dueOf, isCancelled, isDue } from '../data/records.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */

/** @param {Kind} kind @param {SaleRecord} record */
export function chips(kind, record) {
  if (record.pending) return [pendingChip(record.pending)];
  return kind === 'estimate' ? [estimateChip(record)] : orderChips(record);
}

/** @param {string} tone @param {string} text */
const chip = (tone, text) => h(`span.chip.${tone}`, text);

/** @param {import('../data/records.js').Pending} pending */
function pendingChip({ isParked, what }) {
  return isParked ? chip('bad', words.state.parked) : chip('wait', words.state.pending[what]);
}

/** @param {SaleRecord} estimate */
function estimateChip({ is_converted_to_order: isConverted }) {
  return isConverted ? chip('done', words.state.converted) : chip('open', words.state.open);
}

/** @param {SaleRecord} order */
function orderChips(order) {
  const due = isDue(order) ? [chip('due', words.state.due(money(dueOf(order))))] : [];
  // What is done but not paid is just not paid.
  if (!order.status || (due.length > 0 && order.status === STATUS_DONE)) return due;
  return [...due, chip(toneOf(order), order.status)];
}

/** @param {SaleRecord} order */
function toneOf(order) {
  if (order.status === STATUS_DONE) return 'done';
  return isCancelled(order) ? 'bad' : 'open';
}
