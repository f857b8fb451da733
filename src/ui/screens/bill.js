// A bill on the screen and on paper: the table of its lines, and what they come to.

import { fromNumber } from '../kit/decimal.js';
import { h } from '../kit/dom.js';
import { decimals, minorMoney, money, number, rateMoney } from '../kit/format.js';
import { words } from '../kit/words.js';
import { billOf } from '../data/amounts.js';
import { dueOf, isDue, isHidden, isMoney } from '../data/records.js';
import { amountOf, hidden } from './masked.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').Item} Item */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */

/** The lines of a bill. Where a line takes two rows, only the roles keep it a table. @param {SaleRecord} record */
export function itemsTable(record) {
  const { items } = record;
  const isMasked = isHidden(record, 'items.price');
  const lines = items.map(({ price, quantity, discount }) => ({
    price: fromNumber(price),
    quantity: fromNumber(quantity),
    discount: fromNumber(discount),
  }));
  const amounts = billOf(lines, { isPercent: false, value: 0n }, decimals()).lines;
  const hasDiscount = lines.some((line) => line.discount > 0n);
  const { item, rate, quantity, discount, amount } = words.record;
  const heads = hasDiscount ? [item, rate, quantity, discount, amount] : [item, rate, quantity, amount];
  const texts = items.map((one, index) => textsOf(one, amounts[index], hasDiscount));
  const shown = texts.map((all) => (isMasked ? [all[0], hidden(), all[2], hidden()] : all));
  const rows = shown.map((all) => tableRow('td', 'cell', all));
  return h(
    'table.items',
    { role: 'table' },
    h('thead', { role: 'rowgroup' }, tableRow('th', 'columnheader', heads)),
    h('tbody', { role: 'rowgroup' }, ...rows),
  );
}

/**
 * @param {Item} item
 * @param {bigint} amount
 * @param {boolean} hasDiscount some line of the bill has one
 */
function textsOf(item, amount, hasDiscount) {
  const discount = item.discount ? `−${number(item.discount)} %` : '';
  const texts = [item.name, rateMoney(item.price), number(item.quantity)];
  return [...texts, ...(hasDiscount ? [discount] : []), minorMoney(amount)];
}

/**
 * @param {'th' | 'td'} tag
 * @param {string} role
 * @param {any[]} texts or elements
 */
function tableRow(tag, role, texts) {
  const cells = texts.map((text, index) => h(index > 0 ? `${tag}.number` : tag, { role }, text));
  return h('tr', { role: 'row' }, ...cells);
}

/** What a bill comes to. @param {Kind} kind @param {SaleRecord} record */
export function totals(kind, record) {
  const isMasked = isHidden(record, 'total');
  /** @type {any[][]} */
  const lines = [...(isMasked ? [] : discountLines(record)), ['.sum', words.record.total, amountOf(record, 'total')]];
  if (isMasked) return totalsList(lines);
  if (kind === 'order') lines.push(['', words.record.paid, money((record.amount_paid ?? 0) + (record.change ?? 0))]);
  if (record.change) lines.push(['.sum', words.record.change, money(record.change)]);
  if (isDue(record)) lines.push(['.due', words.record.due, money(dueOf(record))]);
  return totalsList(lines);
}

/** @param {any[][]} lines look, name, and text or element */
const totalsList = (lines) =>
  h('dl.totals', ...lines.flatMap(([look, name, text]) => [h(`dt${look}`, name), h(`dd${look}`, text)]));

/** @param {SaleRecord} record @returns {string[][]} none without a discount */
function discountLines(record) {
  const off = record.subtotal - record.total;
  if (!isMoney(Math.abs(off))) return [];
  const { discount, subtotal } = words.record;
  const label = record.is_percentage_discount ? `${discount} ${number(record.discount_amount)} %` : discount;
  return [
    ['', subtotal, money(record.subtotal)],
    ['', label, money(-off)],
  ];
}
