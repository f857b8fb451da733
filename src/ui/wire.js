// The wire as this page sees it: the types, and the one place that decides whether a message can be understood.
// It never sees the network or the screen.

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
 * @property {number} subtotal
 * @property {number} discount_amount per cent when `is_percentage_discount`, else money
 * @property {boolean} is_percentage_discount
 * @property {number} discount_percentage
 * @property {number} total
 * @property {string} created_at RFC 3339 with the shop's offset
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
 * @property {number} amount_paid
 * @property {string} payment_mode
 * @property {string} status
 * @property {string | null} source_estimate_id
 * @property {string | null} source_estimate_number
 * @property {boolean} is_from_estimate
 *
 * @typedef {SaleFields & EstimateFields} Estimate
 * @typedef {SaleFields & OrderFields} Order
 * @typedef {SaleFields & Partial<EstimateFields> & Partial<OrderFields>} SaleRecord either, as the lists hold it
 *
 * @typedef {object} Frame one committed change
 * @property {Kind} type
 * @property {'create' | 'update' | 'delete' | 'convert_to_order'} action
 * @property {string} id
 * @property {SaleRecord} [data] there for create and update; an old server may send only part of the record
 * @property {string} [order_id] there for convert_to_order
 * @property {string} [order_number] there for convert_to_order
 * @property {number} [seq] its place in the one order of all changes
 * @property {number} [rev] revision of the record after this change
 */

/** @type {readonly Kind[]} */
export const KINDS = ['estimate', 'order'];

/** @type {Readonly<Record<Kind, readonly string[]>>} */
const ACTIONS = {
  estimate: ['create', 'update', 'delete', 'convert_to_order'],
  order: ['create', 'update', 'delete'],
};

/** The status of an order with which nothing is left to do. */
export const STATUS_DONE = 'Completed';

/** @param {Kind} kind @param {SaleRecord} record @returns {string} */
export const idOf = (kind, record) => (kind === 'estimate' ? record.estimate_id : record.order_id) ?? '';

/** @param {Kind} kind @param {SaleRecord} record @returns {string} as people say it: `#042` */
export const numberOf = (kind, record) => (kind === 'estimate' ? record.estimate_number : record.sale_number) ?? '';

/**
 * Where a record stands in its series. One without a number is newer than all that have one.
 * @param {Kind} kind @param {SaleRecord} record @returns {number}
 */
export function placeOf(kind, record) {
  const digits = /\d+/.exec(numberOf(kind, record));
  return digits ? Number(digits[0]) : Infinity;
}

/**
 * Reads one message. `null` means: something changed, but it cannot be told what, so the lists must be read again.
 * @param {string} text @returns {Frame | null}
 */
export function readFrame(text) {
  const frame = parse(text);
  const kind = frame?.type;
  const isKnown = isKind(kind) && ACTIONS[kind].includes(frame.action);
  return isKnown && isText(frame.id) && isComplete(frame) ? frame : null;
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {any} value @returns {value is Kind} */
const isKind = (value) => KINDS.includes(value);

/** @param {any} frame */
function isComplete(frame) {
  switch (frame.action) {
    case 'create':
    case 'update': return isRecord(frame.type, frame.data) && idOf(frame.type, frame.data) === frame.id;
    case 'convert_to_order': return isText(frame.order_id);
    default: return true;
  }
}

/** Whether a row can be shown of it. @param {Kind} kind @param {any} data */
function isRecord(kind, data) {
  return typeof data === 'object' && data !== null && isText(idOf(kind, data)) && isText(numberOf(kind, data))
    && isText(data.customer_name) && Number.isFinite(data.total) && isText(data.created_at);
}

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';
