// Decimal numbers without floats (fixed point): prices, quantities and percentages are whole millionths, amounts are
// whole minor units. And numbers as people type them, with the marks of this browser's language.

import { asciiDigits } from './fold.js';

const DIGITS = 6;
/** A whole one, in millionths. */
export const MICRO = 10n ** BigInt(DIGITS);
/** Characters of a typed number at most. */
const TYPED_CHARS_MAX = 40;

/** How this browser's language writes numbers; some write money with other marks (`de-AT`). */
const FORMATS = [new Intl.NumberFormat(), new Intl.NumberFormat(undefined, { style: 'currency', currency: 'EUR' })];
const marksOf = (/** @type {string} */ type) =>
  FORMATS.map((format) => format.formatToParts(1234567.5).find((part) => part.type === type)?.value);
const GROUP_MARKS = marksOf('group');
/** Between the whole and the rest of a number that stands in a field. */
const DECIMAL_MARK = marksOf('decimal')[0] === ',' ? ',' : '.';

/**
 * Reads a number as people type it: with a comma or a point, groups, digits of any script. Where a mark may mean two
 * things, the browser's language decides: `1.500` is 1,500 where groups have points.
 * @param {string} text
 * @returns {bigint | null} in millionths, rounded half away from zero; null if it is not a number
 */
export function parseMicros(text) {
  const plain = text.length <= TYPED_CHARS_MAX ? plainNumber(text) : null;
  return plain === null ? null : microsOf(plain);
}

/** With a point before the decimals and no group marks; null if the marks make no number. @param {string} typed */
function plainNumber(typed) {
  const text = asciiDigits(typed)
    .replace(/\p{Cf}/gu, '')
    .trim()
    .replaceAll('．', '.')
    .replaceAll('，', ',');
  const [, sign, spaced] = /^([-−–‐‑﹣－+]?)\s*(.*)$/su.exec(text) ?? ['', '', ''];
  // A space, an apostrophe and the Arabic ٬ stand between groups and nowhere else.
  const number = spaced.replace(/[\s'’‘٬]/gu, '');
  const decimal = decimalMark(number, number !== spaced);
  const [whole, ...fraction] = decimal === '' ? [number] : number.split(decimal);
  const group = ['.', ','].find((mark) => whole.includes(mark)) ?? '';
  const isGood = fraction.length <= 1 && (group === '' || GROUPED[group].test(whole));
  if (!isGood) return null;
  const minus = sign === '' || sign === '+' ? '' : '-';
  return `${minus}${whole.replaceAll(group, '')}.${fraction[0] ?? ''}`;
}

/** Thousands, or the lakhs of India, by the mark between them. @type {Readonly<Record<string, RegExp>>} */
const GROUPED = { '.': /^\d{1,3}(\.\d{2,3})*\.\d{3}$/, ',': /^\d{1,3}(,\d{2,3})*,\d{3}$/ };

/**
 * The mark before the decimals; empty if there is none.
 * @param {string} number
 * @param {boolean} isGrouped by other marks
 */
function decimalMark(number, isGrouped) {
  if (number.includes('٫')) return '٫';
  const marks = number.match(/[.,]/g) ?? [];
  if (marks.length === 0) return '';
  const last = marks[marks.length - 1];
  if (marks.some((mark) => mark !== last)) return last;
  if (marks.length > 1) return '';
  const isGroup = !isGrouped && GROUP_MARKS.includes(last) && /^[1-9]\d{0,2}[.,]\d{3}$/.test(number);
  return isGroup ? '' : last;
}

/**
 * How a number is understood that is not written like that, or that others would read in another way; else empty.
 * @param {string} typed
 */
export function meantBy(typed) {
  const micros = parseMicros(typed);
  if (micros === null) return '';
  const text = typed.trim();
  const meant = typedText(micros);
  const [sign, whole, mark, fraction] = /^([-+]?)(\d*)([.,]?)(\d*)$/.exec(text)?.slice(1) ?? ['', '', 'other', ''];
  const hasOwnMark = mark === '' || mark === DECIMAL_MARK;
  const looksGrouped = fraction.length === 3 && /^[1-9]\d{0,2}$/.test(whole);
  const isPlain = sign !== '+' && hasOwnMark && !looksGrouped;
  return isPlain || text === meant ? '' : meant;
}

/** Exactly. @param {string} plain such as `-12.5` @returns {bigint | null} in millionths */
function microsOf(plain) {
  const [, sign, whole, fraction] = /^(-?)(\d*)\.?(\d*)$/.exec(plain) ?? ['', '', '', ''];
  if (whole + fraction === '') return null;
  const digits = fraction.slice(0, DIGITS).padEnd(DIGITS, '0');
  const rounding = fraction.charAt(DIGITS) >= '5' ? 1n : 0n;
  const micros = BigInt(`${whole || '0'}${digits}`) + rounding;
  return sign === '-' ? -micros : micros;
}

/** What was typed as the wire has it; exact for up to 15 digits. @param {bigint} micros */
export const toNumber = (micros) => Number(microsText(micros));

/** The shortest text of a number, as programs write it: `2.5`. @param {bigint} micros */
export function microsText(micros) {
  const size = micros < 0n ? -micros : micros;
  const digits = String(size % MICRO).padStart(DIGITS, '0');
  const fraction = digits.replace(/0+$/, '');
  const whole = `${micros < 0n ? '-' : ''}${size / MICRO}`;
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** The same for a field, where people of this language read and write it: `2,5`. @param {bigint} micros */
export const typedText = (micros) => forField(microsText(micros));

/** @param {string} plain with a point before the decimals */
export const forField = (plain) => plain.replace('.', DECIMAL_MARK);

/** @param {number | string | null | undefined} number as the wire has it @returns {bigint} in millionths */
export const fromNumber = (number) => microsOf(plainText(String(Number(number ?? 0)))) ?? 0n;

/** Without an exponent. @param {string} number as JavaScript writes it */
function plainText(number) {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(number);
  const [, sign, whole, fraction = '', exponent = '0'] = match ?? ['', '', '0'];
  const shift = Number(exponent);
  const digits = whole + fraction;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - whole.length)}${digits}`;
  const point = whole.length + shift;
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point)}`;
}

/**
 * @param {number} number an amount as the wire has it
 * @param {number} decimals
 * @returns {bigint} in minor units
 */
export const toMinor = (number, decimals) => BigInt(Math.round(number * 10 ** decimals));

/**
 * @param {bigint} minor
 * @param {number} decimals
 * @returns {number} as the wire has it; exact for every amount
 */
export const fromMinor = (minor, decimals) => Number(minor) / 10 ** decimals;

/**
 * @param {bigint} micros
 * @param {number} decimals
 * @returns {bigint} in minor units, rounded half away from zero
 */
export const roundToMinor = (micros, decimals) => divided(micros, unitOf(decimals));

/** A minor unit in millionths. @param {number} decimals */
export const unitOf = (decimals) => MICRO / 10n ** BigInt(decimals);

/** Rounded half away from zero. @param {bigint} value @param {bigint} by more than 0 */
export const divided = (value, by) => (value < 0n ? -((by / 2n - value) / by) : (value + by / 2n) / by);
