// Estimates and orders as this page knows them: the types of a record, what can be read from one, and whether something
// is one. It never sees the network or the screen.

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
 * @property {import('./people.js').Named} [owner] who made it
 * @property {string[]} [redacted] names of fields that are left out for this role
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
  @typedef {'create' | 'update' | 'delete' | 'hide' | 'convert_to_order'} Action `hide`: this view does not show the
 * record any more
 *
 * @typedef {object} Change one committed change
 * @property {Kind} type
 * @property {Action} action
 * @property {string} id
 * @property {SaleRecord} [data] the record; an old server omits it for a conversion
 * @property {string} [order_id] there for convert_to_order
 * @property {string} [order_number] there for convert_to_order
 * @property {number} [seq] its place in the one order of all changes
 * @property {number} [rev] revision of the record after this change
 * @property {string} [at]
 * @property {string} [by]
 * @property {string} [origin] hash of the key of the command that led to it
 */

/** @type {readonly Kind[]} */
export const KINDS = ['estimate', 'order'];

/** The status of an order with which nothing is left to do. */
export const STATUS_DONE = 'Completed';

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

/** Less is an error of rounding. @param {number} amount */
export const isMoney = (amount) => amount > 0.0005;

/** @param {SaleRecord} order */
export const isDue = (order) => !isHidden(order, 'total') && isMoney(dueOf(order));

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
    (Number.isFinite(data.total) || isHidden(data, 'total')) &&
    Array.isArray(data.items) &&
    data.items.every((/** @type {any} */ item) => typeof item === 'object' && item !== null)
  );
}

/** Whether a field is left out for the role of whoever asks. @param {any} record @param {string} name */
export const isHidden = ({ redacted }, name) => Array.isArray(redacted) && redacted.includes(name);

/** A text that says something. @param {unknown} value */
export const isText = (value) => typeof value === 'string' && value !== '';

/** The id of a record that waits on this device to be stored: made of the key of its command. @param {string} key */
export const localId = (key) => `local:${key}`;

/** Whether only this device knows a record yet. @param {string} id */
export const isLocal = (id) => id.startsWith('local:');
