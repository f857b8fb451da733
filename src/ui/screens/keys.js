// The sheet of keyboard shortcuts.

import { cancel, openDialog } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { words } from '../kit/words.js';

export function showKeys() {
  const list = h('dl.keys', ...words.keys.flatMap(([keys, does]) => [combination(keys), h('dd', does)]));
  const answer = openDialog(words.settings.keys, [list], [cancel(words.close)]);
  // Its only button is at the end, and where the sheet is longer than the screen, it must not begin there.
  const sheet = /** @type {HTMLElement} */ (list.closest('dialog'));
  sheet.scrollTop = 0;
  sheet.focus();
  return answer;
}

/** @param {string} keys that are pressed together */
const combination = (keys) => h('dt', ...keys.split(' ').map((key) => h('kbd', key)));
