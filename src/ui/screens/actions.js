// What a person does to a record, from the question over the command to the message. Screens call these.

import { accept, cancel, confirm, openDialog } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { money } from '../kit/format.js';
import { field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { CONFLICT } from '../data/commands.js';
import { PLURAL, idOf, linkTo, numberOf } from '../data/records.js';
import { nodOf, reasonOf } from '../net/answers.js';
import { askConversion } from './conversion.js';
import { askNod } from './nod.js';
import { chosenId, selectOf } from './secrets.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/commands.js').Command} Command */
/** @typedef {import('../data/commands.js').Outcome} Outcome */

const FORBIDDEN = 403;

export class Actions {
  #store;
  #outbox;
  #session;
  #toast;

  /**
   * @param {import('../data/store.js').Store} store
   * @param {import('../net/outbox.js').Outbox} outbox
   * @param {import('../net/session.js').Session} session
   * @param {(text: string, look?: '' | 'bad', link?: string) => void} toast
   */
  constructor(store, outbox, session, toast) {
    this.#store = store;
    this.#outbox = outbox;
    this.#session = session;
    this.#toast = toast;
  }

  /**
   * Carries a command out and says what became of it.
   * @param {Command} command
   * @param {(body: any) => string} said
   * @param {(body: any) => string} [link]
   */
  async run(command, said, link = () => '') {
    const outcome = await this.#give(command);
    if (outcome.state === 'done') this.#toast(said(outcome.body), '', link(outcome.body));
    else if (outcome.state === 'queued') this.#toast(words.said.queued);
    else if (outcome.status === CONFLICT) this.#toast(words.said.changed, 'bad');
    else this.#toast(words.said.refused(reasonOf(outcome.status, outcome.body)), 'bad');
    const current = outcome.status === CONFLICT ? outcome.body?.current : undefined;
    if (command.kind && current) this.#store.learn(command.kind, [current]);
    return outcome;
  }

  /** @param {Command} command */
  async #give(command) {
    return this.#insist(await this.#outbox.submit(command));
  }

  /**
   * A refused command of which nobody waits for the answer any more, once again.
   * @param {import('../data/commands.js').Entry} entry
   */
  async retry(entry) {
    if (!entry.may?.length) return this.#outbox.retry(entry);
    const outcome = await this.#insist(await this.#outbox.again(entry));
    if (outcome.state === 'refused') await this.#outbox.putBack(outcome);
  }

  /** What somebody else may do is done with that person's nod. @param {Outcome} outcome @returns {Promise<Outcome>} */
  async #insist(outcome) {
    const { state, status, body, entry } = outcome;
    const may = state === 'refused' ? nodOf(status, body) : [];
    // The page offered what this person may not do any more, or somebody is new who may allow it.
    if (status === FORBIDDEN) await this.#session.read();
    if (may.length === 0) return outcome;
    // The server names those who may; one of an earlier release does not, and then it may be anybody.
    const named = Array.isArray(body?.who) ? body.who : this.#session.people;
    const others = named.filter((/** @type {{ id: number }} */ { id }) => id !== this.#store.me.person?.id);
    let latest = outcome;
    const repeat = async () => {
      latest = await this.#outbox.again(entry);
      return latest.state === 'refused' && nodOf(latest.status, latest.body).length > 0;
    };
    const isAllowed = await askNod(may, entry, others, this.#session.people, repeat);
    return isAllowed ? this.#insist(await this.#outbox.again(latest.entry)) : latest;
  }

  /** @param {SaleRecord} estimate */
  async convert(estimate) {
    const body = await askConversion(estimate, this.#store.settings);
    if (!body) return;
    const command = this.#about('convert', 'estimate', estimate, 'POST', '/convert-to-order', body);
    const link = (/** @type {any} */ answer) => linkTo('order', answer.order_id);
    const { hash } = location;
    const outcome = await this.run(
      command,
      (answer) => words.said.converted(numberOf('estimate', estimate), answer.sale_number),
      link,
    );
    // A person who has gone on meanwhile is not called back.
    if (outcome.state === 'done' && hash === location.hash) location.hash = link(outcome.body);
  }

  /** @param {Kind} kind @param {SaleRecord} record */
  async remove(kind, record) {
    const number = numberOf(kind, record);
    const source = record.source_estimate_number;
    const title = kind === 'estimate' ? words.ask.deleteEstimate(number) : words.ask.deleteOrder(number);
    if (!(await confirm(title, consequenceOf(kind, source), words.record.delete))) return;
    await this.run(this.#about('delete', kind, record, 'DELETE', ''), () => words.said.deleted(kind, number));
  }

  /** Asks whose it is from now on. @param {Kind} kind @param {SaleRecord} record */
  async give(kind, record) {
    const number = numberOf(kind, record);
    // Somebody may be new.
    if (this.#store.connection === 'live') await this.#session.read();
    const others = this.#session.people.filter(({ id }) => id !== record.owner?.id);
    const select = selectOf('person', others);
    const actions = [cancel(), accept(words.ask.giveIt)];
    if (!(await openDialog(words.ask.give(kind, number), [field(words.ask.giveTo, select)], actions))) return;
    const body = { person: chosenId(select) };
    const said = (/** @type {any} */ answer) => words.said.given(words.record.name(kind, number), answer.owner.name);
    await this.run(this.#about('give', kind, record, 'POST', '/owner', body), said);
  }

  /** @param {SaleRecord} order @param {string} status */
  setStatus(order, status) {
    const command = this.#about('status', 'order', order, 'PUT', `/status?status=${encodeURIComponent(status)}`);
    return this.run({ ...command, rev: undefined }, () => words.said.status(status));
  }

  /** @param {SaleRecord} estimate */
  async duplicate(estimate) {
    const command = this.#about('duplicate', 'estimate', estimate, 'POST', '/duplicate');
    const { hash } = location;
    const outcome = await this.run({ ...command, rev: undefined }, (answer) =>
      words.said.saved('estimate', answer.estimate_number),
    );
    if (outcome.state !== 'done' || hash !== location.hash) return;
    location.hash = linkTo('estimate', outcome.body.estimate_id);
  }

  /**
   * @param {SaleRecord} estimate as it was opened
   * @param {string} body JSON
   * @param {Pick<Command, 'rev' | 'merged'>} how
   */
  edit(estimate, body, how) {
    return this.#give({ ...this.#about('edit', 'estimate', estimate, 'PUT', '', body), ...how });
  }

  /**
   * @param {Kind} kind
   * @param {any} bill
   * @param {string} body the bill and how it was paid, as JSON
   * @param {string} [made_at] when it was given first
   */
  create(kind, bill, body, made_at) {
    const path = kind === 'estimate' ? '/api/estimates/create' : '/api/orders/create-sale';
    return this.#give({
      what: 'create',
      kind,
      title: `${bill.customer_name} · ${money(bill.total)}`,
      method: 'POST',
      path,
      body,
      made_at,
    });
  }

  /**
   * @param {Command['what']} what
   * @param {Kind} kind
   * @param {SaleRecord} record
   * @param {string} method
   * @param {string} rest of the path
   * @param {any} [body]
   * @returns {Command}
   */
  #about(what, kind, record, method, rest, body) {
    const id = idOf(kind, record);
    const title = `${numberOf(kind, record)} ${record.customer_name}`.trim();
    // Behind another command about the same record the revision is not known yet.
    const rev = record.pending || this.#outbox.isBusy(id) ? undefined : record.rev;
    return { what, kind, id, title, method, path: `/api/${PLURAL[kind]}/${id}${rest}`, body, rev, record };
  }
}

/**
 * What a deletion takes away.
 * @param {Kind} kind
 * @param {string | null} [source] number of the estimate that a sale came of
 */
function consequenceOf(kind, source) {
  if (kind === 'estimate') return words.ask.estimateGoes;
  return source ? words.ask.bothGo(source) : words.ask.orderGoes;
}
