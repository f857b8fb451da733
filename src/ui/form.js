// New sale, new estimate, and the edit of an estimate: one form, usable by keyboard alone.

import {
  billOf,
  fromMinor,
  fromNumber,
  isPercentage,
  parseMicros,
  roundToMinor,
  toMinor,
  toNumber,
  typedText,
} from './amounts.js';
import { askConflict } from './dialog.js';
import { h, later, part, setText } from './dom.js';
import {
  PERSON,
  amountsOf,
  bodyText,
  differences,
  draftOf,
  emptyDraft,
  emptyLine,
  hasStoredAmounts,
  isBlank,
  itemTexts,
  personOf,
  putDraft,
  readDraft,
  upon,
} from './draft.js';
import { Needle } from './fold.js';
import { currencySign, decimals, minorMoney, rateMoney } from './format.js';
import { isCash, modesOf, settle, spelledMode } from './payment.js';
import { local } from './storage.js';
import { linkTo, numberOf } from './wire.js';
import { button, choice, empty, field, numeric, suggest } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./wire.js').SaleRecord} SaleRecord */
/** @typedef {import('./draft.js').Draft} Draft */
/** @typedef {import('./draft.js').DraftLine} DraftLine */
/**
 * @typedef {{ node: any, inputs: Record<'name' | 'rate' | 'quantity' | 'off', any>, amount: any, item?: string }} Row
 */

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
  #change = h('p.change', { role: 'status', hidden: true, data: { figure: 'change' } });
  /** What the last sale gave back, until the next one begins. */
  #lastChange = '';
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
    // With what this device has not sent yet: an edit goes on from the edit before it.
    const base = store.find('estimate', id);
    const kept = readDraft(id);
    if (id && !kept && !base) {
      this.node.replaceChildren(empty(words.loading, ''));
      const isWanted = () => this.#id === id && !this.#inputs.discount;
      sync.read('estimate', id).then(
        () => isWanted() && this.show([id]),
        () => isWanted() && this.node.replaceChildren(empty(words.gone('estimate'), '')),
      );
      return;
    }
    // A draft that an older page kept has no texts of lines.
    if (kept?.base && kept.lines.every((line) => line.item === undefined))
      kept.lines = upon(kept.lines, draftOf(kept.base).lines);
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
    const isSame =
      draft.base && JSON.stringify(draft) === JSON.stringify({ ...draftOf(draft.base), mode: draft.mode });
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
    this.#bar.replaceChildren(
      h('p', words.conflict.bar(who)),
      button(words.conflict.show, () => this.#resolve(current), { name: 'show-both' }),
      button(words.conflict.mine, () => this.#keepMine(current), { name: 'keep-mine' }),
      button(words.conflict.theirs, () => this.#rebase(current, draftOf(current)), { name: 'take-theirs' }),
    );
  }

  /** @param {boolean} asEstimate */
  async save(asEstimate) {
    const body = this.#isSaving ? null : this.#body(asEstimate);
    if (!body) return;
    const { actions, outbox, toast } = this.#app;
    const { base, mode } = this.#draft;
    const id = this.#id;
    if (base) {
      await this.#send(
        actions.edit(base, bodyText(body), outbox.isBusy(this.#id) ? undefined : base.rev),
        (answer) => {
          if (answer?.data) this.#app.store.learn('estimate', [answer.data]);
          toast(answer ? words.said.edited(numberOf('estimate', base)) : words.said.queued);
          return () => (location.hash = linkTo('estimate', id));
        },
      );
      return;
    }
    const kind = asEstimate ? 'estimate' : 'order';
    const payment = asEstimate
      ? {}
      : {
          payment_mode: mode,
          amount_paid: this.#inputs.paid.value.trim() ? fromMinor(this.#paid() ?? 0n, decimals()) : body.total,
        };
    const { change } = this.#settle(this.#changed().total);
    local.write('sale_by', body.sale_by);
    await this.#send(
      actions.create(kind, body, bodyText({ ...body, ...payment }), this.#draft.made_at),
      (answer, entry) => {
        const link = linkTo(kind, answer?.order_id ?? answer?.estimate_id ?? `local:${entry.key}`);
        const said = answer
          ? words.said.saved(kind, answer.sale_number ?? answer.estimate_number)
          : words.said.queued;
        toast(said, '', link, { text: columns.print, act: () => (location.hash = `${link}/print/now`) });
        return () => {
          this.#lastChange = asEstimate || change === 0n ? '' : minorMoney(change);
          this.show([]);
        };
      },
    );
  }

  #build() {
    const isNew = !this.#id;
    const { catalogue, store } = this.#app;
    const input = (/** @type {string} */ name, props = {}) =>
      (this.#inputs[name] = typed(name, /** @type {any} */ (this.#draft)[name], props));
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
      find: (start) =>
        store.settings.staff_names.filter(
          (/** @type {string} */ name) => new Needle(start).finds(name) && name !== start,
        ),
      show: (name) => [name],
      take: (name) => (this.#inputs.sale_by.value = name),
    });
    const names = [columns.item, columns.rate, columns.quantity, columns.off, columns.amount].map((name) =>
      h('span', name),
    );
    this.#list.replaceChildren(h('div.line.line-head', { 'aria-hidden': 'true' }, ...names));
    this.#rows = [];
    for (const line of this.#draft.lines) this.#addRow(line);
    const unit = choice(
      text.discount,
      'unit',
      [
        ['percent', '%'],
        ['money', currencySign()],
      ],
      this.#draft.isPercent ? 'percent' : 'money',
      (chosen) => {
        this.#draft.isPercent = chosen === 'percent';
        this.#changed();
      },
    );
    const leave = isNew
      ? button(text.saveEstimate, () => this.save(true), { name: 'save-estimate' })
      : h(
          'a.button',
          { href: linkTo('estimate', this.#id), onclick: () => (putDraft(this.#id, null), (this.#inputs = {})) },
          words.cancel,
        );
    const save = isNew
      ? button(text.completeSale, () => this.save(false), { look: 'strong', name: 'complete-sale' })
      : button(text.save, () => this.save(true), { look: 'strong', name: 'save' });
    this.node.replaceChildren(
      h(
        'header.pane-head',
        h('h1', this.title),
        this.#kept,
        button(text.clear, () => this.#clear(), { look: 'bare', name: 'clear' }),
      ),
      h(
        'form.form',
        {
          noValidate: true,
          oninput: () => this.#typed(),
          onkeydown: (/** @type {any} */ event) => this.#key(event),
          onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
        },
        this.#bar,
        h(
          'section.card.two.who',
          field(text.customer, who),
          field(text.phone, input('customer_phone', { inputMode: 'tel' })),
          field(text.by, by),
          field(text.address, input('customer_address')),
        ),
        h('section.card', { 'aria-label': text.items }, this.#list),
        h(
          'div.columns',
          h(
            'section.card.payment',
            { hidden: !isNew },
            this.#modes,
            field(text.paid, numeric(input('paid', NUMERIC))),
            this.#due,
          ),
          h(
            'section.card.sum',
            h('div.discount', unit, numeric(input('discount', { ...NUMERIC, 'aria-label': text.discount }))),
            this.#sums,
          ),
        ),
        h('footer.save-bar', this.#change, this.#total, this.#problem, h('div.actions', leave, save)),
      ),
    );
    this.#drawModes();
    this.#changed();
    this.#bar.hidden = true;
    this.render();
  }

  #drawModes() {
    const { settings } = this.#app.store;
    this.#modes.dataset.modes = settings.payment_modes.join();
    const modes = modesOf(settings);
    const mode = spelledMode(this.#draft.mode, settings);
    this.#draft.mode = modes.includes(mode) ? mode : (modes[0] ?? '');
    this.#modes.replaceChildren(
      choice(
        text.mode,
        'mode',
        modes.map((one) => [one, one]),
        this.#draft.mode,
        (chosen) => {
          this.#draft.mode = chosen;
          this.#changed();
        },
      ),
    );
  }

  /** The next sale begins, or goes on. */
  #typed() {
    this.#lastChange = '';
    this.#changed();
  }

  /** @param {DraftLine} line */
  #addRow(line) {
    const place = text.line(this.#rows.length + 1);
    const input = (/** @type {keyof Row['inputs']} */ name, /** @type {string} */ label, /** @type {any} */ props) =>
      typed(name, line[name], { 'aria-label': `${label}, ${place}`, ...props });
    const inputs = {
      name: input('name', columns.item, { placeholder: columns.item }),
      rate: input('rate', columns.rate, NUMERIC),
      quantity: input('quantity', columns.quantity, { ...NUMERIC, placeholder: '1' }),
      off: input('off', columns.off, NUMERIC),
    };
    const named = suggest(inputs.name, {
      find: (start) => this.#app.catalogue.items(start),
      show: ({ name, rate }) => [h('b', name), h('span', rateMoney(rate))],
      take: ({ name, rate }) => {
        inputs.name.value = name;
        inputs.rate.value = typedText(fromNumber(rate));
        this.#changed();
        inputs.quantity.focus();
      },
    });
    const cell = (/** @type {'rate' | 'quantity' | 'off'} */ name) =>
      h('span.cell', { data: { label: columns[name] } }, numeric(inputs[name]));
    const amount = h('span.number');
    const remove = button(
      text.removeLine,
      () => {
        row.node.remove();
        this.#rows = this.#rows.filter((one) => one !== row);
        this.#goOn();
      },
      { icon: 'close', look: 'bare', isIconOnly: true },
    );
    const row = {
      inputs,
      amount,
      item: line.item,
      node: h(
        'div.line',
        { role: 'group', 'aria-label': place },
        named,
        cell('rate'),
        cell('quantity'),
        cell('off'),
        amount,
        remove,
      ),
    };
    this.#rows.push(row);
    this.#list.append(row.node);
  }

  #changed() {
    // There is always an empty line at the end.
    if (this.#rows.length === 0 || !isBlank(lineOf(/** @type {Row} */ (this.#rows.at(-1)))))
      this.#addRow(emptyLine());
    this.#setProblem(null, '');
    const bill = this.#bill();
    this.#rows.forEach((row, index) => {
      const isEmpty = isBlank(lineOf(row));
      setText(row.amount, isEmpty ? '' : minorMoney(bill.lines[index]));
      row.node.classList.toggle('blank', isEmpty && index === this.#rows.length - 1);
    });
    const shown =
      bill.discount === 0n
        ? []
        : [
            [columns.subtotal, bill.subtotal],
            [columns.discount, -bill.discount],
          ];
    this.#sums.replaceChildren(
      ...shown.flatMap(([name, minor]) => [
        h('dt', String(name)),
        h('dd', minorMoney(/** @type {bigint} */ (minor))),
      ]),
    );
    setText(this.#total, minorMoney(bill.total));
    const { due, change, excess } = this.#settle(bill.total);
    this.#due.classList.toggle('error', excess > 0n);
    setText(
      this.#due,
      due > 0n ? words.state.due(minorMoney(due)) : excess > 0n ? words.pay.excess(minorMoney(bill.total)) : '',
    );
    this.#sayChange(change > 0n ? minorMoney(change) : this.#lastChange);
    this.#inputs.paid.placeholder = minorMoney(bill.total);
    this.#keep();
    return bill;
  }

  /** @param {string} amount empty for none */
  #sayChange(amount) {
    this.#change.hidden = amount === '';
    // Messages leave it in sight.
    part('toasts').classList.toggle('high', amount !== '');
    if (this.#change.dataset.amount === amount) return;
    this.#change.dataset.amount = amount;
    this.#change.replaceChildren(...(amount ? [h('span', words.pay.change), ' ', h('b', amount)] : []));
  }

  /** What the lines and the discount come to; of an estimate of which no amount was touched, what is stored. */
  #bill() {
    const bill = billOf(
      this.#rows.map((row) => amountsOf(lineOf(row))),
      { isPercent: this.#draft.isPercent, value: this.#discount() ?? 0n },
      decimals(),
    );
    const { base } = this.#draft;
    if (!base || !hasStoredAmounts(this.#read())) return bill;
    const [subtotal, total] = [base.subtotal, base.total].map((amount) => toMinor(amount, decimals()));
    return { ...bill, subtotal, total, discount: subtotal - total, isTooLarge: false };
  }

  /** What is due, what is given back, or what is too much. @param {bigint} total */
  #settle(total) {
    const paid = this.#inputs.paid.value.trim() ? this.#paid() : null;
    return settle(
      total,
      this.#id || paid === null ? total : paid,
      isCash(this.#draft.mode, this.#app.store.settings),
    );
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

  /**
   * The body of the command; null after saying what is wrong.
   * @param {boolean} asEstimate of which nothing is paid
   * @returns {any}
   */
  #body(asEstimate) {
    const bill = this.#changed();
    const { errors } = text;
    const { customer_name: customer, discount, paid } = this.#inputs;
    const rows = this.#rows.filter((row) => !isBlank(lineOf(row)));
    const off = this.#discount();
    const { isPercent } = this.#draft;
    const draft = this.#read();
    const isStored = hasStoredAmounts(draft);
    const isOffGood =
      isStored ||
      (off !== null &&
        off >= 0n &&
        (isPercent ? isPercentage(off) : off === 0n || roundToMinor(off, decimals()) <= bill.subtotal));
    const given = this.#paid();
    /** @type {Array<[any, boolean, string]>} */
    const checks = [
      [customer, customer.value.trim() !== '', errors.customer],
      [this.#rows[0].inputs.name, rows.length > 0, errors.items],
      ...rows.flatMap(({ inputs }) => lineChecks(inputs)),
      [discount, isOffGood, isPercent ? errors.percent : errors.discount],
      [rows[0]?.inputs.rate, bill.total >= 0n, errors.negative],
      [paid, given !== null && given >= 0n, errors.paid],
      [paid, asEstimate || this.#settle(bill.total).excess === 0n, words.pay.excess(minorMoney(bill.total))],
      [rows[0]?.inputs.rate, !bill.isTooLarge, errors.large],
    ];
    const wrong = checks.find(([, isGood]) => !isGood);
    if (wrong) {
      this.#setProblem(wrong[0], wrong[2]);
      return null;
    }
    const person = { ...personOf(draft), items: itemTexts(draft.lines) };
    if (isStored && draft.base) {
      const { subtotal, discount_amount, is_percentage_discount, discount_percentage, total } = draft.base;
      return { ...person, subtotal, discount_amount, is_percentage_discount, discount_percentage, total };
    }
    return {
      ...person,
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
    // What is typed now would be lost: it is on its way as it was.
    const open = [...this.node.querySelectorAll('input:not([type="radio"])')].filter((input) => !input.readOnly);
    for (const input of open) input.readOnly = true;
    const { state, status, body, entry } = await sending.finally(() => {
      this.#isSaving = false;
      for (const input of open) input.readOnly = false;
    });
    // Meanwhile the person may have gone on to another screen or form: then the answer is said, and touches nothing
    // there.
    const isSame =
      sent === this.#inputs || (id === this.#id && this.#inputs.discount && JSON.stringify(this.#read()) === said);
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
    const ours = { ...mine, lines: upon(mine.lines, theirs.lines) };
    this.#rebase(current, {
      ...theirs,
      ...Object.fromEntries(kept.map((name) => [name, /** @type {any} */ (ours)[name]])),
    });
  }

  /** @param {SaleRecord} current */
  #keepMine(current) {
    const mine = this.#read();
    this.#rebase(current, { ...mine, lines: upon(mine.lines, draftOf(current).lines) });
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
    const stops = [
      ...this.node.querySelectorAll('form input:not([type="radio"]), form input:checked, .save-bar .strong'),
    ].filter((node) => node.getClientRects().length > 0);
    const isEnd = input === end.inputs.name && isBlank(lineOf(end));
    const after = isEnd
      ? stops.findIndex((node) => end.node.compareDocumentPosition(node) === Node.DOCUMENT_POSITION_FOLLOWING)
      : stops.indexOf(input) + 1;
    stops[after]?.focus();
  }
}

/** @param {any} event */
const selectAll = (event) => event.target.select();
const NUMERIC = { inputMode: 'decimal', className: 'number', onfocus: selectAll };

/**
 * @param {string} name
 * @param {string} value
 * @param {any} props
 */
const typed = (name, value, props) => h('input', { name, value, autocomplete: 'off', ...props });

/** @param {{ inputs: any, item?: string }} row @returns {DraftLine} */
const lineOf = ({ inputs: { name, rate, quantity, off }, item }) => ({
  name: name.value,
  rate: rate.value,
  quantity: quantity.value,
  off: off.value,
  ...(item ? { item } : {}),
});

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
