// Fields for PINs and passwords, and what is shown once and never again: tokens and addresses that let something in.

import { accept, cancel, openDialog } from '../kit/dialog.js';
import { h, setText } from '../kit/dom.js';
import { button, field, qrCode } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { problemOf } from './problem.js';

const PIN_MAX = 8;

/** A field for a new or a manager's PIN. @param {string} name */
export const pinInput = (name) =>
  h('input', { name, type: 'password', inputMode: 'numeric', autocomplete: 'off', maxLength: PIN_MAX });

/** A field for the password that somebody has. */
export const passwordInput = () =>
  h('input', { type: 'password', name: 'password', autocomplete: 'current-password' });

/**
 * A dialog that closes when the server has done what it asks for; until then it says what is wrong.
 * @param {string} title
 * @param {any[]} content
 * @param {string} label of the button
 * @param {() => Promise<any>} act
 * @param {any[]} [others] buttons
 * @returns {Promise<any>} what the server answered; null if it was left
 */
export async function openTask(title, content, label, act, others = []) {
  const problem = h('p.error', { role: 'alert' });
  let isBusy = false;
  /** @type {any} */
  let answer = null;
  const attempt = async () => {
    if (isBusy) return;
    isBusy = true;
    setText(problem, '');
    try {
      answer = (await act()) ?? true;
      problem.closest('dialog')?.close();
    } catch (error) {
      setText(problem, problemOf(error));
    }
    isBusy = false;
  };
  const send = () => {
    attempt();
    return null;
  };
  await openDialog(title, [...content, problem], [cancel(), ...others, accept(label)], send);
  return answer;
}

/**
 * What is shown this once, to be copied or read by a camera.
 * @param {string} title
 * @param {string} advice
 * @param {string} secret
 * @param {{ size: number, path: string } | null} [qr]
 */
export function showOnce(title, advice, secret, qr) {
  const input = h('input', { value: secret, readOnly: true, data: { secret: '' } });
  const copied = h('span', { role: 'status' });
  const copy = () => {
    input.select();
    // A page over plain HTTP has no other clipboard.
    const isCopied = document.execCommand('copy');
    setText(copied, isCopied ? words.copied : words.copyByHand);
  };
  const content = [
    h('p', advice),
    qr && h('div.codes', qrCode(qr, words.qr)),
    field(title, input),
    h('div.actions', button(words.copy, copy, { name: 'copy' }), copied),
  ];
  return openDialog(title, content, [cancel(words.close)]);
}

/**
 * A choice among what has an id.
 * @param {string} name
 * @param {ReadonlyArray<{ id: number, name: string }>} all
 * @param {number | null | undefined} [chosen]
 * @param {string} [none] what stands for none
 */
export function selectOf(name, all, chosen, none) {
  const options = all.map((one) => h('option', { value: one.id, selected: one.id === chosen }, one.name));
  return h('select', { name }, none === undefined ? null : h('option', { value: '' }, none), ...options);
}

/** @param {HTMLSelectElement} select @returns {number | undefined} */
export const chosenId = (select) => (select.value === '' ? undefined : Number(select.value));

/** @param {string} label @param {string} name @param {boolean} checked */
export function checkbox(label, name, checked) {
  const input = h('input', { type: 'checkbox', name, checked });
  return { input, node: h('label.check', input, h('span', label)) };
}
