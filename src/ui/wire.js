// The wire as this page sees it: the types, and the one place that decides whether a message can be understood.
// It never sees the network or the screen.

import { readJson } from './lossless.js';

/**
 * @typedef {'estimate' | 'order'} Kind
 *
 * @typedef {object} Item
 * @property {number} [id]
 * @property {string} name
 * @property {number} price
 * @property {number} quantity
 * @property {number} [discount] per cent
 *
 * @typedef {object} SaleFields what estimates and orders have in common
 * @property {string} customer_name
 * @property {string} customer_phone
 * @property {string} customer_address
 * @property {string} sale_by
 * @property {Item[]} items
 * @property {Array<string | null>} [item_texts] never sent: the texts of lines that `JSON.stringify` would write in
 * another way
 * @property {number} subtotal
 * @property {number} discount_amount per cent when `is_percentage_discount`, else money
 * @property {boolean} is_percentage_discount
 * @property {number} [discount_percentage]
 * @property {number} total
 * @property {string} created_at RFC 3339 with the shop's offset
 * @property {string} [made_at] likewise: when it was made, if that was on a device that could not send it at once
 * @property {number} [rev] grows by one with each change of the record
 * @property {string} [amounts_flagged]
 *
 * @typedef {object} EstimateFields
 * @property {string} estimate_id
 * @property {string} estimate_number
 * @property {boolean} is_converted_to_order
 * @property {string | null} linked_order_id
 * @property {string | null} linked_order_number
 *
 * @typedef {object} OrderFields
 * @property {string} order_id
 * @property {string} sale_number
 * @property {number} amount_paid what stays in the drawer
 * @property {number} [change] what was given back
 * @property {string} payment_mode
 * @property {string} status
 * @property {string | null} source_estimate_id
 * @property {string | null} source_estimate_number
 *
 * @typedef {SaleFields & Partial<EstimateFields> & Partial<OrderFields> & { pending?: Pending }} SaleRecord either kind
 * @typedef {{ what: 'create' | 'edit' | 'convert' | 'delete' | 'status', isParked: boolean }} Pending not sent yet
 *
 * @typedef {object} Settings
 * @property {string} shop_name
 * @property {string} shop_address
 * @property {string} shop_phone
 * @property {string} tax_number
 * @property {string} currency
 * @property {string[]} staff_names
 * @property {string[]} payment_modes
 * @property {string[]} [cash_modes] in which change is given
 * @property {number} [currency_decimals] of amounts
 * @property {'A4' | '80mm' | '58mm'} paper_size
 * @property {string} footer_line
 * @property {number} rev
 * @property {string} [timezone]
 *
 * @typedef {'create' | 'update' | 'delete' | 'convert_to_order'} Action
 *
 * @typedef {object} Change one committed change
 * @property {Kind} type
 * @property {Action} action
 * @property {string} id
 * @property {SaleRecord} [data] the record; an old server leaves it away for a conversion
 * @property {string} [order_id] there for convert_to_order
 * @property {string} [order_number] there for convert_to_order
 * @property {number} [seq] its place in the one order of all changes
 * @property {number} [rev] revision of the record after this change
 * @property {string} [at]
 * @property {string} [by]
 * @property {string} [origin] hash of the key of the command that led to it
 *
 * @typedef {{ type: 'sync', action: 'hello' | 'live' | 'at', seq: number, epoch?: string, resume?: string }} SyncFrame
 * @typedef {{ type: 'settings', data: Settings }} SettingsFrame
 * @typedef {{ type: 'reload', kinds: readonly Kind[] }} Reload something changed, but it cannot be told what
 * @typedef {Change | SyncFrame | SettingsFrame | Reload} Frame
 */

/** @type {readonly Kind[]} */
export const KINDS = ['estimate', 'order'];

/** @type {Readonly<Record<Kind, readonly string[]>>} */
const ACTIONS = {
  estimate: ['create', 'update', 'delete', 'convert_to_order'],
  order: ['create', 'update', 'delete'],
};

/** The bare strings of the first servers. @type {Readonly<Record<string, readonly Kind[]>>} */
const LEGACY = {
  estimate_created: ['estimate'],
  estimate_updated: ['estimate'],
  estimate_deleted: ['estimate'],
  estimate_converted_to_order: KINDS,
  sale_completed: ['order'],
  order_updated: KINDS,
};

/** The status of an order with which nothing is left to do. */
export const STATUS_DONE = 'Completed';

const PAPER_SIZES = ['A4', '80mm', '58mm'];

/** Where the commands and pages of a kind are. @type {Readonly<Record<Kind, string>>} */
export const PLURAL = { estimate: 'estimates', order: 'orders' };

/**
 * @param {Kind} kind
 * @param {SaleRecord} record
 * @returns {string}
 */
export const idOf = (kind, record) => (kind === 'estimate' ? record.estimate_id : record.order_id) ?? '';

/**
 * @param {Kind} kind
 * @param {SaleRecord} record
 * @returns {string} as people say it: `#042`
 */
export const numberOf = (kind, record) => (kind === 'estimate' ? record.estimate_number : record.sale_number) ?? '';

/** @param {Kind} kind @param {string} id */
export const linkTo = (kind, id) => `#/${PLURAL[kind]}/${id}`;

/** A sale with one of these counts nowhere, and nothing of it is due. */
const CANCELLED = new Set(['void', 'cancelled', 'canceled', 'returned']);

/** @param {SaleRecord} order */
export const isCancelled = ({ status }) => CANCELLED.has((status ?? '').trim().toLowerCase());

/** What is still to be paid. @param {SaleRecord} order */
export const dueOf = (order) => (isCancelled(order) ? 0 : order.total - (order.amount_paid ?? order.total));

/** When it was made; by the server's clock, unless it waited on a device. @param {SaleRecord} record */
export const timeOf = (record) => record.made_at ?? record.created_at;

/**
 * Where a record stands in its series. One without a number is newer than all that have one.
 * @param {Kind} kind
 * @param {SaleRecord} record
 * @returns {number}
 */
export function placeOf(kind, record) {
  const number = numberOf(kind, record);
  return number === '' ? Infinity : Number(number.replace(/\D/g, ''));
}

/** One change of the list that `/api/changes` answers. @param {any} change @returns {Change | Reload} */
export const readChange = (change) => (isChange(change) ? change : { type: 'reload', kinds: KINDS });

/**
 * What can be used of settings that were kept; another version of the page may have kept them.
 * @param {Record<string, any> | null} kept
 * @param {Settings} defaults
 * @returns {Settings}
 */
export function usableSettings(kept, defaults) {
  const isUsable = (/** @type {[string, any]} */ [name, value]) => {
    const own = /** @type {any} */ (defaults)[name];
    if (Array.isArray(value)) return (own === undefined || Array.isArray(own)) && value.every(isText);
    return own === undefined ? ['string', 'number'].includes(typeof value) : typeof value === typeof own;
  };
  const used = { ...defaults, ...Object.fromEntries(Object.entries(kept ?? {}).filter(isUsable)) };
  if (used.payment_modes.length === 0) used.payment_modes = defaults.payment_modes;
  return PAPER_SIZES.includes(used.paper_size) ? used : { ...used, paper_size: defaults.paper_size };
}

/**
 * Reads one message; what cannot be understood means that the lists must be read again.
 * @param {string} text
 * @returns {Frame}
 */
export function readFrame(text) {
  if (Object.keys(LEGACY).includes(text)) return { type: 'reload', kinds: LEGACY[text] };
  const frame = parse(text);
  const isKnown =
    frame?.type === 'sync'
      ? isText(frame.action) && Number.isInteger(frame.seq)
      : frame?.type === 'settings'
        ? isText(frame.data?.currency) && Array.isArray(frame.data.payment_modes)
        : isChange(frame);
  return isKnown ? frame : { type: 'reload', kinds: KINDS };
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return readJson(text);
  } catch {
    return null;
  }
}

/** @param {any} frame */
function isChange(frame) {
  const kind = frame?.type;
  if (!KINDS.includes(kind) || !ACTIONS[/** @type {Kind} */ (kind)].includes(frame.action) || !isText(frame.id))
    return false;
  if (frame.action === 'delete') return true;
  if (frame.action === 'convert_to_order') return isText(frame.order_id);
  return isRecord(kind, frame.data) && idOf(kind, frame.data) === frame.id;
}

/** Whether a row can be shown of it. @param {Kind} kind @param {any} data */
export function isRecord(kind, data) {
  return isSale(data) && isText(idOf(kind, data)) && isText(numberOf(kind, data)) && isText(data.created_at);
}

/** Whether it says what was sold, to whom and for how much. @param {any} data */
export function isSale(data) {
  return (
    typeof data === 'object' &&
    data !== null &&
    isText(data.customer_name) &&
    Number.isFinite(data.total) &&
    Array.isArray(data.items) &&
    data.items.every((/** @type {any} */ item) => typeof item === 'object' && item !== null)
  );
}

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';
