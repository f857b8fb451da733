// New sale, new estimate, and the edit of an estimate: one form. Everything typed is kept on this device until it is saved.

import { billOf, fromMinor, fromNumber, isPercentage, microsText, parseMicros, roundToMinor, toNumber } from './amounts.js';
import { askConflict } from './dialog.js';
import { arrange, h, later, setText } from './dom.js';
import { currencySign, decimals, minorMoney, money } from './format.js';
import { linkTo, numberOf } from './wire.js';
import { button, choice, empty, field, suggest } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

/**
 * @typedef {{ name: string, rate: string, quantity: string, off: string }} DraftLine as typed
 * @typedef {object} Draft
 * @property {string} customer_name
 * @property {string} customer_phone
 * @property {string} customer_address
 * @property {string} sale_by
 * @property {DraftLine[]} lines
 * @property {string} discount
 * @property {boolean} isPercent
 * @property {string} mode
 * @property {string} paid
 * @property {SaleRecord} [base] the estimate as it was when editing began
 * @property {number} [replaces] place of the refused command that this one replaces
 */

const PERSON = /** @type {const} */ (['customer_name', 'customer_phone', 'customer_address', 'sale_by']);
const DRAFT_PAUSE_MS = 150;
const text = words.form;

export class Form {
  title = text.new;
  #app;
  /** The estimate that is edited; empty for a new one. */
  #id = '';
  /** @type {Draft} */
  #draft = emptyDraft('');
  /** @type {Array<{ node: any, inputs: Record<'name' | 'rate' | 'quantity' | 'off', any>, amount: any }>} */
  #lines = [];
  /** @type {Record<string, any>} */
  #inputs = {};
  #list = h('div.lines');
  #sums = h('dl.totals');
  #due = h('p.quiet', { role: 'status' });
  #problem = h('p.error', { role: 'alert' });
  #bar = h('div.note', { hidden: true, data: { conflict: '' } });
  #isSaving = false;
  #modes = '';
  #keep = later(DRAFT_PAUSE_MS, () => this.#keepNow());

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    this.node = h('div.pane.form-pane', { data: { screen: 'form' } });
    addEventListener('pagehide', () => this.node.isConnected && this.#keepNow());
  }

  /** @param {string[]} parts id of the estimate, for an edit */
  show([id = '']) {
    if (id !== this.#id) this.leave();
    this.#id = id;
    this.#app.catalogue.read();
    const kept = readDraft(id);
    const base = id ? this.#app.store.known('estimate').get(id) : undefined;
    if (id && !kept && !base) {
      this.node.replaceChildren(empty(words.loading, ''));
      this.#app.sync.read('estimate', id).then(() => this.#id === id && this.show([id]), () => arrange(this.node, [empty(words.gone('estimate'), '')]));
      return;
    }
    this.#draft = kept ?? (base ? draftOf(base) : emptyDraft(localStorage.getItem('sale_by') ?? ''));
    this.title = base ? text.edit(numberOf('estimate', base)) : text.new;
    this.#build();
    this.#inputs.customer_name.focus({ preventScroll: true });
  }

  leave() {
    if (this.#inputs.customer_name) this.#keepNow();
  }

  /** While it is edited, the estimate may be changed elsewhere. */
  render() {
    const modes = this.#app.store.settings.payment_modes.join();
    if (!this.#id && modes !== this.#modes && this.#inputs.discount) this.#drawModes();
    const current = this.#app.store.known('estimate').get(this.#id);
    const isStale = Boolean(current && this.#draft.base && (current.rev ?? 0) > (this.#draft.base.rev ?? 0));
    if (isStale === !this.#bar.hidden) return;
    this.#bar.hidden = !isStale;
    if (!isStale) return;
    const who = current.sale_by !== this.#draft.base?.sale_by ? current.sale_by : '';
    arrange(this.#bar, [h('p', null, words.conflict.bar(who || words.conflict.someone)),
      button(words.conflict.show, () => this.#resolve(current), { name: 'show-both' }),
      button(words.conflict.mine, () => this.#rebase(current, this.#read()), { name: 'keep-mine' }),
      button(words.conflict.theirs, () => this.#rebase(current, draftOf(current)), { name: 'take-theirs' })]);
  }

  /** Saves by the keyboard. @param {boolean} asEstimate */
  save(asEstimate) {
    return this.#id ? this.#saveEdit() : this.#saveNew(asEstimate ? 'estimate' : 'order');
  }

  #build() {
    const isNew = !this.#id;
    const input = (/** @type {string} */ name, /** @type {any} */ props = {}) =>
      (this.#inputs[name] = h('input', { name, value: /** @type {any} */ (this.#draft)[name], autocomplete: 'off', ...props }));
    const numeric = { inputMode: 'decimal', onfocus: (/** @type {any} */ event) => event.target.select() };
    const who = suggest(input('customer_name', { required: true }), {
      find: (typed) => this.#app.catalogue.customers(typed), pause: 120,
      show: ({ name, phone }) => [h('b', null, name), h('span', null, phone)],
      take: (customer) => this.#takeCustomer(customer),
    });
    const by = suggest(input('sale_by'), {
      find: (typed) => this.#app.store.settings.staff_names.filter((/** @type {string} */ name) => name.toLowerCase().includes(typed.toLowerCase()) && name !== typed),
      show: (name) => [name], take: (name) => (this.#inputs.sale_by.value = name, this.#keep()),
    });
    this.#lines = [];
    this.#list.replaceChildren(h('div.line.line-head', { 'aria-hidden': 'true' }, ...[words.record.item, words.record.rate, words.record.quantity, words.record.off, words.record.amount].map((name) => h('span', null, name))));
    for (const line of this.#draft.lines) this.#addLine(line);
    this.#growLines();
    const units = choice(text.discount, 'unit', [['percent', '%'], ['money', currencySign()]], this.#draft.isPercent ? 'percent' : 'money', (unit) => {
      this.#draft.isPercent = unit === 'percent';
      this.#changed();
    });
    const form = h('form.form', {
      noValidate: true, oninput: () => this.#changed(), onkeydown: (/** @type {any} */ event) => this.#key(event), onfocusout: (/** @type {any} */ event) => tidy(event.target),
      onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
    },
    this.#bar,
    h('section.card.person', { 'aria-label': text.customer }, field(text.customer, who), field(text.phone, input('customer_phone', { inputMode: 'tel' })),
      field(text.address, input('customer_address')), field(text.by, by)),
    h('section.card', { 'aria-label': text.items }, h('h2', null, text.items), this.#list),
    h('div.columns', null,
      h('section.card.payment', { 'aria-label': text.payment, hidden: !isNew }, h('h2', null, text.payment), h('div.modes'), field(text.paid, input('paid', numeric)), this.#due),
      h('section.card.sum', null, h('div.discount', null, units, h('label', null, h('span.hidden', null, text.discount), input('discount', numeric))), this.#sums)),
    h('footer.save-bar', null, this.#problem, h('div.actions', null,
      isNew ? button(text.saveEstimate, () => this.save(true), { name: 'save-estimate' }) : h('a.button', { href: linkTo('estimate', this.#id), onclick: () => this.#drop() }, words.cancel),
      isNew ? button(text.completeSale, () => this.save(false), { look: 'strong', name: 'complete-sale' }) : button(text.save, () => this.save(true), { look: 'strong', name: 'save' }))));
    this.node.replaceChildren(h('header.pane-head', null, h('h1', null, this.title), h('span.quiet', null, text.draft), button(text.clear, () => this.#clear(), { look: 'bare', name: 'clear' })), form);
    this.#drawModes();
    this.#changed();
    this.render();
  }

  #drawModes() {
    const { payment_modes: modes } = this.#app.store.settings;
    this.#modes = modes.join();
    if (!modes.includes(this.#draft.mode)) this.#draft.mode = modes[0];
    this.node.querySelector('.modes')?.replaceChildren(choice(text.mode, 'mode', modes.map((/** @type {string} */ mode) => [mode, mode]), this.#draft.mode, (mode) => {
      this.#draft.mode = mode;
      this.#keep();
    }));
  }

  /** @param {{ name: string, phone: string, address: string }} customer */
  #takeCustomer({ name, phone, address }) {
    Object.assign(this.#inputs.customer_name, { value: name });
    Object.assign(this.#inputs.customer_phone, { value: phone });
    Object.assign(this.#inputs.customer_address, { value: address });
    this.#changed();
    this.#lines[0]?.inputs.name.focus();
  }

  /** @param {DraftLine} line */
  #addLine(line) {
    const place = this.#lines.length + 1;
    const { record } = words;
    const input = (/** @type {string} */ name, /** @type {string} */ label, /** @type {any} */ props) =>
      h('input', { name, value: /** @type {any} */ (line)[name], 'aria-label': `${label}, ${text.line(place)}`, placeholder: name === 'name' ? label : name === 'quantity' ? '1' : '', autocomplete: 'off', ...props });
    const numeric = { className: 'number', inputMode: 'decimal', onfocus: (/** @type {any} */ event) => event.target.select() };
    const inputs = { name: input('name', record.item, {}), rate: input('rate', record.rate, numeric), quantity: input('quantity', record.quantity, numeric), off: input('off', record.off, numeric) };
    const amount = h('output.number');
    const named = suggest(inputs.name, {
      find: (typed) => this.#app.catalogue.items(typed),
      show: ({ name, rate }) => [h('b', null, name), h('span', null, money(rate))],
      take: ({ name, rate }) => {
        inputs.name.value = name;
        inputs.rate.value = microsText(fromNumber(rate));
        this.#changed();
        inputs.quantity.focus();
      },
    });
    const own = { node: h('div.line', { role: 'group', 'aria-label': text.line(place) }), inputs, amount };
    const remove = button(text.removeLine(place), () => this.#removeLine(own), { icon: 'close', look: 'bare', isIconOnly: true });
    remove.tabIndex = -1;
    const cell = (/** @type {string} */ label, /** @type {any} */ node) => h('span.cell', { data: { label } }, node);
    own.node.append(named, cell(record.rate, inputs.rate), cell(record.quantity, inputs.quantity), cell(record.off, inputs.off), amount, remove);
    this.#lines.push(own);
    this.#list.append(own.node);
  }

  /** @param {any} line */
  #removeLine(line) {
    line.node.remove();
    this.#lines = this.#lines.filter((one) => one !== line);
    this.#changed();
    this.#lines[0]?.inputs.name.focus();
  }

  /** There is always an empty line at the end. */
  #growLines() {
    const last = this.#lines.at(-1);
    if (!last || !isBlank(lineOf(last))) this.#addLine(emptyLine());
  }

  #changed() {
    this.#growLines();
    this.#setProblem(null, '');
    const bill = billOf(this.#lines.map(amountsOf), this.#discount() ?? { isPercent: false, value: 0n }, decimals());
    this.#lines.forEach(({ amount, node, inputs }, index) => {
      setText(amount, isBlank(lineOf({ inputs })) ? '' : minorMoney(bill.lines[index]));
      node.classList.toggle('blank', index === this.#lines.length - 1 && isBlank(lineOf({ inputs })));
    });
    const rows = bill.discount === 0n ? [] : [[words.record.subtotal, bill.subtotal], [words.record.discount, bill.discount]];
    this.#sums.replaceChildren(...rows.flatMap(([name, minor]) => [h('dt', null, String(name)), h('dd', null, minorMoney(/** @type {bigint} */ (minor)))]),
      h('dt.sum', null, words.record.total), h('dd.sum', { data: { figure: 'total' } }, minorMoney(bill.total)));
    const paid = this.#paid();
    setText(this.#due, paid !== null && paid < bill.total && paid !== -1n ? words.state.due(minorMoney(bill.total - paid)) : '');
    this.#inputs.paid.placeholder = minorMoney(bill.total);
    this.#keep();
    return bill;
  }

  #discount() {
    const typed = this.#inputs.discount.value.trim();
    const value = typed === '' ? 0n : parseMicros(typed);
    return value === null ? null : { isPercent: this.#draft.isPercent, value };
  }

  /** In minor units; -1 for the total, null for what is no amount. */
  #paid() {
    const typed = this.#inputs.paid.value.trim();
    if (typed === '') return -1n;
    const micros = parseMicros(typed);
    return micros === null ? null : roundToMinor(micros, decimals());
  }

  /** @returns {Draft} */
  #read() {
    const person = Object.fromEntries(PERSON.map((name) => [name, this.#inputs[name].value]));
    const lines = this.#lines.map(lineOf).filter((line) => !isBlank(line));
    return { ...this.#draft, ...person, lines, discount: this.#inputs.discount.value, paid: this.#inputs.paid.value };
  }

  #keepNow() {
    const draft = this.#read();
    const isNothing = draft.lines.length === 0 && draft.customer_name.trim() === '' && draft.customer_phone === '';
    const isSame = draft.base && JSON.stringify(draft) === JSON.stringify({ ...draftOf(draft.base), mode: draft.mode });
    if (this.#isSaving || isNothing || isSame) localStorage.removeItem(draftName(this.#id));
    else localStorage.setItem(draftName(this.#id), JSON.stringify(draft));
  }

  #drop() {
    this.#isSaving = true;
    this.#keepNow();
    this.#isSaving = false;
    this.#inputs = {};
  }

  #clear() {
    const draft = this.#read();
    this.#draft = this.#draft.base ? draftOf(this.#draft.base) : emptyDraft(draft.sale_by);
    this.#build();
    this.#inputs.customer_name.focus();
    this.#app.toast(text.cleared, '', '', { text: text.undo, act: () => {
      this.#draft = draft;
      this.#build();
    } });
  }

  /** The body of the command; null after saying what is wrong. @returns {any} */
  #body() {
    const bill = this.#changed();
    const problem = this.#findProblem(bill);
    if (problem) {
      this.#setProblem(problem[0], problem[1]);
      return null;
    }
    const draft = this.#read();
    const discount = /** @type {{ isPercent: boolean, value: bigint }} */ (this.#discount());
    const items = this.#lines.filter((line) => !isBlank(lineOf(line))).map((line, index) => {
      const { price, quantity, discount: off } = amountsOf(line);
      return { id: index + 1, name: line.inputs.name.value.trim(), price: toNumber(price), quantity: toNumber(quantity), discount: toNumber(off) };
    });
    return {
      ...Object.fromEntries(PERSON.map((name) => [name, draft[name].trim()])),
      items,
      subtotal: fromMinor(bill.subtotal, decimals()),
      discount_amount: discount.isPercent ? toNumber(discount.value) : fromMinor(bill.discount, decimals()),
      is_percentage_discount: discount.isPercent,
      total: fromMinor(bill.total, decimals()),
    };
  }

  /** @param {import('./amounts.js').Bill} bill @returns {[any, string] | null} */
  #findProblem(bill) {
    const { errors } = text;
    if (this.#inputs.customer_name.value.trim() === '') return [this.#inputs.customer_name, errors.customer];
    const lines = this.#lines.filter((line) => !isBlank(lineOf(line)));
    if (lines.length === 0) return [this.#lines[0].inputs.name, errors.items];
    for (const { inputs } of lines) {
      if (inputs.name.value.trim() === '') return [inputs.name, errors.name];
      if (parseMicros(inputs.rate.value) === null) return [inputs.rate, errors.rate];
      const quantity = inputs.quantity.value.trim() === '' ? 1n : parseMicros(inputs.quantity.value);
      if (quantity === null || quantity === 0n) return [inputs.quantity, errors.quantity];
      const off = inputs.off.value.trim() === '' ? 0n : parseMicros(inputs.off.value);
      if (off === null || !isPercentage(off)) return [inputs.off, errors.percent];
    }
    const discount = this.#discount();
    if (!discount || (discount.isPercent && !isPercentage(discount.value))) return [this.#inputs.discount, errors.percent];
    if (!discount.isPercent && roundToMinor(discount.value, decimals()) > bill.subtotal) return [this.#inputs.discount, errors.discount];
    if (this.#paid() === null) return [this.#inputs.paid, errors.paid];
    return bill.isTooLarge ? [lines[0].inputs.rate, errors.large] : null;
  }

  /** @param {any} input @param {string} problem */
  #setProblem(input, problem) {
    for (const node of this.node.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid');
    setText(this.#problem, problem);
    input?.setAttribute('aria-invalid', 'true');
    input?.focus();
  }

  /** @param {'estimate' | 'order'} kind */
  async #saveNew(kind) {
    const body = this.#body();
    if (!body || this.#isSaving) return;
    const paid = this.#paid();
    const payment = kind === 'order' ? { payment_mode: this.#draft.mode, amount_paid: paid === -1n ? body.total : fromMinor(paid ?? 0n, decimals()) } : {};
    localStorage.setItem('sale_by', body.sale_by);
    await this.#send(this.#app.actions.create(kind, { ...body, ...payment }), (answer, entry) => {
      const number = answer?.sale_number ?? answer?.estimate_number;
      const link = linkTo(kind, answer?.order_id ?? answer?.estimate_id ?? `local:${entry.key}`);
      this.#app.toast(answer ? words.said.saved(kind, number) : words.said.queued, '', link, { text: words.record.print, act: () => (location.hash = `${link}/print/now`) });
      this.show([]);
      history.replaceState(null, '', '#/new');
    });
  }

  async #saveEdit() {
    const body = this.#body();
    const { base } = this.#draft;
    if (!body || !base || this.#isSaving) return;
    await this.#send(this.#app.actions.edit(base, body, this.#app.outbox.isBusy(this.#id) ? undefined : base.rev), (answer) => {
      if (answer?.data) this.#app.store.learn('estimate', [answer.data]);
      this.#app.toast(answer ? words.said.edited(numberOf('estimate', base)) : words.said.queued);
      this.#inputs = {};
      location.hash = linkTo('estimate', this.#id);
    });
  }

  /** @param {Promise<import('./outbox.js').Outcome>} sending @param {(answer: any, entry: any) => void} done */
  async #send(sending, done) {
    this.#isSaving = true;
    this.node.setAttribute('aria-busy', 'true');
    const outcome = await sending;
    this.node.removeAttribute('aria-busy');
    if (outcome.state === 'refused') {
      this.#isSaving = false;
      if (outcome.status === 412 && outcome.body?.current) await this.#resolve(outcome.body.current);
      else this.#setProblem(null, words.said.refused(outcome.body?.detail ?? ''));
      return;
    }
    const { replaces } = this.#draft;
    const old = this.#app.outbox.entries.find((/** @type {any} */ one) => one.place === replaces);
    if (old) await this.#app.outbox.discard(old);
    this.#keepNow();
    this.#isSaving = false;
    done(outcome.state === 'done' ? outcome.body : null, outcome.entry);
  }

  /** Lets the person choose between two versions. @param {SaleRecord} current */
  async #resolve(current) {
    const [mine, theirs, base] = [this.#read(), draftOf(current), this.#draft.base ? draftOf(this.#draft.base) : null];
    const fields = FIELDS.filter(({ show }) => show(mine) !== show(theirs))
      .map(({ name, label, show }) => ({ name, label, mine: show(mine), theirs: show(theirs), isMine: !base || show(mine) !== show(base) }));
    const chosen = fields.length === 0 ? new Map() : await askConflict(fields);
    if (!chosen) return;
    const merged = { ...theirs };
    for (const { name, copies } of FIELDS) {
      if (chosen.get(name)) for (const copy of copies) /** @type {any} */ (merged)[copy] = /** @type {any} */ (mine)[copy];
    }
    this.#rebase(current, merged);
  }

  /** Goes on from what is stored now. @param {SaleRecord} current @param {Draft} draft */
  #rebase(current, draft) {
    this.#app.store.learn('estimate', [current]);
    this.#draft = { ...draft, base: current, replaces: this.#draft.replaces };
    this.#bar.hidden = true;
    this.#build();
    /** @type {any} */ (this.node.querySelector('[data-action="save"]'))?.focus();
  }

  /** @param {KeyboardEvent & { target: any }} event */
  #key(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.save(event.shiftKey);
      return;
    }
    if (event.key !== 'Enter' || event.target.tagName !== 'INPUT' || event.isComposing) return;
    event.preventDefault();
    const last = this.#lines.at(-1);
    const isEnd = event.target === last?.inputs.name && last && isBlank(lineOf(last));
    if (isEnd) {
      /** @type {any} */ (this.node.querySelector(this.#id ? '[data-action="save"]' : '.modes input:checked'))?.focus();
      return;
    }
    const stops = [...this.node.querySelectorAll('form input:not([type="radio"]), form input:checked, [data-action="complete-sale"], [data-action="save"]')].filter((node) => node.getClientRects().length > 0);
    /** @type {any} */ (stops[stops.indexOf(event.target) + 1])?.focus();
  }
}

/** What can differ between two versions. @type {Array<{ name: string, label: string, copies: string[], show: (draft: Draft) => string }>} */
const FIELDS = [
  ...[['customer_name', text.customer], ['customer_phone', text.phone], ['customer_address', text.address], ['sale_by', text.by]].map(([name, label]) => ({
    name, label, copies: [name], show: (/** @type {any} */ draft) => draft[name],
  })),
  { name: 'items', label: text.items, copies: ['lines'], show: ({ lines }) => lines.map((line) => `${line.quantity || 1} × ${line.name} · ${line.rate}${line.off && ` · ${line.off} %`}`).join('\n') },
  { name: 'discount', label: text.discount, copies: ['discount', 'isPercent'], show: ({ discount, isPercent }) => (discount ? `${discount} ${isPercent ? '%' : currencySign()}` : '') },
];

/** @returns {DraftLine} */
const emptyLine = () => ({ name: '', rate: '', quantity: '', off: '' });

/** @param {string} by @returns {Draft} */
const emptyDraft = (by) => ({ customer_name: '', customer_phone: '', customer_address: '', sale_by: by, lines: [], discount: '', isPercent: true, mode: '', paid: '' });

/** @param {SaleRecord} record @returns {Draft} */
export function draftOf(record) {
  const shown = (/** @type {number | undefined} */ value) => (value ? microsText(fromNumber(value)) : '');
  return {
    ...emptyDraft(record.sale_by),
    customer_name: record.customer_name, customer_phone: record.customer_phone, customer_address: record.customer_address,
    lines: record.items.map((item) => ({ name: item.name, rate: microsText(fromNumber(item.price)), quantity: shown(item.quantity), off: shown(item.discount) })),
    discount: shown(record.discount_amount), isPercent: record.is_percentage_discount || !record.discount_amount,
    mode: record.payment_mode ?? '', base: record,
  };
}

/** @param {string} id */
const draftName = (id) => (id ? `draft ${id}` : 'draft');

/** Puts what was refused back into the form. @param {string} id @param {Draft} draft */
export const putDraft = (id, draft) => localStorage.setItem(draftName(id), JSON.stringify(draft));

/** @param {string} id @returns {Draft | null} */
function readDraft(id) {
  try {
    return JSON.parse(localStorage.getItem(draftName(id)) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {{ inputs: any }} line @returns {DraftLine} */
const lineOf = ({ inputs }) => ({ name: inputs.name.value, rate: inputs.rate.value, quantity: inputs.quantity.value, off: inputs.off.value });

/** @param {DraftLine} line */
const isBlank = (line) => Object.values(line).every((value) => value.trim() === '');

/** @param {{ inputs: any }} line @returns {import('./amounts.js').Line} */
function amountsOf({ inputs }) {
  const off = parseMicros(inputs.off.value) ?? 0n;
  const quantity = inputs.quantity.value.trim() === '' ? 1_000_000n : parseMicros(inputs.quantity.value) ?? 0n;
  return { price: parseMicros(inputs.rate.value) ?? 0n, quantity, discount: isPercentage(off) ? off : 0n };
}

/** Shows a number as it was understood. @param {any} input */
function tidy(input) {
  if (input?.inputMode !== 'decimal' || input.value.trim() === '') return;
  const micros = parseMicros(input.value);
  if (micros !== null) input.value = microsText(micros);
}
