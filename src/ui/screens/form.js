// New sale, new estimate, and the edit of an estimate: one form, usable by keyboard alone.

import { h, later, setText } from '../kit/dom.js';
import { currencySign, minorMoney } from '../kit/format.js';
import { suggest } from '../kit/suggest.js';
import { NUMERIC, button, choice, emptyScreen, facts, field, numeric } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { CONFLICT } from '../data/commands.js';
import {
  PERSON,
  billOfDraft,
  bodyOf,
  bodyText,
  draftOf,
  dropDraft,
  emptyDraft,
  isDiscountGood,
  putDraft,
  readDraft,
  upon,
} from '../data/draft.js';
import { leaveFor } from '../data/people.js';
import { isHidden, linkTo, localId, numberOf } from '../data/records.js';
import { Needle } from '../data/search.js';
import { local } from '../data/storage.js';
import { reasonOf } from '../net/answers.js';
import { isMissing } from '../net/api.js';
import { EditConflict } from './conflict.js';
import { LineTable, textInput } from './form_lines.js';
import { PaymentPart } from './form_payment.js';

/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/draft.js').Draft} Draft */

const KEEP_PAUSE_MS = 150;
const SUGGEST_PAUSE_MS = 120;
const text = words.form;
const columns = words.record;

export class Form {
  title = text.new;
  #app;
  /** The estimate that is edited; empty for a new one. */
  #id = '';
  #draft = emptyDraft('');
  #lines;
  #payment;
  #conflict;
  /** The inputs but those of the lines; none while there is nothing to edit. @type {Record<string, any>} */
  #inputs = {};
  #sums = h('dl.totals');
  #total = h('output.figure.small', { data: { figure: 'total' }, 'aria-label': columns.total, 'aria-live': 'off' });
  #problem = h('p.error', { role: 'alert' });
  /** Says that the draft is kept. */
  #kept = h('span.quiet', text.draft);
  #isSaving = false;
  /** What it has got of others since it was opened. @type {import('../data/commands.js').Merged | undefined} */
  #merged;
  /** The estimate that is edited is known to be seen. */
  #isConfirmed = false;
  #keep = later(KEEP_PAUSE_MS, () => this.leave());

  /** @param {any} app */
  constructor(app) {
    this.#app = app;
    this.#lines = new LineTable({
      find: (typed) => app.catalogue.items(typed),
      onChange: () => this.#changed(),
      onRemove: () => this.#goOn(),
    });
    this.#payment = new PaymentPart(
      () => app.store.settings,
      () => this.#changed(),
    );
    this.#conflict = new EditConflict({
      typed: () => this.#typed(),
      shown: () => this.#inputs,
      take: (current, draft) => this.#rebase(current, draft),
    });
    this.node = h('div.pane.form-pane', { data: { screen: 'form' } });
    addEventListener('pagehide', () => this.leave());
  }

  /** @param {string[]} parts id of the estimate, for an edit */
  show([id = '']) {
    if (id !== this.#id) this.leave();
    this.#id = id;
    this.#inputs = {};
    this.#app.catalogue.read();
    // With what this device has not sent yet: an edit goes on from the edit before it.
    const base = this.#app.store.find('estimate', id);
    const kept = readDraft(id);
    // A draft that is kept shows what is stored, which may not be seen any more.
    if (id && !base && !(kept && this.#isAway)) this.#read(id);
    else this.#show(base, kept);
  }

  /** @param {any} base the estimate that is edited @param {Draft | null} kept */
  #show(base, kept) {
    const id = this.#id;
    const { person } = this.#app.store.me;
    this.#isConfirmed = id === '' || base !== undefined;
    this.#merged = undefined;
    const isKept = kept && !isMaskedSince(kept, base);
    this.#draft = isKept ? ofPerson(withTexts(kept), person) : firstDraft(base, person);
    this.title = id ? text.edit(numberOf('estimate', this.#draft.base ?? base)) : text.new;
    this.#build();
    this.#inputs.customer_name.focus();
  }

  get #isAway() {
    return ['reconnecting', 'offline'].includes(this.#app.store.connection);
  }

  /** Asks the server for an estimate that this page does not know. @param {string} id */
  async #read(id) {
    this.node.replaceChildren(emptyScreen(words.loading));
    const problem = await this.#app.sync.read('estimate', id).then(
      () => null,
      (/** @type {unknown} */ error) => error,
    );
    const isWanted = this.#id === id && !this.#isBuilt;
    if (!isWanted) return;
    const { store } = this.#app;
    const kept = readDraft(id);
    if (isMissing(problem) || store.isHidden(id)) this.#close();
    else if (!problem || kept) this.#show(store.find('estimate', id), kept);
    else this.#sayFailed();
  }

  #sayFailed() {
    const again = button(words.again, () => this.show([this.#id]));
    this.node.replaceChildren(emptyScreen(words.failed, again));
  }

  /** The estimate is not there to be edited any more. */
  #close() {
    this.#inputs = {};
    dropDraft(this.#id, this.#app.store.me.person);
    this.#conflict.hide();
    this.node.replaceChildren(emptyScreen(words.gone('estimate')));
  }

  /** What a draft was shown of while nobody could be asked is asked for as soon as somebody can. */
  async #confirm() {
    const id = this.#id;
    this.#isConfirmed = true;
    try {
      const stored = await this.#app.sync.read('estimate', id);
      if (id === this.#id && this.#isBuilt && isMaskedSince(this.#draft, stored)) this.show([id]);
    } catch (error) {
      if (id !== this.#id || !this.#isBuilt) return;
      if (isMissing(error)) this.#close();
      else this.#isConfirmed = false;
    }
  }

  get #isBuilt() {
    return this.#inputs.discount !== undefined;
  }

  /** After a choice or a line less, with the first line. */
  #goOn() {
    this.#changed();
    this.#lines.first.focus();
  }

  /** Keeps what is typed. */
  leave() {
    if (!this.#isBuilt) return;
    const draft = this.#typed();
    const isNothing = draft.lines.length === 0 && draft.customer_name + draft.customer_phone === '';
    this.#kept.hidden = isNothing || isUntouched(draft);
    putDraft(this.#id, this.#kept.hidden ? null : draft, this.#app.store.me.person);
  }

  /** Another form has taken its place: what is typed there is not to be overwritten. */
  end() {
    this.#inputs = {};
  }

  /** Whether it shows nothing of what is stored. */
  get isOwnWork() {
    return this.#id === '';
  }

  /** While it is edited, the estimate may be changed elsewhere. */
  render() {
    const { store } = this.#app;
    if (this.#isBuilt && store.isHidden(this.#id)) return this.#close();
    if (this.#isBuilt && !this.#isConfirmed && store.connection === 'live') this.#confirm();
    if (this.#isBuilt) this.#payment.render();
    const current = store.known('estimate').get(this.#id);
    this.#conflict.render(this.#draft.base, current);
  }

  /** @param {boolean} asEstimate */
  async save(asEstimate) {
    if (this.#isSaving) return;
    const body = this.#body(asEstimate);
    if (!body) return;
    if (this.#draft.base) await this.#saveEdit(this.#draft.base, body);
    else await this.#saveNew(asEstimate, body);
  }

  /** @param {SaleRecord} base @param {any} body */
  async #saveEdit(base, body) {
    const { actions, outbox, store, toast } = this.#app;
    const id = this.#id;
    const rev = outbox.isBusy(id) ? undefined : base.rev;
    const merged = this.#merged;
    await this.#send(actions.edit(base, bodyText(body), { rev, merged }), (answer) => {
      if (answer?.data) store.learn('estimate', [answer.data]);
      // Of what was merged it is said from whom that is.
      if (!answer) toast(words.said.queued);
      else if (!merged) toast(words.said.edited(numberOf('estimate', base)));
      return () => {
        location.hash = linkTo('estimate', id);
      };
    });
  }

  /** @param {boolean} asEstimate @param {any} body */
  async #saveNew(asEstimate, body) {
    const kind = asEstimate ? 'estimate' : 'order';
    const said = bodyText({ ...body, ...(asEstimate ? {} : this.#payment.body(body.total)) });
    const { change } = this.#payment.settle(this.#changed().total);
    local.write('sale_by', body.sale_by);
    await this.#send(this.#app.actions.create(kind, body, said, this.#draft.made_at), (answer, entry) => {
      this.#saySaved(kind, answer, entry);
      return () => {
        this.#payment.lastChange = asEstimate || change === 0n ? '' : minorMoney(change);
        this.show([]);
      };
    });
  }

  /**
   * @param {'estimate' | 'order'} kind
   * @param {any} answer null if it is not sent yet
   * @param {import('../data/commands.js').Entry} entry
   */
  #saySaved(kind, answer, entry) {
    const id = answer?.order_id ?? answer?.estimate_id ?? localId(entry.key);
    const number = answer?.sale_number ?? answer?.estimate_number;
    const link = linkTo(kind, id);
    const print = () => {
      location.hash = `${link}/print/now`;
    };
    const said = answer ? words.said.saved(kind, number) : words.said.queued;
    this.#app.toast(said, '', link, { text: columns.print, act: print });
  }

  #build() {
    this.#lines.show(this.#draft.lines);
    this.node.replaceChildren(this.#head(), this.#form());
    this.#changed();
    this.#conflict.hide();
    this.render();
  }

  #head() {
    const clear = button(text.clear, () => this.#clear(), { look: 'bare', name: 'clear' });
    return h('header.pane-head', h('h1', this.title), this.#kept, clear);
  }

  #form() {
    const listeners = {
      oninput: () => this.#onInput(),
      onkeydown: (/** @type {any} */ event) => this.#key(event),
      onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
    };
    return h(
      'form.form',
      { noValidate: true, ...listeners },
      this.#conflict.node,
      this.#who(),
      h('section.card', { 'aria-label': text.items }, this.#lines.node),
      h('div.columns', this.#paymentCard(), this.#sumCard()),
      h('footer.save-bar', this.#payment.change, this.#total, this.#problem, h('div.actions', ...this.#buttons())),
    );
  }

  /** An input for a text of the draft. @param {string} name */
  #input(name, props = {}) {
    this.#inputs[name] = textInput(name, /** @type {any} */ (this.#draft)[name], props);
    return this.#inputs[name];
  }

  #who() {
    return h(
      'section.card.two.who',
      field(text.customer, this.#customer()),
      this.#contact(text.phone, 'customer_phone', { inputMode: 'tel' }),
      field(text.by, this.#seller()),
      this.#contact(text.address, 'customer_address'),
    );
  }

  /** Not shown where it is hidden for this role. @param {string} label @param {string} name @param {any} [props] */
  #contact(label, name, props) {
    const node = field(label, this.#input(name, props));
    node.hidden = this.#draft.base !== undefined && isHidden(this.#draft.base, name);
    return node;
  }

  #customer() {
    return suggest(this.#input('customer_name', { required: true, 'aria-label': text.customer }), {
      pause: SUGGEST_PAUSE_MS,
      find: (start) => this.#app.catalogue.customers(start),
      show: ({ name, phone }) => [h('b', name), h('span', phone)],
      take: ({ name, phone, address }) => {
        this.#inputs.customer_name.value = name;
        this.#inputs.customer_phone.value = phone;
        this.#inputs.customer_address.value = address;
        this.#goOn();
      },
    });
  }

  #seller() {
    const input = this.#input('sale_by', { 'aria-label': text.by });
    const find = (/** @type {string} */ start) => {
      const needle = new Needle(start);
      const names = this.#app.store.settings.staff_names;
      return names.filter((/** @type {string} */ name) => needle.finds(name) && name !== start);
    };
    const take = (/** @type {string} */ name) => {
      input.value = name;
    };
    return suggest(input, { find, show: (name) => [name], take });
  }

  #paymentCard() {
    return this.#payment.card(this.#input('paid', NUMERIC), this.#draft.mode, this.#id === '');
  }

  #sumCard() {
    const choose = (/** @type {string} */ unit) => {
      this.#draft.isPercent = unit === 'percent';
      this.#changed();
    };
    const units = [
      ['percent', '%'],
      ['money', currencySign()],
    ];
    const unit = choice(text.discount, 'unit', units, this.#draft.isPercent ? 'percent' : 'money', choose);
    const discount = numeric(this.#input('discount', { ...NUMERIC, 'aria-label': text.discount }));
    return h('section.card.sum', h('div.discount', unit, discount), this.#sums);
  }

  #buttons() {
    if (this.#id) {
      const leave = h('a.button', { href: linkTo('estimate', this.#id), onclick: () => this.#drop() }, words.cancel);
      return [leave, button(text.save, () => this.save(true), { look: 'strong', name: 'save' })];
    }
    return [
      this.#saveButton('estimate', text.saveEstimate, true, { name: 'save-estimate' }),
      this.#saveButton('sell', text.completeSale, false, { look: 'strong', name: 'complete-sale' }),
    ];
  }

  /**
   * @param {string} right
   * @param {string} label
   * @param {boolean} asEstimate
   * @param {import('../kit/widgets.js').ButtonOptions} options
   */
  #saveButton(right, label, asEstimate, options) {
    const needsNod = leaveFor(this.#app.store.me, right) === 'nod';
    return button(label, () => this.save(asEstimate), { ...options, needsNod });
  }

  /** What was changed is not wanted. */
  #drop() {
    putDraft(this.#id, null);
    this.#inputs = {};
  }

  /** The next sale begins, or goes on. */
  #onInput() {
    this.#payment.lastChange = '';
    this.#changed();
  }

  /** Shows what comes of what is typed. */
  #changed() {
    this.#lines.grow();
    this.#setProblem(null, '');
    const bill = this.#bill();
    this.#lines.showAmounts(bill.lines);
    this.#drawSums(bill);
    setText(this.#total, minorMoney(bill.total));
    this.#payment.say(bill.total);
    this.#keep();
    return bill;
  }

  /** @param {import('../data/amounts.js').Bill} bill */
  #drawSums({ discount, subtotal }) {
    /** @type {Array<[string, string]>} */
    const pairs = [
      [columns.subtotal, minorMoney(subtotal)],
      [columns.discount, minorMoney(-discount)],
    ];
    this.#sums.replaceChildren(...facts(discount === 0n ? [] : pairs));
  }

  #bill() {
    return billOfDraft(this.#typed(), this.#lines.all);
  }

  /** What is typed. @returns {Draft} */
  #typed() {
    const said = Object.fromEntries([...PERSON, 'discount', 'paid'].map((name) => [name, this.#inputs[name].value]));
    return { ...this.#draft, ...said, mode: this.#payment.mode, lines: this.#lines.filled };
  }

  #clear() {
    const draft = this.#typed();
    const show = (/** @type {Draft} */ next) => {
      this.#draft = next;
      this.#build();
      this.#inputs.customer_name.focus();
    };
    show(draft.base ? draftOf(draft.base) : { ...emptyDraft(draft.sale_by), proposed_by: draft.proposed_by });
    this.#app.toast(text.cleared, '', '', { text: text.undo, act: () => show(draft) });
  }

  /**
   * The body of the command; null after saying what is wrong.
   * @param {boolean} asEstimate of which nothing is paid
   * @returns {any}
   */
  #body(asEstimate) {
    const bill = this.#changed();
    const draft = this.#typed();
    const wrong = this.#checks(bill, draft, asEstimate).find(([, isGood]) => !isGood);
    if (wrong) {
      this.#setProblem(wrong[0], wrong[2]);
      return null;
    }
    return bodyOf(draft, bill);
  }

  /**
   * What must be good before it is sent, in the order of the form.
   * @param {import('../data/amounts.js').Bill} bill
   * @param {Draft} draft
   * @param {boolean} asEstimate
   * @returns {import('./form_lines.js').Check[]}
   */
  #checks(bill, draft, asEstimate) {
    const { errors } = text;
    const { customer_name: customer, discount, paid } = this.#inputs;
    const { handed } = this.#payment;
    const isSettled = asEstimate || this.#payment.settle(bill.total).excess === 0n;
    return [
      [customer, customer.value.trim() !== '', errors.customer],
      [this.#lines.first, draft.lines.length > 0, errors.items],
      ...this.#lines.checks,
      [discount, isDiscountGood(draft, bill), draft.isPercent ? errors.percent : errors.discount],
      [this.#lines.firstRate, bill.total >= 0n, errors.negative],
      [paid, handed !== null && handed >= 0n, errors.paid],
      [paid, isSettled, words.pay.excess(minorMoney(bill.total))],
      [this.#lines.firstRate, !bill.isTooLarge, errors.large],
    ];
  }

  /** @param {any} input @param {string} problem */
  #setProblem(input, problem) {
    for (const node of this.node.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid');
    setText(this.#problem, problem);
    input?.setAttribute('aria-invalid', 'true');
    input?.focus();
  }

  /**
   * @param {Promise<import('../data/commands.js').Outcome>} sending
   * @param {(answer: any, entry: any) => () => void} done says so, and returns where to go on from there
   */
  async #send(sending, done) {
    const { replaces } = this.#draft;
    const [id, sent, said] = [this.#id, this.#inputs, JSON.stringify(this.#typed())];
    const outcome = await this.#whileReadOnly(sending);
    // Meanwhile the person may have gone on to another screen or form: then the answer is said, and touches nothing
    // there.
    const isSayingTheSame = () => id === this.#id && this.#isBuilt && JSON.stringify(this.#typed()) === said;
    const isSame = sent === this.#inputs || isSayingTheSame();
    const isThere = isSame && this.node.isConnected;
    if (outcome.state === 'refused') {
      await this.#refused(outcome, isThere);
      return;
    }
    putDraft(id, null);
    if (isSame) this.#inputs = {};
    const goOn = done(outcome.state === 'done' ? outcome.body : null, outcome.entry);
    if (isThere) goOn();
    await this.#discardReplaced(replaces);
  }

  /**
   * What is typed while it is on its way would be lost: it is sent as it was.
   * @param {Promise<import('../data/commands.js').Outcome>} sending
   */
  async #whileReadOnly(sending) {
    const inputs = [...this.node.querySelectorAll('input:not([type="radio"])')].filter((input) => !input.readOnly);
    const setReadOnly = (/** @type {boolean} */ isReadOnly) => {
      this.#isSaving = isReadOnly;
      for (const input of inputs) input.readOnly = isReadOnly;
    };
    setReadOnly(true);
    return sending.finally(() => setReadOnly(false));
  }

  /**
   * @param {import('../data/commands.js').Outcome} outcome
   * @param {boolean} isThere the person is still in front of what was sent
   */
  async #refused({ status, body }, isThere) {
    const said = words.said.refused(reasonOf(status, body));
    if (!isThere) this.#app.toast(said, 'bad');
    else if (status === CONFLICT && body?.current) await this.#settle(body.current);
    else this.#setProblem(null, said);
  }

  /** Saves it merged with what was changed elsewhere meanwhile. @param {SaleRecord} current */
  async #settle(current) {
    const { base } = this.#draft;
    const [before, since] = [this.#merged, base?.rev ?? 0];
    const taken = await this.#conflict.settle(base, current);
    if (!taken) return;
    this.#merged = { taken: [...new Set([...(before?.taken ?? []), ...taken])], since: before?.since ?? since };
    await this.save(true);
  }

  /** @param {number} [place] of the refused command that this one replaces */
  async #discardReplaced(place) {
    const { outbox } = this.#app;
    const old = outbox.entries.find((/** @type {any} */ one) => one.place === place);
    if (old) await outbox.discard(old);
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

  /** Goes to the next field; from the empty line at the end to what is behind the lines. @param {any} input */
  #next(input) {
    const fields = 'form input:not([type="radio"]), form input:checked, .save-bar .strong';
    const stops = [...this.node.querySelectorAll(fields)].filter((node) => node.getClientRects().length > 0);
    const behind = () => stops.findIndex((node) => this.#lines.isBefore(node));
    const after = this.#lines.isAtEnd(input) ? behind() : stops.indexOf(input) + 1;
    stops[after]?.focus();
  }
}

/**
 * Whether a draft shows what is left out for this role by now.
 * @param {Draft} draft
 * @param {SaleRecord | undefined} stored
 */
const isMaskedSince = ({ base }, stored) =>
  base !== undefined && (stored?.redacted ?? []).some((name) => !isHidden(base, name));

/** A draft that an older page kept has no texts of lines. @param {Draft} kept */
function withTexts(kept) {
  if (!kept.base || kept.lines.some((line) => line.item !== undefined)) return kept;
  return { ...kept, lines: upon(kept.lines, draftOf(kept.base).lines) };
}

/**
 * @param {SaleRecord | undefined} base the estimate that is edited
 * @param {import('../data/people.js').Named | null} person who is at the till
 */
const firstDraft = (base, person) => (base ? draftOf(base) : newDraft(person?.name ?? local.read('sale_by') ?? ''));

/** @param {string} by @returns {Draft} */
const newDraft = (by) => ({ ...emptyDraft(by), proposed_by: by });

/**
 * Where nobody has typed who makes it, it is whoever is at the till by now.
 * @param {Draft} kept
 * @param {import('../data/people.js').Named | null} person
 * @returns {Draft}
 */
function ofPerson(kept, person) {
  if (!person || kept.base || kept.proposed_by !== kept.sale_by) return kept;
  return { ...kept, sale_by: person.name, proposed_by: person.name };
}

/** Whether an edit says what is stored. @param {Draft} draft */
function isUntouched(draft) {
  if (!draft.base) return false;
  return JSON.stringify(draft) === JSON.stringify({ ...draftOf(draft.base), mode: draft.mode });
}
