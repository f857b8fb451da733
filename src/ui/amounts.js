// The arithmetic of a bill, as the server does it (src/domain/amounts.rs): prices, quantities and percentages are whole
// millionths, amounts are whole minor units, and no float is on the way. Each line is rounded half up to the minor unit, so
// that what stands on the paper adds up.

const DIGITS = 6;
const MICRO = 10n ** BigInt(DIGITS);
const HUNDRED = 100n * MICRO;
/** The largest amount that the server stores, in minor units. */
const MINOR_MAX = 999_999_999_999_999n;

const groupMark = new Intl.NumberFormat().formatToParts(12345).find((part) => part.type === 'group')?.value;

/**
 * @typedef {{ price: bigint, quantity: bigint, discount: bigint }} Line in millionths; the discount in per cent
 * @typedef {{ isPercent: boolean, value: bigint }} Discount in millionths: per cent, or whole units of money
 * @typedef {{ lines: bigint[], subtotal: bigint, discount: bigint, total: bigint, isTooLarge: boolean }} Bill in minor units
 */

/**
 * Reads a number as people type it, with a comma or a point. @param {string} text
 * @returns {bigint | null} in millionths, rounded half up; null if it is not a number of zero or more
 */
export function parseMicros(text) {
  const plain = plainNumber(text.replace(/[\s\u00a0\u202f]/g, ''));
  const read = /^(\d*)\.?(\d*)$/.exec(plain);
  if (!read || plain === '' || plain === '.' || plain.length > 30) return null;
  const [, whole, fraction] = read;
  const kept = BigInt(`${whole || '0'}${fraction.slice(0, DIGITS).padEnd(DIGITS, '0')}`);
  return fraction.charAt(DIGITS) >= '5' ? kept + 1n : kept;
}

/** With a point before the decimals and no group marks. @param {string} text */
function plainNumber(text) {
  if (text.includes(',') && text.includes('.')) {
    const [decimal, group] = text.lastIndexOf(',') > text.lastIndexOf('.') ? [',', '.'] : ['.', ','];
    return text.replaceAll(group, '').replace(decimal, '.');
  }
  const isGrouped = groupMark === ',' && /^\d{1,3}(,\d{2,3})*,\d{3}$/.test(text);
  return isGrouped ? text.replaceAll(',', '') : text.replace(',', '.');
}

/** What was typed as the wire has it; exact for up to 15 digits. @param {bigint} micros */
export const toNumber = (micros) => Number(microsText(micros));

/** The shortest text of a number: `2.5`. @param {bigint} micros */
export function microsText(micros) {
  const fraction = String(micros % MICRO).padStart(DIGITS, '0').replace(/0+$/, '');
  return fraction === '' ? String(micros / MICRO) : `${micros / MICRO}.${fraction}`;
}

/** @param {number | null | undefined} number as the wire has it @returns {bigint} in millionths */
export const fromNumber = (number) => parseMicros(plainText(Number(number ?? 0))) ?? 0n;

/** Without an exponent. @param {number} number */
const plainText = (number) => (Math.abs(number) < 1e15 ? number.toFixed(DIGITS) : String(Math.trunc(number)));

/** @param {number} number an amount as the wire has it @param {number} decimals @returns {bigint} in minor units */
export const toMinor = (number, decimals) => BigInt(Math.round(number * 10 ** decimals));

/** @param {bigint} minor @param {number} decimals @returns {number} as the wire has it; exact for every amount */
export const fromMinor = (minor, decimals) => Number(minor) / 10 ** decimals;

/** @param {bigint} micros @param {number} decimals @returns {bigint} in minor units, rounded half up */
export function roundToMinor(micros, decimals) {
  const unit = MICRO / 10n ** BigInt(decimals);
  return (micros + unit / 2n) / unit;
}

/** @param {Line} line @returns {bigint} price × quantity × (1 − discount/100), in millionths */
const lineMicros = ({ price, quantity, discount }) => (((price * quantity) / MICRO) * (HUNDRED - discount)) / HUNDRED;

/**
 * @param {Line[]} lines @param {Discount} discount @param {number} decimals of the currency @returns {Bill}
 */
export function billOf(lines, discount, decimals) {
  const unit = MICRO / 10n ** BigInt(decimals);
  const amounts = lines.map((line) => roundToMinor(lineMicros(line), decimals));
  const subtotal = amounts.reduce((sum, amount) => sum + amount, 0n);
  const micros = subtotal * unit;
  const off = discount.isPercent ? (micros * discount.value) / HUNDRED : roundToMinor(discount.value, decimals) * unit;
  const total = off > micros ? 0n : roundToMinor(micros - off, decimals);
  return { lines: amounts, subtotal, discount: subtotal - total, total, isTooLarge: subtotal > MINOR_MAX };
}

/** Whether a percentage is one. @param {bigint} micros */
export const isPercentage = (micros) => micros >= 0n && micros <= HUNDRED;
