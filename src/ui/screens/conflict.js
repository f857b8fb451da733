// Shows two versions of an estimate field by field, so that a person chooses.

import { accept, cancel, openDialog } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { words } from '../kit/words.js';

/** @typedef {{ label: string, mine: string, theirs: string, isMine: boolean }} Difference */

/**
 * @param {Difference[]} fields `isMine`: what is proposed
 * @returns {Promise<boolean[] | null>} for each field whether mine is right
 */
export function askConflict(fields) {
  const chosen = fields.map(({ isMine }) => isMine);
  const heads = [words.conflict.field, words.conflict.here, words.conflict.there];
  const head = h('thead', h('tr', ...heads.map((text) => h('th', { scope: 'col' }, text))));
  const body = h('tbody', ...fields.map((field, index) => row(field, index, chosen)));
  const content = [h('p', words.conflict.text), h('table.compare', head, body)];
  return openDialog(words.conflict.title, content, [cancel(), accept(words.conflict.use)], () => chosen);
}

/**
 * @param {Difference} field
 * @param {number} index
 * @param {boolean[]} chosen
 */
function row({ label, mine, theirs }, index, chosen) {
  const pick = (/** @type {boolean} */ isMine) => {
    const onchange = () => {
      chosen[index] = isMine;
    };
    const radio = { type: 'radio', name: `conflict-${index}`, checked: chosen[index] === isMine, onchange };
    return h('td', h('label.pick', h('input', radio), h('span', (isMine ? mine : theirs) || '–')));
  };
  return h('tr', { data: { field: label } }, h('th', { scope: 'row' }, label), pick(true), pick(false));
}
