// Amounts and times as people read them, through Intl. Currency, its decimals and the zone are the shop's; the
// language is the browser's. A browser's own table of decimals is another one for seventeen currencies, so it is
// never asked.

import { forField, fromMinor } from './decimal.js';

const saidBy = (/** @type {string} */ name) =>
  document.querySelector(`meta[name="tillsync-${name}"]`)?.getAttribute('content') ?? '';

/** Decimals that prices, quantities and percentages may have. */
const RATE_DECIMALS = 6;

let currency = saidBy('currency');
let currencyDecimals = Number(saidBy('decimals') || 2);
let zone = '';
let amounts = amountFormat(currencyDecimals);
let rates = amountFormat(RATE_DECIMALS);
/** `2025-01-13 10:30:00` in the shop's zone. */
let stamps = stampFormat();

const wallTimes = dateFormat({ day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
const wallTimesWithYear = dateFormat({ dateStyle: 'medium', timeStyle: 'short' });
const clockTimes = dateFormat({ hour: 'numeric', minute: '2-digit' });
const days = dateFormat({ weekday: 'long', day: 'numeric', month: 'long' });
const shortDays = dateFormat({ day: 'numeric', month: 'short' });
const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: RATE_DECIMALS });

/**
 * Takes what the shop has chosen.
 * @param {string} newCurrency empty if it is not known yet
 * @param {string} newZone IANA name, or empty
 * @param {number} [newDecimals] of amounts
 */
export function useShop(newCurrency, newZone, newDecimals = currencyDecimals) {
  if ((newCurrency !== '' && newCurrency !== currency) || newDecimals !== currencyDecimals) {
    currency = newCurrency || currency;
    currencyDecimals = newDecimals;
    amounts = amountFormat(currencyDecimals);
    rates = amountFormat(RATE_DECIMALS);
  }
  if (newZone !== zone) {
    zone = newZone;
    try {
      stamps = stampFormat();
    } catch {
      // A zone that this browser does not know: its own clock will do.
    }
  }
}

/** Decimals of the shop's currency. */
export const decimals = () => currencyDecimals;

/** The sign of the currency alone: `₹`. */
export const currencySign = () =>
  amounts.formatToParts(0).find((part) => part.type === 'currency')?.value ?? currency;

/** @param {number | undefined} amount in whole units, as the wire has it */
export const money = (amount) => amounts.format(amount ?? 0);

/**
 * What one costs, with all the decimals that it has: ₹0.125.
 * @param {number | string | undefined} price as the wire has it
 */
export const rateMoney = (price) => rates.format(Number(price ?? 0));

/** @param {bigint} minor in minor units */
export const minorMoney = (minor) => amounts.format(fromMinor(minor, decimals()));

/** A sum of minor units that is a number. @param {number} units */
export const fromUnits = (units) => amounts.format(units / 10 ** decimals());

/** An amount without the currency's sign, for fields. @param {bigint} minor */
export const minorText = (minor) => forField(fromMinor(minor, decimals()).toFixed(decimals()));

/** @param {number} number */
export const number = (number) => numbers.format(number);

/**
 * A record's moment as the shop's wall clock showed it: the time is taken as written, whatever zone this browser is in.
 * @param {string} createdAt RFC 3339 with the shop's offset
 */
export const wallTime = (createdAt) =>
  written(createdAt, (date) => {
    if (createdAt.slice(0, 10) === today()) return clockTimes.format(date);
    return (createdAt.slice(0, 4) === today().slice(0, 4) ? wallTimes : wallTimesWithYear).format(date);
  });

/** Date and time for paper. @param {string} createdAt */
export const longTime = (createdAt) => written(createdAt, (date) => wallTimesWithYear.format(date));

/** @param {string} day `2025-01-13` */
export const longDay = (day) => days.format(Date.parse(`${day}T00:00Z`));

/** @param {string} day */
export const shortDay = (day) => shortDays.format(Date.parse(`${day}T00:00Z`));

/** A moment on the shop's wall clock: `2025-01-13 10:30:00`. @param {Date} date */
export const stamp = (date) => stamps.format(date);

/** The shop's day, now: `2025-01-13`. */
export const today = () => stamp(new Date()).slice(0, 10);

/** @param {Date} date */
export const clockTime = (date) => wallTime(stamp(date));

/** @param {string} text @param {(date: Date) => string} format */
function written(text, format) {
  const wall = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)/.exec(text);
  return wall ? format(new Date(`${wall[1]}T${wall[2]}Z`)) : text;
}

/** @param {number} most decimals that are shown; those of the currency always are @returns {Intl.NumberFormat} */
function amountFormat(most) {
  const digits = { minimumFractionDigits: currencyDecimals, maximumFractionDigits: Math.max(most, currencyDecimals) };
  try {
    return new Intl.NumberFormat(undefined, {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      ...digits,
    });
  } catch {
    return new Intl.NumberFormat(undefined, digits);
  }
}

function stampFormat() {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone || undefined });
}

/** Wall times are formatted as if they were UTC. @param {Intl.DateTimeFormatOptions} options */
function dateFormat(options) {
  return new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' });
}
