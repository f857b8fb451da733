// What is typed into the form, as typed: it is kept on this device until it is saved. And the way back: what is sent
// of it, in which everything that the person has not changed stays as it is stored, also what this page does not
// know.

import {
  fromMinor,
  fromNumber,
  microsText,
  parseMicros,
  roundToMinor,
  toMinor,
  toNumber,
  typedText,
} from '../kit/decimal.js';
import { decimals } from '../kit/format.js';
import { billOf, isPercentage } from './amounts.js';
import { itemText, splice } from './lossless.js';
import { isRecord } from './records.js';
import { isObject, local } from './storage.js';

/** @typedef {import('./records.js').SaleRecord} SaleRecord */

/**
 * @typedef {{ name: string, rate: string, quantity: string, off: string, item?: string }} DraftLine `item` is the
 * text of the line that is stored
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
 * @property {string} [made_at] when that one was given
 * @property {string} [proposed_by] who stood there as the one who makes it, before anybody typed
 */

export const PERSON = /** @type {const} */ (['customer_name', 'customer_phone', 'customer_address', 'sale_by']);

/** @returns {DraftLine} */
export const emptyLine = () => ({ name: '', rate: '', quantity: '', off: '' });

/** @param {string} by @returns {Draft} */
export const emptyDraft = (by) => ({
  customer_name: '',
  customer_phone: '',
  customer_address: '',
  sale_by: by,
  lines: [],
  discount: '',
  isPercent: true,
  mode: '',
  paid: '',
});

/** A text as a field of one line shows it. @param {string | null | undefined} text */
export const oneLine = (text) => String(text ?? '').replace(/[\r\n]/g, '');

/** @param {number | undefined} value */
const shown = (value) => (fromNumber(value) === 0n ? '' : typedText(fromNumber(value)));

/** A stored line as the form shows it. @param {import('./records.js').Item} item @returns {DraftLine} */
const lineOf = ({ name, price, quantity, discount }) => ({
  name: oneLine(name),
  rate: typedText(fromNumber(price)),
  quantity: shown(quantity),
  off: shown(discount),
});

/** @param {SaleRecord} record @returns {Draft} */
export function draftOf(record) {
  return {
    ...emptyDraft(''),
    ...Object.fromEntries(PERSON.map((name) => [name, oneLine(record[name])])),
    lines: record.items.map((item, index) => ({ ...lineOf(item), item: itemText(record, index) })),
    discount: shown(record.discount_amount),
    isPercent: record.is_percentage_discount || !record.discount_amount,
    mode: record.payment_mode ?? '',
    base: record,
  };
}

/** A line as people read it. @param {DraftLine} line */
export function lookOf({ name, rate, quantity, off }) {
  const look = `${quantity || 1} × ${name} · ${rate}`;
  return off ? `${look} · ${off} %` : look;
}

/** @param {DraftLine} line */
export const isBlank = ({ name, rate, quantity, off }) =>
  [name, rate, quantity, off].every((value) => value.trim() === '');

/** @param {DraftLine} line @returns {import('./amounts.js').Line} what cannot be read counts as nothing */
export function amountsOf({ rate, quantity, off }) {
  const discount = parseMicros(off) ?? 0n;
  return {
    price: parseMicros(rate) ?? 0n,
    quantity: parseMicros(quantity || '1') ?? 0n,
    discount: isPercentage(discount) ? discount : 0n,
  };
}

/** What the amounts of a draft come of. @param {Draft} draft */
function amountsText({ lines, discount, isPercent }) {
  const off = parseMicros(discount.trim() || '0');
  const all = lines.map((line) => Object.values(amountsOf(line)).join(' '));
  return [...all, off === 0n ? '' : `${off ?? discount} ${isPercent}`].join();
}

/** Of records, since it is asked at each key. @type {WeakMap<SaleRecord, string>} */
const storedAmounts = new WeakMap();

/**
 * Whether nothing of its amounts was touched: then they are what is stored, whoever computed that.
 * @param {Draft} draft
 */
export function hasStoredAmounts(draft) {
  const { base } = draft;
  if (!base) return false;
  const stored = storedAmounts.get(base) ?? amountsText(draftOf(base));
  storedAmounts.set(base, stored);
  return amountsText(draft) === stored;
}

/**
 * The text of the person's answer to a question of one line; as it is stored, if it was not touched.
 * @param {Draft} draft
 * @param {typeof PERSON[number]} name
 */
function personText({ base, ...draft }, name) {
  return base && draft[name] === oneLine(base[name]) ? base[name] : draft[name].trim();
}

/** The customer and the seller of a draft, as they are sent. @param {Draft} draft */
const personOf = (draft) => Object.fromEntries(PERSON.map((name) => [name, personText(draft, name)]));

/**
 * The text of each line as it is sent: a new one has its place for an id, or the next that is free; a stored one keeps
 * everything that was not changed, byte for byte.
 * @param {DraftLine[]} lines that can be read
 * @returns {string[]} JSON
 */
function itemTexts(lines) {
  const taken = new Set(lines.map(({ item }) => item && JSON.parse(item).id));
  return lines.map((line, index) => {
    if (line.item) return changedItem(line, line.item);
    const { price, quantity, discount } = amountsOf(line);
    let id = index + 1;
    while (taken.has(id)) id += 1;
    taken.add(id);
    return JSON.stringify({
      id,
      name: line.name.trim(),
      price: toNumber(price),
      quantity: toNumber(quantity),
      discount: toNumber(discount),
    });
  });
}

/** @param {DraftLine} line @param {string} text as it is stored */
function changedItem(line, text) {
  const stored = JSON.parse(text);
  const { price, quantity, discount } = amountsOf(line);
  /** @type {Record<string, string>} */
  const values = line.name === oneLine(stored.name) ? {} : { name: JSON.stringify(line.name.trim()) };
  for (const [name, micros] of Object.entries({ price, quantity, discount })) {
    if (micros !== fromNumber(stored[name])) values[name] = microsText(micros);
  }
  return splice(text, values);
}

/** The bill discount as typed, in millionths; null if it cannot be read. @param {Draft} draft */
const discountOf = ({ discount }) => parseMicros(discount.trim() || '0');

/**
 * What the lines and the discount come to; of an estimate of which no amount was touched, what is stored.
 * @param {Draft} draft
 * @param {DraftLine[]} [lines] with those that are still empty
 * @returns {import('./amounts.js').Bill}
 */
export function billOfDraft(draft, lines = draft.lines) {
  const { base, isPercent } = draft;
  const bill = billOf(lines.map(amountsOf), { isPercent, value: discountOf(draft) ?? 0n }, decimals());
  if (!base || !hasStoredAmounts(draft)) return bill;
  const subtotal = toMinor(base.subtotal, decimals());
  const total = toMinor(base.total, decimals());
  return { ...bill, subtotal, total, discount: subtotal - total, isTooLarge: false };
}

/** Whether the bill discount can be given. @param {Draft} draft @param {import('./amounts.js').Bill} bill */
export function isDiscountGood(draft, bill) {
  const discount = discountOf(draft);
  if (hasStoredAmounts(draft)) return true;
  if (discount === null || discount < 0n) return false;
  if (draft.isPercent) return isPercentage(discount);
  return discount === 0n || roundToMinor(discount, decimals()) <= bill.subtotal;
}

/**
 * What is sent of a draft.
 * @param {Draft} draft
 * @param {import('./amounts.js').Bill} bill
 * @returns {any} its lines are texts already
 */
export function bodyOf(draft, bill) {
  const { base, isPercent } = draft;
  const said = { ...personOf(draft), items: itemTexts(draft.lines) };
  // What is hidden from this person stays as it is stored.
  for (const name of base?.redacted ?? []) delete (/** @type {any} */ (said)[name]);
  if (base && hasStoredAmounts(draft)) return { ...said, ...storedAmountsOf(base) };
  return {
    ...said,
    subtotal: fromMinor(bill.subtotal, decimals()),
    discount_amount: isPercent ? toNumber(discountOf(draft) ?? 0n) : fromMinor(bill.discount, decimals()),
    is_percentage_discount: isPercent,
    total: fromMinor(bill.total, decimals()),
  };
}

/** The amounts as they are stored. @param {SaleRecord} base */
function storedAmountsOf({ subtotal, discount_amount, is_percentage_discount, discount_percentage, total }) {
  return { subtotal, discount_amount, is_percentage_discount, discount_percentage, total };
}

/**
 * The body of a command; its lines are texts already.
 * @param {{ items: string[] } & Record<string, any>} bill
 * @returns {string} JSON
 */
export function bodyText({ items, ...rest }) {
  return `${JSON.stringify(rest).slice(0, -1)},"items":[${items.join()}]}`;
}

/**
 * My lines upon a newer version: where a line looks as theirs does, what cannot be seen of it is theirs.
 * @param {DraftLine[]} mine
 * @param {DraftLine[]} theirs
 * @returns {DraftLine[]}
 */
export function upon(mine, theirs) {
  const look = (/** @type {DraftLine} */ { name, rate, quantity, off }) => [name, rate, quantity, off].join('\n');
  return mine.map((line, index) => {
    const twin = sameLine(line, index, theirs);
    return twin && look(line) === look(twin) ? twin : line;
  });
}

/**
 * The line of theirs that mine was: by the id that a program gave it, else by its place.
 * @param {DraftLine} line
 * @param {number} index
 * @param {DraftLine[]} theirs
 */
function sameLine(line, index, theirs) {
  const id = idOfLine(line);
  if (id === undefined || (theirs[index] && idOfLine(theirs[index]) === id)) return theirs[index];
  const same = theirs.filter((one) => idOfLine(one) === id);
  return same.length === 1 ? same[0] : undefined;
}

/** @param {DraftLine} line @returns {unknown} undefined if no program has given it one */
export function idOfLine({ item }) {
  try {
    return item === undefined ? undefined : JSON.parse(item).id;
  } catch {
    return undefined;
  }
}

/** Before the id of an estimate that is edited, in the name of its draft. */
const OF_ONE = 'draft ';

/** @param {string} id of the estimate that is edited; empty for a new one */
const nameOf = (id) => (id ? `${OF_ONE}${id}` : 'draft');

/** The ids of estimates whose edits are kept. */
export const draftIds = () => local.names(OF_ONE).map((name) => name.slice(OF_ONE.length));

/** @param {string} id @param {Draft | null} draft @param {import('./people.js').Named | null} [person] who types it */
export function putDraft(id, draft, person) {
  local.write(nameOf(id), draft && JSON.stringify({ ...draft, typed_by: person?.id }));
}

/**
 * Of an estimate that a person may not see any more no edit is kept; one of somebody else stays, and is not shown.
 * @param {string} id
 * @param {import('./people.js').Named | null} person
 */
export function dropDraft(id, person) {
  if (local.readObject(nameOf(id))?.typed_by === person?.id) putDraft(id, null);
}

/**
 * What can be used of a draft that was kept; another version of the page may have kept it.
 * @param {string} id
 * @returns {Draft | null}
 */
export function readDraft(id) {
  const { typed_by: _, ...kept } = local.readObject(nameOf(id)) ?? {};
  // The edit of an estimate that is not told would become a new one.
  if (Object.keys(kept).length === 0 || (id && !isRecord('estimate', kept.base))) return null;
  const lines = Array.isArray(kept.lines) ? kept.lines.filter(isObject) : [];
  return {
    ...kept,
    ...textsOf(kept, emptyDraft('')),
    lines: lines.map((line) => ({ ...line, ...textsOf(line, emptyLine()) })),
    isPercent: kept.isPercent !== false,
    base: isRecord('estimate', kept.base) ? kept.base : undefined,
    replaces: Number.isInteger(kept.replaces) ? kept.replaces : undefined,
    proposed_by: typeof kept.proposed_by === 'string' ? kept.proposed_by : undefined,
  };
}

/**
 * The texts that `whole` has, as far as they are kept.
 * @template T
 * @param {Record<string, any>} kept
 * @param {T} whole
 * @returns {T}
 */
function textsOf(kept, whole) {
  const usable = (/** @type {[string, any]} */ [name, value]) => [
    name,
    typeof kept[name] === typeof value ? kept[name] : value,
  ];
  return /** @type {any} */ (Object.fromEntries(Object.entries(/** @type {any} */ (whole)).map(usable)));
}
