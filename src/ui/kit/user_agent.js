// What a browser says of itself in its user agent, in words: by them those who let devices in tell them apart.

import { words } from './words.js';

/** The first that fits: most browsers name others, too. @type {ReadonlyArray<[RegExp, string]>} */
const BROWSERS = [
  [/\bEdg(e|A|iOS)?\b/, 'Edge'],
  [/\bOPR\b/, 'Opera'],
  [/\bSamsungBrowser\b/, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\b/, 'Firefox'],
  [/(Chrome|Chromium|CriOS)\b/, 'Chrome'],
  [/\bSafari\b/, 'Safari'],
];
/** @type {ReadonlyArray<[RegExp, string]>} */
const SYSTEMS = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMacintosh\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * Such as "Chrome on Android", with at most 64 characters; the browser or the system alone where the other is not
 * known.
 * @param {string} userAgent
 * @param {number} touchPoints
 * @returns {string | undefined}
 */
export function browserName(userAgent, touchPoints) {
  const named = (/** @type {typeof BROWSERS} */ all) => all.find(([pattern]) => pattern.test(userAgent))?.[1];
  const [browser, system] = [named(BROWSERS), named(SYSTEMS)];
  // A tablet of Apple's calls itself a Mac, and no Mac is touched.
  const device = system === 'Mac' && touchPoints > 1 ? 'iPad' : system;
  return browser && device ? words.devices.browserOn(browser, device) : (browser ?? device);
}
