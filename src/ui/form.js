// New sale, new estimate, and the edit of an estimate: one form, usable by keyboard alone.

import { billOf, fromMinor, fromNumber, isPercentage, microsText, parseMicros, roundToMinor, toNumber } from './amounts.js';
import { askConflict } from './dialog.js';
import { h, later, setText } from './dom.js';
import { PERSON, amountsOf, differences, draftOf, emptyDraft, emptyLine, isBlank, putDraft, readDraft } from './draft.js';
import { currencySign, decimals, minorMoney, money } from './format.js';
import { local } from './storage.js';
import { linkTo, numberOf } from './wire.js';
import { button, choice, empty, field, suggest } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').SaleRecord} SaleRecord */
/** @typedef {import('./draft.js').Draft} Draft */
/** @typedef {import('./draft.js').DraftLine} DraftLine */
/** @typedef {{ node: any, inputs: Record<'name' | 'rate' | 'quantity' | 'off', any>, amount: any }} Row */

const KEEP_PAUSE_MS = 150;
const text = words.form;
const columns = words.record;

export class Form {
  title = text.new;
  #app;
  /** The estimate that is edited; empty for a new one. */
  #id = '';
  #draft = emptyDraft('');
  /** @type {Row[]} */
  #rows = [];
  /** @type {Record<string, any>} */
  #inputs = {};
  #list = h('div.lines');
  #modes = h('div.modes');
  #sums = h('dl.totals');
  #total = h('output.figure.small', { data: { figure: 'total' }, 'aria-label': columns.total, 'aria-live': 'off' });
  #due = h('p.said.due', { role: 'status' });
  #problem = h('p.error', { role: 'alert' });
  #bar = h('div.note', { role: 'status', hidden: true, data: { conflict: '' } });
  #kept = h('span.quiet', text.draft);
  #isSaving = false;
  #keep = later(KEEP_PAUSE_MS, () => this.leave());

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    this.node = h('div.pane.form-pane', { data: { screen: 'form' } });
    addEventListener('pagehide', () => this.leave());
  }

  /** @param {string[]} parts id of the estimate, for an edit */
  show([id = '']) {
    if (id !== this.#id) this.leave();
    this.#id = id;
    this.#inputs = {};
    const { store, sync, catalogue } = this.#app;
    catalogue.read();
    const base = store.known('estimate').get(id);
    const kept = readDraft(id);
    if (id && !kept && !base) {
      this.node.replaceChildren(empty(words.loading, ''));
      const isWanted = () => this.#id === id && !this.#inputs.discount;
      sync.read('estimate', id).then(() => isWanted() && this.show([id]), () => isWanted() && this.node.replaceChildren(empty(words.gone('estimate'), '')));
      return;
    }
    this.#draft = kept ?? (base ? draftOf(base) : emptyDraft(local.read('sale_by') ?? ''));
    this.title = id ? text.edit(numberOf('estimate', this.#draft.base ?? base)) : text.new;
    this.#build();
    this.#inputs.customer_name.focus();
  }

  /** After a choice or a line less, with the first line. */
  #goOn() {
    this.#changed();
    this.#rows[0].inputs.name.focus();
  }

  /** Keeps what is typed. */
  leave() {
    if (!this.#inputs.discount) return;
    const draft = this.#read();
    const isNothing = draft.lines.length === 0 && draft.customer_name + draft.customer_phone === '';
    const isSame = draft.base && JSON.stringify(draft) === JSON.stringify({ ...draftOf(draft.base), mode: draft.mode });
    this.#kept.hidden = isNothing || isSame;
    putDraft(this.#id, this.#kept.hidden ? null : draft);
  }

  /** While it is edited, the estimate may be changed elsewhere. */
  render() {
    const { settings } = this.#app.store;
    if (this.#modes.dataset.modes !== settings.payment_modes.join()) this.#drawModes();
    const current = this.#app.store.known('estimate').get(this.#id);
    const { base } = this.#draft;
    const isStale = Boolean(current && base && current.rev > (base.rev ?? 0));
    if (isStale === !this.#bar.hidden) return;
    this.#bar.hidden = !isStale;
    if (!isStale) return;
    const who = current.sale_by === base?.sale_by ? words.conflict.someone : current.sale_by;
    this.#bar.replaceChildren(h('p', words.conflict.bar(who)),
      button(words.conflict.show, () => this.#resolve(current), { name: 'show-both' }),
      button(words.conflict.mine, () => this.#rebase(current, this.#read()), { name: 'keep-mine' }),
      button(words.conflict.theirs, () => this.#rebase(current, draftOf(current)), { name: 'take-theirs' }));
  }

  /** @param {boolean} asEstimate */
  async save(asEstimate) {
    const body = this.#isSaving ? null : this.#body();
    if (!body) return;
    const { actions, outbox, toast } = this.#app;
    const { base, mode } = this.#draft;
    const id = this.#id;
    if (base) {
      await this.#send(actions.edit(base, body, outbox.isBusy(this.#id) ? undefined : base.rev), (answer) => {
        if (answer?.data) this.#app.store.learn('estimate', [answer.data]);
        toast(answer ? words.said.edited(numberOf('estimate', base)) : words.said.queued);
        return () => (location.hash = linkTo('estimate', id));
      });
      return;
    }
    const kind = asEstimate ? 'estimate' : 'order';
    const payment = asEstimate ? {} : { payment_mode: mode, amount_paid: this.#inputs.paid.value.trim() ? fromMinor(this.#paid() ?? 0n, decimals()) : body.total };
    local.write('sale_by', body.sale_by);
    await this.#send(actions.create(kind, { ...body, ...payment }), (answer, entry) => {
      const link = linkTo(kind, answer?.order_id ?? answer?.estimate_id ?? `local:${entry.key}`);
      const said = answer ? words.said.saved(kind, answer.sale_number ?? answer.estimate_number) : words.said.queued;
      toast(said, '', link, { text: columns.print, act: () => (location.hash = `${link}/print/now`) });
      return () => this.show([]);
    });
  }

  #build() {
    const isNew = !this.#id;
    const { catalogue, store } = this.#app;
    const input = (/** @type {string} */ name, props = {}) => (this.#inputs[name] = typed(name, /** @type {any} */ (this.#draft)[name], props));
    const who = suggest(input('customer_name', { required: true, 'aria-label': text.customer }), {
      pause: 120,
      find: (start) => catalogue.customers(start),
      show: ({ name, phone }) => [h('b', name), h('span', phone)],
      take: ({ name, phone, address }) => {
        [name, phone, address].forEach((value, index) => (this.#inputs[PERSON[index]].value = value));
        this.#goOn();
      },
    });
    const by = suggest(input('sale_by', { 'aria-label': text.by }), {
      find: (start) => store.settings.staff_names.filter((/** @type {string} */ name) => name.toLowerCase().startsWith(start.toLowerCase()) && name !== start),
      show: (name) => [name],
      take: (name) => (this.#inputs.sale_by.value = name),
    });
    const names = [columns.item, columns.rate, columns.quantity, columns.off, columns.amount].map((name) => h('span', name));
    this.#list.replaceChildren(h('div.line.line-head', { 'aria-hidden': 'true' }, ...names));
    this.#rows = [];
    for (const line of this.#draft.lines) this.#addRow(line);
    const unit = choice(text.discount, 'unit', [['percent', '%'], ['money', currencySign()]], this.#draft.isPercent ? 'percent' : 'money', (chosen) => {
      this.#draft.isPercent = chosen === 'percent';
      this.#changed();
    });
    const leave = isNew ? button(text.saveEstimate, () => this.save(true), { name: 'save-estimate' })
      : h('a.button', { href: linkTo('estimate', this.#id), onclick: () => (putDraft(this.#id, null), this.#inputs = {}) }, words.cancel);
    const save = isNew ? button(text.completeSale, () => this.save(false), { look: 'strong', name: 'complete-sale' })
      : button(text.save, () => this.save(true), { look: 'strong', name: 'save' });
    this.node.replaceChildren(
      h('header.pane-head', h('h1', this.title), this.#kept, button(text.clear, () => this.#clear(), { look: 'bare', name: 'clear' })),
      h('form.form', {
        noValidate: true, oninput: () => this.#changed(), onkeydown: (/** @type {any} */ event) => this.#key(event),
        onfocusout: (/** @type {any} */ event) => tidy(event.target), onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
      },
      this.#bar,
      h('section.card.two.who', field(text.customer, who), field(text.phone, input('customer_phone', { inputMode: 'tel' })),
        field(text.by, by), field(text.address, input('customer_address'))),
      h('section.card', { 'aria-label': text.items }, this.#list),
      h('div.columns',
        h('section.card.payment', { hidden: !isNew }, this.#modes, field(text.paid, input('paid', NUMERIC)), this.#due),
        h('section.card.sum', h('div.discount', unit, input('discount', { ...NUMERIC, 'aria-label': text.discount })), this.#sums)),
      h('footer.save-bar', this.#total, this.#problem, h('div.actions', leave, save))));
    this.#drawModes();
    this.#changed();
    this.#bar.hidden = true;
    this.render();
  }

  #drawModes() {
    const { payment_modes: modes } = this.#app.store.settings;
    this.#modes.dataset.modes = modes.join();
    if (!modes.includes(this.#draft.mode)) this.#draft.mode = modes[0];
    this.#modes.replaceChildren(choice(text.mode, 'mode', modes.map((/** @type {string} */ mode) => [mode, mode]), this.#draft.mode, (mode) => (this.#draft.mode = mode)));
  }

  /** @param {DraftLine} line */
  #addRow(line) {
    const place = text.line(this.#rows.length + 1);
    const input = (/** @type {keyof DraftLine} */ name, /** @type {string} */ label, /** @type {any} */ props) =>
      typed(name, line[name], { 'aria-label': `${label}, ${place}`, ...props });
    const inputs = {
      name: input('name', columns.item, { placeholder: columns.item }), rate: input('rate', columns.rate, NUMERIC),
      quantity: input('quantity', columns.quantity, { ...NUMERIC, placeholder: '1' }), off: input('off', columns.off, NUMERIC),
    };
    const named = suggest(inputs.name, {
      find: (start) => this.#app.catalogue.items(start),
      show: ({ name, rate }) => [h('b', name), h('span', money(rate))],
      take: ({ name, rate }) => {
        inputs.name.value = name;
        inputs.rate.value = microsText(fromNumber(rate));
        this.#changed();
        inputs.quantity.focus();
      },
    });
    const cell = (/** @type {'rate' | 'quantity' | 'off'} */ name) => h('span.cell', { data: { label: columns[name] } }, inputs[name]);
    const amount = h('span.number');
    const remove = button(text.removeLine, () => {
      row.node.remove();
      this.#rows = this.#rows.filter((one) => one !== row);
      this.#goOn();
    }, { icon: 'close', look: 'bare', isIconOnly: true });
    const row = { inputs, amount, node: h('div.line', { role: 'group', 'aria-label': place }, named, cell('rate'), cell('quantity'), cell('off'), amount, remove) };
    this.#rows.push(row);
    this.#list.append(row.node);
  }

  #changed() {
    // There is always an empty line at the end.
    if (this.#rows.length === 0 || !isBlank(lineOf(/** @type {Row} */ (this.#rows.at(-1))))) this.#addRow(emptyLine());
    this.#setProblem(null, '');
    const bill = billOf(this.#rows.map((row) => amountsOf(lineOf(row))), { isPercent: this.#draft.isPercent, value: this.#discount() ?? 0n }, decimals());
    this.#rows.forEach((row, index) => {
      const isEmpty = isBlank(lineOf(row));
      setText(row.amount, isEmpty ? '' : minorMoney(bill.lines[index]));
      row.node.classList.toggle('blank', isEmpty && index === this.#rows.length - 1);
    });
    const shown = bill.discount === 0n ? [] : [[columns.subtotal, bill.subtotal], [columns.discount, -bill.discount]];
    this.#sums.replaceChildren(...shown.flatMap(([name, minor]) => [h('dt', String(name)), h('dd', minorMoney(/** @type {bigint} */ (minor)))]));
    setText(this.#total, minorMoney(bill.total));
    const paid = this.#paid();
    const due = this.#inputs.paid.value.trim() && paid !== null ? bill.total - paid : 0n;
    setText(this.#due, due > 0n ? words.state.due(minorMoney(due)) : '');
    this.#inputs.paid.placeholder = minorMoney(bill.total);
    this.#keep();
    return bill;
  }

  /** In millionths; null if it cannot be read. */
  #discount() {
    return parseMicros(this.#inputs.discount.value.trim() || '0');
  }

  /** In minor units; null if it cannot be read. */
  #paid() {
    const micros = parseMicros(this.#inputs.paid.value.trim() || '0');
    return micros === null ? null : roundToMinor(micros, decimals());
  }

  /** @returns {Draft} */
  #read() {
    const said = Object.fromEntries([...PERSON, 'discount', 'paid'].map((name) => [name, this.#inputs[name].value]));
    return { ...this.#draft, ...said, lines: this.#rows.map(lineOf).filter((line) => !isBlank(line)) };
  }

  #clear() {
    const draft = this.#read();
    const show = (/** @type {Draft} */ next) => {
      this.#draft = next;
      this.#build();
      this.#inputs.customer_name.focus();
    };
    show(draft.base ? draftOf(draft.base) : emptyDraft(draft.sale_by));
    this.#app.toast(text.cleared, '', '', { text: text.undo, act: () => show(draft) });
  }

  /** The body of the command; null after saying what is wrong. @returns {any} */
  #body() {
    const bill = this.#changed();
    const { errors } = text;
    const { customer_name: customer, discount, paid } = this.#inputs;
    const rows = this.#rows.filter((row) => !isBlank(lineOf(row)));
    const off = this.#discount();
    const { isPercent } = this.#draft;
    const isOffGood = off !== null && (isPercent ? isPercentage(off) : roundToMinor(off, decimals()) <= bill.subtotal);
    /** @type {Array<[any, boolean, string]>} */
    const checks = [
      [customer, customer.value.trim() !== '', errors.customer],
      [this.#rows[0].inputs.name, rows.length > 0, errors.items],
      ...rows.flatMap(({ inputs }) => lineChecks(inputs)),
      [discount, isOffGood, isPercent ? errors.percent : errors.discount],
      [paid, this.#paid() !== null, errors.paid],
      [rows[0]?.inputs.rate, !bill.isTooLarge, errors.large],
    ];
    const wrong = checks.find(([, isGood]) => !isGood);
    if (wrong) {
      this.#setProblem(wrong[0], wrong[2]);
      return null;
    }
    const items = rows.map((row, index) => {
      const { price, quantity, discount: own } = amountsOf(lineOf(row));
      return { id: index + 1, name: row.inputs.name.value.trim(), price: toNumber(price), quantity: toNumber(quantity), discount: toNumber(own) };
    });
    return {
      ...Object.fromEntries(PERSON.map((name) => [name, this.#inputs[name].value.trim()])),
      items,
      subtotal: fromMinor(bill.subtotal, decimals()),
      discount_amount: isPercent ? toNumber(off ?? 0n) : fromMinor(bill.discount, decimals()),
      is_percentage_discount: isPercent,
      total: fromMinor(bill.total, decimals()),
    };
  }

  /** @param {any} input @param {string} problem */
  #setProblem(input, problem) {
    for (const node of this.node.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid');
    setText(this.#problem, problem);
    input?.setAttribute('aria-invalid', 'true');
    input?.focus();
  }

  /**
   * @param {Promise<import('./outbox.js').Outcome>} sending
   * @param {(answer: any, entry: any) => () => void} done says so, and returns where to go on from there
   */
  async #send(sending, done) {
    const { replaces } = this.#draft;
    const [id, sent, said] = [this.#id, this.#inputs, JSON.stringify(this.#read())];
    this.#isSaving = true;
    const { state, status, body, entry } = await sending.finally(() => (this.#isSaving = false));
    // Meanwhile the person may have gone on to another screen or form: then the answer is said, and touches nothing there.
    const isSame = sent === this.#inputs || (id === this.#id && this.#inputs.discount && JSON.stringify(this.#read()) === said);
    const isThere = isSame && this.node.isConnected;
    if (state === 'refused' && !isThere) {
      this.#app.toast(words.said.refused(body?.detail ?? ''), 'bad');
      return;
    }
    if (state === 'refused') {
      if (status === 412 && body?.current) await this.#resolve(body.current);
      else this.#setProblem(null, words.said.refused(body?.detail ?? ''));
      return;
    }
    const { outbox } = this.#app;
    putDraft(id, null);
    if (isSame) this.#inputs = {};
    const goOn = done(state === 'done' ? body : null, entry);
    if (isThere) goOn();
    const old = outbox.entries.find((/** @type {any} */ one) => one.place === replaces);
    if (old) await outbox.discard(old);
  }

  /** Lets the person choose between two versions. @param {SaleRecord} current */
  async #resolve(current) {
    const { base } = this.#draft;
    const [mine, theirs] = [this.#read(), draftOf(current)];
    const fields = differences(mine, theirs, base ? draftOf(base) : null);
    const asked = this.#inputs;
    const chosen = fields.length > 0 ? await askConflict(fields) : [];
    if (!chosen || asked !== this.#inputs) return;
    const kept = fields.filter((_, index) => chosen[index]).flatMap(({ copies }) => copies);
    this.#rebase(current, { ...theirs, ...Object.fromEntries(kept.map((name) => [name, /** @type {any} */ (mine)[name]])) });
  }

  /** Goes on from what is stored now. @param {SaleRecord} current @param {Draft} draft */
  #rebase(current, draft) {
    this.#app.store.learn('estimate', [current]);
    this.#draft = { ...draft, base: current, replaces: this.#draft.replaces };
    this.#build();
    this.node.querySelector('[data-action="save"]')?.focus();
  }

  /** @param {KeyboardEvent & { target: any }} event */
  #key(event) {
    if (event.key !== 'Enter' || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) this.save(event.shiftKey);
    else if (event.target.tagName !== 'INPUT') return;
    else this.#next(event.target);
    event.preventDefault();
  }

  /** @param {any} input */
  #next(input) {
    const end = /** @type {Row} */ (this.#rows.at(-1));
    const stops = [...this.node.querySelectorAll('form input:not([type="radio"]), form input:checked, .save-bar .strong')].filter((node) => node.getClientRects().length > 0);
    const isEnd = input === end.inputs.name && isBlank(lineOf(end));
    const after = isEnd ? stops.findIndex((node) => end.node.compareDocumentPosition(node) === Node.DOCUMENT_POSITION_FOLLOWING) : stops.indexOf(input) + 1;
    stops[after]?.focus();
  }
}

/** @param {any} event */
const selectAll = (event) => event.target.select();
const NUMERIC = { inputMode: 'decimal', className: 'number', onfocus: selectAll };

/** @param {string} name @param {string} value @param {any} props */
const typed = (name, value, props) => h('input', { name, value, autocomplete: 'off', ...props });

/** @param {{ inputs: any }} row @returns {DraftLine} */
const lineOf = ({ inputs: { name, rate, quantity, off } }) => ({ name: name.value, rate: rate.value, quantity: quantity.value, off: off.value });

/** @param {Row['inputs']} inputs @returns {Array<[any, boolean, string]>} */
function lineChecks({ name, rate, quantity, off }) {
  const { errors } = text;
  const discount = parseMicros(off.value.trim() || '0');
  return [
    [name, name.value.trim() !== '', errors.name],
    [rate, parseMicros(rate.value) !== null, errors.rate],
    [quantity, (parseMicros(quantity.value.trim() || '1') ?? 0n) > 0n, errors.quantity],
    [off, discount !== null && isPercentage(discount), errors.percent],
  ];
}

/** Shows a number as it was understood. @param {any} input */
function tidy(input) {
  const micros = input?.inputMode === 'decimal' ? parseMicros(input.value) : null;
  if (micros !== null) input.value = microsText(micros);
}
