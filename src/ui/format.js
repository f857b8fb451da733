// Amounts and times as people read them, through Intl. The currency is the shop's; the language is the browser's.

const CURRENCY = document.querySelector('meta[name="tillsync-currency"]')?.getAttribute('content') ?? '';

const amounts = amountFormat(CURRENCY);
const wallTimes = dateFormat({ timeZone: 'UTC' });
const wallTimesWithYear = dateFormat({ timeZone: 'UTC', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** @param {number} amount in whole units, as the wire has it */
export const money = (amount) => amounts.format(amount);

/** Decimals of the shop's currency. */
export const DECIMALS = amounts.resolvedOptions().maximumFractionDigits ?? 2;

/**
 * A record's moment as the shop's wall clock showed it: the time is taken as written, whatever zone this browser is in.
 * @param {string} createdAt RFC 3339 with the shop's offset
 */
export function wallTime(createdAt) {
  const written = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)/.exec(createdAt);
  if (!written) return createdAt;
  const [year, month, day, hour, minute] = written.slice(1).map(Number);
  const format = year === new Date().getFullYear() ? wallTimes : wallTimesWithYear;
  return format.format(Date.UTC(year, month - 1, day, hour, minute));
}

/** A moment on this device's own clock. @param {Date} date */
export const clockTime = (date) => clock.format(date);

/** @param {string} currency @returns {Intl.NumberFormat} */
function amountFormat(currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
  } catch {
    return new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }
}

/** @param {Intl.DateTimeFormatOptions} options */
function dateFormat(options) {
  const parts = /** @type {const} */ ({ day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
  return new Intl.DateTimeFormat(undefined, { ...parts, ...options });
}
