// Dialogs: what must be answered before the work goes on. Esc and Cancel answer with null.

import { h, setText } from './dom.js';
import { decimals, minorMoney, minorText, money } from './format.js';
import { isCash, modesOf, settle } from './payment.js';
import { fromMinor, parseMicros, roundToMinor, toMinor } from './amounts.js';
import { button, choice, field, numeric } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

let count = 0;

/**
 * @param {string} title
 * @param {any[]} content
 * @param {any[]} actions
 * @param {() => any} [value] the answer when it is submitted
 * @returns {Promise<any>}
 */
export function openDialog(title, content, actions, value = () => true) {
  const heading = h('h2', { id: `dialog-${(count += 1)}` }, title);
  const form = h(
    'form.dialog-form',
    { method: 'dialog', noValidate: true },
    heading,
    ...content,
    h('div.dialog-actions', ...actions),
  );
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

/** @param {Event} event */
export const closeDialog = (event) => /** @type {Element} */ (event.target).closest('dialog')?.close();

export const cancel = (label = words.cancel) => button(label, closeDialog, { name: 'cancel' });

/** The button that answers a dialog. @param {string} label */
export const accept = (label, look = 'strong') => button(label, () => {}, { look, type: 'submit', name: 'confirm' });

/**
 * @param {string} title
 * @param {string} text
 * @param {string} label
 */
export function confirm(title, text, label) {
  return openDialog(title, [h('p', text)], [cancel(), accept(label, 'danger')]);
}

/**
 * Asks how an estimate was paid.
 * @param {SaleRecord} estimate
 * @param {import('./wire.js').Settings} settings
 * @returns {Promise<{ payment_mode: string, sale_by: string, amount_paid: number } | null>}
 */
export function askConversion(estimate, settings) {
  let mode = settings.payment_modes[0];
  const total = toMinor(estimate.total, decimals());
  const by = h('input', { value: estimate.sale_by, name: 'sale_by', autocomplete: 'off' });
  const paid = h('input.number', {
    value: minorText(total),
    inputMode: 'decimal',
    name: 'amount_paid',
    onfocus: () => paid.select(),
    autocomplete: 'off',
  });
  const note = h('p', { role: 'status' });
  const read = () => {
    const micros = paid.value.trim() === '' ? null : parseMicros(paid.value);
    const minor = paid.value.trim() === '' ? total : micros === null ? null : roundToMinor(micros, decimals());
    return minor === null || minor < 0n ? null : minor;
  };
  const problem = () => {
    const minor = read();
    if (minor === null) return words.form.errors.paid;
    return settle(total, minor, isCash(mode, settings)).excess > 0n ? words.pay.excess(minorMoney(total)) : '';
  };
  const say = () => {
    const { due, change } = settle(total, read() ?? total, isCash(mode, settings));
    note.className = problem() ? 'said error' : change > 0n ? 'change' : 'said due';
    paid.setAttribute('aria-invalid', problem() !== '');
    setText(
      note,
      problem() ||
        (change > 0n
          ? `${words.pay.change} ${minorMoney(change)}`
          : due > 0n
            ? words.state.due(minorMoney(due))
            : ''),
    );
  };
  paid.addEventListener('input', say);
  const people = settings.staff_names.map((name) => button(name, () => (by.value = name)));
  return openDialog(
    words.ask.convert(estimate.estimate_number ?? ''),
    [
      h('p.figure', money(estimate.total)),
      choice(
        words.form.mode,
        'payment_mode',
        modesOf(settings).map((one) => [one, one]),
        mode,
        (value) => {
          mode = value;
          say();
        },
      ),
      field(words.form.paid, numeric(paid)),
      note,
      field(words.form.by, by),
      h('div.actions', ...people),
    ],
    [cancel(), accept(words.ask.complete)],
    () => {
      const minor = read();
      say();
      if (problem()) paid.focus();
      return minor === null || problem()
        ? null
        : { payment_mode: mode, sale_by: by.value.trim(), amount_paid: fromMinor(minor, decimals()) };
    },
  );
}

/**
 * Shows two versions field by field.
 * @param {Array<{ label: string, mine: string, theirs: string, isMine: boolean }>} fields
 * @returns {Promise<boolean[] | null>} for each field whether mine is right
 */
export function askConflict(fields) {
  const chosen = fields.map(({ isMine }) => isMine);
  const heads = [words.conflict.field, words.conflict.here, words.conflict.there].map((text) =>
    h('th', { scope: 'col' }, text),
  );
  const body = fields.map(({ label, mine, theirs }, index) => {
    const pick = (/** @type {boolean} */ isMine) =>
      h(
        'td',
        h(
          'label.pick',
          h('input', {
            type: 'radio',
            name: `conflict-${index}`,
            checked: chosen[index] === isMine,
            onchange: () => (chosen[index] = isMine),
          }),
          h('span', (isMine ? mine : theirs) || '–'),
        ),
      );
    return h('tr', { data: { field: label } }, h('th', { scope: 'row' }, label), pick(true), pick(false));
  });
  return openDialog(
    words.conflict.title,
    [h('p', words.conflict.text), h('table.compare', h('thead', h('tr', ...heads)), h('tbody', ...body))],
    [cancel(), accept(words.conflict.use)],
    () => chosen,
  );
}

/** The sheet of keyboard shortcuts. */
export function showKeys() {
  const list = h(
    'dl.keys',
    ...words.keys.flatMap(([keys, does]) => [h('dt', ...keys.split(' ').map((key) => h('kbd', key))), h('dd', does)]),
  );
  const answer = openDialog(words.settings.keys, [list], [cancel(words.close)]);
  // Its only button is at the end, and where the sheet is longer than the screen, it must not begin there.
  const sheet = /** @type {HTMLElement} */ (list.closest('dialog'));
  sheet.scrollTop = 0;
  sheet.focus();
  return answer;
}
