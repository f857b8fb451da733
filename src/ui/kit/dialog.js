// Dialogs: what must be answered before the work goes on. Esc and Cancel answer with null.

import { h } from './dom.js';
import { button } from './widgets.js';
import { words } from './words.js';

let count = 0;

/**
 * @param {string} title
 * @param {any[]} content
 * @param {any[]} actions
 * @param {() => any} [value] the answer when it is submitted; null if it cannot be yet
 * @returns {Promise<any>}
 */
export function openDialog(title, content, actions, value = () => true) {
  count += 1;
  const heading = h('h2', { id: `dialog-${count}` }, title);
  const end = h('div.dialog-actions', ...actions);
  const form = h('form.dialog-form', { method: 'dialog', noValidate: true }, heading, ...content, end);
  const dialog = h('dialog.dialog', { tabIndex: -1, 'aria-labelledby': heading.id }, form);
  return new Promise((resolve) => {
    /** @type {any} */
    let result = null;
    form.onsubmit = (/** @type {Event} */ event) => {
      result = value() ?? null;
      if (result === null) event.preventDefault();
    };
    dialog.onclose = () => {
      dialog.remove();
      resolve(result);
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Whatever is asked is not asked any more. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
}

/** @param {Event} event */
export const closeDialog = (event) => /** @type {Element} */ (event.target).closest('dialog')?.close();

export const cancel = (label = words.cancel) => button(label, closeDialog, { name: 'cancel' });

/** The button that answers a dialog. @param {string} label @param {'strong' | 'danger'} [look] */
export const accept = (label, look = 'strong') => button(label, () => {}, { look, type: 'submit', name: 'confirm' });

/**
 * @param {string} title
 * @param {string} text
 * @param {string} label
 */
export function confirm(title, text, label) {
  return openDialog(title, [h('p', text)], [cancel(), accept(label, 'danger')]);
}
