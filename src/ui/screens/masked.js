// Amounts of a record as they are shown; those that are hidden for a role say so (field-level authorization).

import { h } from '../kit/dom.js';
import { money } from '../kit/format.js';
import { words } from '../kit/words.js';
import { isHidden } from '../data/records.js';

/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */

export const HIDDEN = '—';

/** Stands where something is hidden. */
export const hidden = () => h('span', { title: words.hidden }, HIDDEN);

/** @param {SaleRecord} record @param {'total' | 'subtotal' | 'change'} name @returns {any} text or an element */
export const amountOf = (record, name) => (isHidden(record, name) ? hidden() : money(record[name]));
