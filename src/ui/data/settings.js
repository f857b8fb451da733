// The shop's settings as this page knows them, and which of those that this device has kept can be used.

import { isText } from './records.js';

/**
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
 * @property {number} [lock_minutes] without input, until a page locks
 * @property {number} rev
 * @property {string} [timezone]
 */

const PAPER_SIZES = ['A4', '80mm', '58mm'];

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
