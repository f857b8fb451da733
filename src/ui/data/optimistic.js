// Optimistic updates: what the lists show of commands that are not sent yet. Pure: records and commands in, records
// out.

import { fromMinor, toMinor } from '../kit/decimal.js';
import { decimals, stamp } from '../kit/format.js';
import { readJson } from './lossless.js';
import { idOf, isSale, localId } from './records.js';

/** @typedef {import('./records.js').Kind} Kind */
/** @typedef {import('./records.js').SaleRecord} SaleRecord */
/** @typedef {import('./commands.js').Entry} Entry */

/**
 * Records that only this browser knows, the newest first.
 * @param {Entry[]} entries
 * @param {Kind} kind
 * @returns {SaleRecord[]}
 */
export function ownRecords(entries, kind) {
  return entries.flatMap((entry) => ownRecord(entry, kind) ?? []).reverse();
}

/**
 * @param {Entry} entry
 * @param {Kind} kind
 * @returns {SaleRecord | null}
 */
function ownRecord(entry, kind) {
  const isConversion = entry.what === 'convert' && kind === 'order';
  const isNew = (entry.what === 'create' || entry.what === 'duplicate') && entry.kind === kind;
  if (!isConversion && !isNew) return null;
  const said = saidBy(entry);
  const base = baseOf(entry, said);
  if (!isSale(base)) return null;
  const id = localId(entry.key);
  const own = kind === 'estimate' ? ownEstimate(id) : ownOrder(id, base.total, said.amount_paid ?? base.total);
  return {
    ...base,
    created_at: stamp(new Date(entry.made_at ?? entry.at)),
    made_at: undefined,
    pending: { what: 'create', isParked: entry.state === 'parked' },
    ...own,
  };
}

/** @param {string} id */
const ownEstimate = (id) => ({
  estimate_id: id,
  estimate_number: '',
  is_converted_to_order: false,
  linked_order_id: null,
});

/**
 * @param {string} id
 * @param {number} total
 * @param {number} handed
 */
const ownOrder = (id, total, handed) => ({ order_id: id, sale_number: '', status: '', ...paidOf(total, handed) });

/** What the new record begins with. @param {Entry} entry @param {any} said */
function baseOf({ what, record }, said) {
  if (what === 'create') return said;
  return what === 'convert' ? { ...record, ...said } : { ...record };
}

/**
 * What stays in the drawer, and what was given back: the form lets no more than the total pass but in cash.
 * @param {number} total
 * @param {number} handed
 */
function paidOf(total, handed) {
  const over = toMinor(handed, decimals()) - toMinor(total, decimals());
  if (over <= 0n) return { amount_paid: handed, change: undefined };
  return { amount_paid: total, change: fromMinor(over, decimals()) };
}

/**
 * The record with the latest command about it, if one waits.
 * @param {Entry[]} entries
 * @param {Kind} kind
 * @param {SaleRecord} record
 * @returns {SaleRecord}
 */
export function withPending(entries, kind, record) {
  const id = idOf(kind, record);
  const about = entries.filter((entry) => entry.id === id && entry.kind === kind && entry.what in OVERLAYS);
  const entry = about.at(-1);
  if (!entry) return record;
  const what = /** @type {'edit' | 'convert' | 'delete' | 'status'} */ (entry.what);
  const isParked = entry.state === 'parked';
  const overlay = isParked ? {} : OVERLAYS[what](entry);
  return { ...record, ...overlay, pending: { what, isParked } };
}

/** What a command says. @param {Entry} entry */
function saidBy({ body = '{}' }) {
  return readJson(body);
}

/**
 * What each command would change.
 * @type {Record<'edit' | 'convert' | 'delete' | 'status', (entry: Entry) => any>}
 */
const OVERLAYS = {
  edit: saidBy,
  convert: () => ({}),
  delete: () => ({}),
  status: ({ path }) => ({ status: new URLSearchParams(path.split('?')[1]).get('status') }),
};
