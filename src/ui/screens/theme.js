// Whether this device shows the page light or dark: the device's own choice, or the one made in the settings.

import { part } from '../kit/dom.js';
import { local } from '../data/storage.js';

/** For which media the dark style sheet is. @type {Record<string, string>} */
const MEDIA = { '': 'screen and (prefers-color-scheme: dark)', light: 'not all', dark: 'screen' };

/** @returns {string} `light`, `dark`, or empty for the device's own */
export const savedTheme = () => local.read('theme') ?? '';

/** @param {string} theme as `savedTheme` */
export function setTheme(theme) {
  local.write('theme', theme);
  part('dark').setAttribute('media', MEDIA[theme] ?? MEDIA['']);
}
