// What the lists show of commands that are not sent yet. Pure: records and commands in, records out.

import { fromMinor, toMinor } from './amounts.js';
import { decimals, stamp } from './format.js';
import { readJson } from './lossless.js';
import { localId } from './outbox.js';
import { idOf, isSale } from './wire.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */
/** @typedef {import('./outbox.js').Entry} Entry */

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
  const base = entry.what === 'create' ? said : { ...entry.record, ...(isConversion ? said : {}) };
  if (!isSale(base)) return null;
  const id = localId(entry.key);
  return {
    ...base,
    created_at: stamp(new Date(entry.made_at ?? entry.at)),
    made_at: undefined,
    pending: { what: 'create', isParked: entry.state === 'parked' },
    ...(kind === 'estimate'
      ? { estimate_id: id, estimate_number: '', is_converted_to_order: false, linked_order_id: null }
      : { order_id: id, sale_number: '', status: '', ...paidOf(base.total, said.amount_paid ?? base.total) }),
  };
}

/**
 * What stays in the drawer, and what was given back: the form lets no more than the total pass but in cash.
 * @param {number} total
 * @param {number} handed
 */
function paidOf(total, handed) {
  const [due, paid] = [total, handed].map((amount) => toMinor(amount, decimals()));
  return paid > due
    ? { amount_paid: total, change: fromMinor(paid - due, decimals()) }
    : { amount_paid: handed, change: undefined };
}

/**
 * The record with the latest command about it, if one waits.
 * @param {Entry[]} entries
 * @param {Kind} kind
 * @param {SaleRecord} record
 * @returns {SaleRecord}
 */
export function withPending(entries, kind, record) {
  const entry = [...entries]
    .reverse()
    .find((one) => one.id === idOf(kind, record) && one.kind === kind && one.what in OVERLAYS);
  if (!entry) return record;
  const what = /** @type {'edit' | 'convert' | 'delete' | 'status'} */ (entry.what);
  return {
    ...record,
    ...OVERLAYS[what](saidBy(entry), entry),
    pending: { what, isParked: entry.state === 'parked' },
  };
}

/** What a command says. @param {Entry} entry */
function saidBy({ body = '{}' }) {
  return readJson(body);
}

/**
 * What each command would change.
 * @type {Record<'edit' | 'convert' | 'delete' | 'status', (said: any, entry: Entry) => any>}
 */
const OVERLAYS = {
  edit: (said, entry) => (entry.state === 'parked' ? {} : said),
  convert: () => ({}),
  delete: () => ({}),
  status: (_, entry) =>
    entry.state === 'parked' ? {} : { status: new URLSearchParams(entry.path.split('?')[1]).get('status') },
};
