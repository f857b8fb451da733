// The lines of a bill as they are typed: a table that grows, with an empty line at its end.

import { fromNumber, parseMicros, typedText } from '../kit/decimal.js';
import { h, setText } from '../kit/dom.js';
import { minorMoney, rateMoney } from '../kit/format.js';
import { suggest } from '../kit/suggest.js';
import { NUMERIC, button, numeric } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { isPercentage } from '../data/amounts.js';
import { emptyLine, isBlank } from '../data/draft.js';

/** @typedef {import('../data/draft.js').DraftLine} DraftLine */
/** @typedef {[any, boolean, string]} Check an input, whether it is good, and what to say if it is not */
/**
 * @typedef {{ node: any, inputs: Record<'name' | 'rate' | 'quantity' | 'off', any>, amount: any, item?: string }} Row
 */

/**
 * @typedef {object} LineHandlers
 * @property {(typed: string) => any[]} find items that were sold before
 * @property {() => void} onChange a suggestion was taken
 * @property {() => void} onRemove a line was removed
 */

const text = words.form;
const columns = words.record;
const HEADS = [columns.item, columns.rate, columns.quantity, columns.off, columns.amount];

export class LineTable {
  node = h('div.lines');
  /** @type {Row[]} */
  #rows = [];
  #handlers;

  /** @param {LineHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** @param {DraftLine[]} lines instead of those that it shows */
  show(lines) {
    const head = h('div.line.line-head', { 'aria-hidden': 'true' }, ...HEADS.map((name) => h('span', name)));
    this.node.replaceChildren(head);
    this.#rows = [];
    for (const line of lines) this.#add(line);
  }

  /** What is typed, with the empty lines. @returns {DraftLine[]} */
  get all() {
    return this.#rows.map(lineOf);
  }

  /** @returns {DraftLine[]} */
  get filled() {
    return this.all.filter((line) => !isBlank(line));
  }

  get first() {
    return this.#rows[0].inputs.name;
  }

  /** The rate of the first line that says something. */
  get firstRate() {
    return this.#filledRows[0]?.inputs.rate;
  }

  /** What is wrong with the lines that say something. @returns {Check[]} */
  get checks() {
    return this.#filledRows.flatMap(({ inputs }) => lineChecks(inputs));
  }

  get #filledRows() {
    return this.#rows.filter((row) => !isBlank(lineOf(row)));
  }

  get #last() {
    return /** @type {Row} */ (this.#rows.at(-1));
  }

  /** There is always an empty line at the end. */
  grow() {
    if (this.#rows.length === 0 || !isBlank(lineOf(this.#last))) this.#add(emptyLine());
  }

  /** @param {bigint[]} amounts of all lines, in minor units */
  showAmounts(amounts) {
    this.#rows.forEach((row, index) => {
      const isEmpty = isBlank(lineOf(row));
      setText(row.amount, isEmpty ? '' : minorMoney(amounts[index]));
      row.node.classList.toggle('blank', isEmpty && row === this.#last);
    });
  }

  /** Whether an input is where the next item would be named. @param {any} input */
  isAtEnd(input) {
    return input === this.#last.inputs.name && isBlank(lineOf(this.#last));
  }

  /** Whether a node stands behind all lines. @param {Node} node */
  isBefore(node) {
    return this.#last.node.compareDocumentPosition(node) === Node.DOCUMENT_POSITION_FOLLOWING;
  }

  /** @param {DraftLine} line */
  #add(line) {
    const place = text.line(this.#rows.length + 1);
    const inputs = inputsOf(line, place);
    const amount = h('span.number');
    const cell = (/** @type {'rate' | 'quantity' | 'off'} */ name) =>
      h('span.cell', { data: { label: columns[name] } }, numeric(inputs[name]));
    const cells = [this.#named(inputs), cell('rate'), cell('quantity'), cell('off'), amount];
    const remove = button(text.removeLine, () => this.#remove(row), {
      icon: 'close',
      look: 'bare',
      isIconOnly: true,
    });
    const node = h('div.line', { role: 'group', 'aria-label': place }, ...cells, remove);
    const row = { inputs, amount, item: line.item, node };
    this.#rows.push(row);
    this.node.append(node);
  }

  /** The name with items that were sold before. @param {Row['inputs']} inputs */
  #named({ name: input, rate: rateInput, quantity }) {
    return suggest(input, {
      find: this.#handlers.find,
      show: ({ name, rate }) => [h('b', name), h('span', rateMoney(rate))],
      take: ({ name, rate }) => {
        input.value = name;
        rateInput.value = typedText(fromNumber(rate));
        this.#handlers.onChange();
        quantity.focus();
      },
    });
  }

  /** @param {Row} row */
  #remove(row) {
    row.node.remove();
    this.#rows = this.#rows.filter((one) => one !== row);
    this.#handlers.onRemove();
  }
}

/**
 * @param {DraftLine} line
 * @param {string} place of the line, in words
 * @returns {Row['inputs']}
 */
function inputsOf(line, place) {
  const label = (/** @type {'item' | 'rate' | 'quantity' | 'off'} */ column) => ({
    'aria-label': `${columns[column]}, ${place}`,
  });
  return {
    name: textInput('name', line.name, { ...label('item'), placeholder: columns.item }),
    rate: textInput('rate', line.rate, { ...label('rate'), ...NUMERIC }),
    quantity: textInput('quantity', line.quantity, { ...label('quantity'), ...NUMERIC, placeholder: '1' }),
    off: textInput('off', line.off, { ...label('off'), ...NUMERIC }),
  };
}

/**
 * @param {string} name
 * @param {string} value
 * @param {any} props
 */
export const textInput = (name, value, props) => h('input', { name, value, autocomplete: 'off', ...props });

/** @param {Row} row @returns {DraftLine} */
function lineOf({ inputs: { name, rate, quantity, off }, item }) {
  const line = { name: name.value, rate: rate.value, quantity: quantity.value, off: off.value };
  return item ? { ...line, item } : line;
}

/** @param {Row['inputs']} inputs @returns {Check[]} */
function lineChecks({ name, rate, quantity, off }) {
  const { errors } = text;
  const count = parseMicros(quantity.value.trim() || '1') ?? 0n;
  const discount = parseMicros(off.value.trim() || '0');
  return [
    [name, name.value.trim() !== '', errors.name],
    [rate, parseMicros(rate.value) !== null, errors.rate],
    [quantity, count > 0n, errors.quantity],
    [off, discount !== null && isPercentage(discount), errors.percent],
  ];
}
