// What is typed into the form, as typed: it is kept on this device until it is saved.

import { fromNumber, isPercentage, microsText, parseMicros } from './amounts.js';
import { currencySign } from './format.js';
import { isObject, local } from './storage.js';
import { isRecord } from './wire.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

/**
 * @typedef {{ name: string, rate: string, quantity: string, off: string }} DraftLine
 * @typedef {object} Draft
 * @property {string} customer_name
 * @property {string} customer_phone
 * @property {string} customer_address
 * @property {string} sale_by
 * @property {DraftLine[]} lines
 * @property {string} discount
 * @property {boolean} isPercent
 * @property {string} mode
 * @property {string} paid
 * @property {SaleRecord} [base] the estimate as it was when editing began
 * @property {number} [replaces] place of the refused command that this one replaces
 */

export const PERSON = /** @type {const} */ (['customer_name', 'customer_phone', 'customer_address', 'sale_by']);

/** @returns {DraftLine} */
export const emptyLine = () => ({ name: '', rate: '', quantity: '', off: '' });

/** @param {string} by @returns {Draft} */
export const emptyDraft = (by) => ({
  customer_name: '', customer_phone: '', customer_address: '', sale_by: by, lines: [], discount: '', isPercent: true, mode: '', paid: '',
});

/** @param {SaleRecord} record @returns {Draft} */
export function draftOf(record) {
  const shown = (/** @type {number | undefined} */ value) => (value ? microsText(fromNumber(value)) : '');
  return {
    ...emptyDraft(''),
    ...Object.fromEntries(PERSON.map((name) => [name, record[name]])),
    lines: record.items.map(({ name, price, quantity, discount }) => ({ name, rate: microsText(fromNumber(price)), quantity: shown(quantity), off: shown(discount) })),
    discount: shown(record.discount_amount),
    isPercent: record.is_percentage_discount || !record.discount_amount,
    mode: record.payment_mode ?? '',
    base: record,
  };
}

/** @param {DraftLine} line */
export const isBlank = (line) => Object.values(line).every((value) => value.trim() === '');

/** @param {DraftLine} line @returns {import('./amounts.js').Line} what cannot be read counts as nothing */
export function amountsOf({ rate, quantity, off }) {
  const discount = parseMicros(off) ?? 0n;
  return { price: parseMicros(rate) ?? 0n, quantity: parseMicros(quantity || '1') ?? 0n, discount: isPercentage(discount) ? discount : 0n };
}

/** @param {string} id of the estimate that is edited; empty for a new one */
const nameOf = (id) => (id ? `draft ${id}` : 'draft');

/** @param {string} id @param {Draft | null} draft */
export function putDraft(id, draft) {
  local.write(nameOf(id), draft && JSON.stringify(draft));
}

/** What can be used of a draft that was kept; another version of the page may have kept it. @param {string} id @returns {Draft | null} */
export function readDraft(id) {
  const kept = local.readObject(nameOf(id));
  // The edit of an estimate that is not told would become a new one.
  if (!kept || (id && !isRecord('estimate', kept.base))) return null;
  const lines = Array.isArray(kept.lines) ? kept.lines.filter(isObject) : [];
  return {
    ...kept,
    ...textsOf(kept, emptyDraft('')),
    lines: lines.map((line) => ({ ...line, ...textsOf(line, emptyLine()) })),
    isPercent: kept.isPercent !== false,
    base: isRecord('estimate', kept.base) ? kept.base : undefined,
    replaces: Number.isInteger(kept.replaces) ? kept.replaces : undefined,
  };
}

/** The texts that `whole` has, as far as they are kept. @template T @param {Record<string, any>} kept @param {T} whole @returns {T} */
function textsOf(kept, whole) {
  const own = Object.entries(/** @type {any} */ (whole)).map(([name, value]) => [name, typeof kept[name] === typeof value ? kept[name] : value]);
  return Object.fromEntries(own);
}

const text = words.form;

/** What can differ between two versions. @type {Array<{ label: string, copies: string[], show: (draft: any) => string }>} */
const FIELDS = [
  ...[text.customer, text.phone, text.address, text.by].map((label, index) => ({
    label, copies: [PERSON[index]], show: (/** @type {any} */ draft) => draft[PERSON[index]],
  })),
  { label: text.items, copies: ['lines'], show: ({ lines }) => lines.map((/** @type {DraftLine} */ { name, rate, quantity, off }) => `${quantity || 1} × ${name} · ${rate}${off && ` · ${off} %`}`).join('\n') },
  { label: text.discount, copies: ['discount', 'isPercent'], show: ({ discount, isPercent }) => discount && `${discount} ${isPercent ? '%' : currencySign()}` },
];

/** Where two versions differ; mine is proposed where I have changed something. @param {Draft} mine @param {Draft} theirs @param {Draft | null} base */
export function differences(mine, theirs, base) {
  return FIELDS.filter(({ show }) => show(mine) !== show(theirs)).map(({ label, copies, show }) => ({
    label, copies, mine: show(mine), theirs: show(theirs), isMine: !base || show(mine) !== show(base),
  }));
}
