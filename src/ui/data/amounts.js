// The arithmetic of a bill, as the server does it (src/domain/amounts.rs), in whole millionths and whole minor units.
// Each line is rounded half away from zero to the minor unit, so that what stands on the paper adds up.

import { MICRO, divided, roundToMinor, unitOf } from '../kit/decimal.js';

const HUNDRED = 100n * MICRO;
/** The largest amount that the server stores, in minor units. */
const MINOR_MAX = 999_999_999_999_999n;

/**
 * @typedef {{ price: bigint, quantity: bigint, discount: bigint }} Line in millionths; the discount in per cent
 * @typedef {{ isPercent: boolean, value: bigint }} Discount in millionths: per cent, or whole units of money
 * @typedef {{ lines: bigint[], subtotal: bigint, discount: bigint, total: bigint, isTooLarge: boolean }} Bill in
 * minor units
 */

/**
 * price × quantity × (1 − discount/100).
 * @param {Line} line
 * @param {number} decimals
 * @returns {bigint} in minor units
 */
const lineAmount = ({ price, quantity, discount }, decimals) =>
  divided(price * quantity * (HUNDRED - discount), MICRO * HUNDRED * unitOf(decimals));

/**
 * A percentage rounds the total, and the discount is the difference: 50 % of 78.99 leaves 39.50.
 * @param {Line[]} lines
 * @param {Discount} discount
 * @param {number} decimals of the currency
 * @returns {Bill}
 */
export function billOf(lines, discount, decimals) {
  const amounts = lines.map((line) => lineAmount(line, decimals));
  const subtotal = amounts.reduce((sum, amount) => sum + amount, 0n);
  const off = discount.isPercent ? 0n : roundToMinor(discount.value, decimals);
  const rest = discount.isPercent ? divided(subtotal * (HUNDRED - discount.value), HUNDRED) : subtotal - off;
  // A discount is never more than there is; a bill of returns alone is below zero by itself.
  const least = subtotal < 0n ? subtotal : 0n;
  const total = off > 0n && rest < 0n ? least : rest;
  return {
    lines: amounts,
    subtotal,
    discount: subtotal - total,
    total,
    isTooLarge: [...amounts, subtotal].some(isBeyond),
  };
}

/** @param {bigint} minor */
const isBeyond = (minor) => minor > MINOR_MAX || minor < -MINOR_MAX;

/** Whether a percentage is one. @param {bigint} micros */
export const isPercentage = (micros) => micros >= 0n && micros <= HUNDRED;
