// The list of commands that are not sent yet, with what can be done about each; and the question what is to become of
// those that the server has lost.

import { fromNumber, typedText } from '../kit/decimal.js';
import { accept, cancel, closeDialog, confirm, openDialog } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { clockTime, stamp, wallTime } from '../kit/format.js';
import { adviceLink, button } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { CONFLICT, GONE } from '../data/commands.js';
import { draftOf, putDraft, readDraft } from '../data/draft.js';
import { readJson } from '../data/lossless.js';
import { isSale, linkTo } from '../data/records.js';

/** @typedef {import('../data/commands.js').Entry} Entry */
/** @typedef {import('../net/outbox.js').Outbox} Outbox */

const text = words.outbox;

export class UnsentList {
  #store;
  #outbox;
  #toast;
  #retry;
  #list = h('ul.unsent-list');
  /** The commands that the list shows. @type {Entry[]} */
  #listed = [];

  /**
   * @param {import('../data/store.js').Store} store
   * @param {Outbox} outbox
   * @param {import('./shell.js').Shell['toast']} toast
   * @param {(entry: Entry) => void} retry
   */
  constructor(store, outbox, toast, retry) {
    this.#store = store;
    this.#outbox = outbox;
    this.#toast = toast;
    this.#retry = retry;
  }

  open() {
    this.#draw();
    const advice = adviceLink(this.#store.connection, 'wrong#something-is-not-sent-yet');
    return openDialog(text.title, [this.#list, advice && h('p', advice)], [cancel(words.close)]);
  }

  render() {
    if (this.#list.isConnected && this.#listed !== this.#store.unsent) this.#draw();
  }

  #draw() {
    this.#listed = this.#store.unsent;
    const items = this.#listed.map((entry) => this.#item(entry));
    const others = this.#store.unsentCount - items.length;
    if (others > 0) items.push(h('li.quiet', text.others(others)));
    this.#list.replaceChildren(...(items.length > 0 ? items : [h('li.quiet', text.none)]));
  }

  /** @param {Entry} entry */
  #item(entry) {
    const look = entry.state === 'parked' ? '.error' : '.quiet';
    const actions = [
      canRetry(entry) && button(text.retry, () => this.#retry(entry), { name: 'retry' }),
      canEdit(entry) && button(text.edit, () => this.#edit(entry), { name: 'edit' }),
      button(words.ask.discardIt, () => this.#discard(entry), { look: 'danger', name: 'discard' }),
    ];
    return h(
      'li',
      { data: { entry: entry.key, state: entry.state } },
      h('strong', titleOf(entry)),
      h(`span${look}`, `${clockTime(new Date(entry.at))} · ${this.#reasonFor(entry)}`),
      h('div.actions', ...actions),
    );
  }

  /** Why it is not sent, or not accepted. @param {Entry} entry */
  #reasonFor(entry) {
    const { state, status, reason, by } = entry;
    if (state === 'parked') return status === CONFLICT ? text.changed : (reason ?? '');
    return by && !this.#outbox.isInName(entry) ? text.waitsFor(by.name) : (reason ?? text.waits);
  }

  /** Takes a command back into the form. @param {Entry} entry */
  async #edit(entry) {
    if (!(await this.#outbox.hold(entry))) {
      this.#toast(text.isLeaving);
      return;
    }
    const isEdit = entry.what === 'edit';
    // What is being typed gives way, and comes back when somebody asks for it.
    const typed = isEdit ? null : readDraft('');
    putDraft(isEdit ? (entry.id ?? '') : '', draftOfEntry(entry));
    if (entry.current && entry.kind) this.#store.learn(entry.kind, [entry.current]);
    this.#list.closest('dialog')?.close();
    openForm(isEdit ? `${linkTo('estimate', entry.id ?? '')}/edit` : '#/new');
    if (typed) this.#offerBack(typed);
  }

  /** @param {import('../data/draft.js').Draft} typed */
  #offerBack(typed) {
    const act = () => {
      putDraft('', typed);
      openForm('#/new');
    };
    this.#toast(words.form.cleared, '', '', { text: words.form.undo, act });
  }

  /** @param {Entry} entry */
  async #discard(entry) {
    const isSure = await confirm(words.ask.discardIt, words.ask.discard, words.ask.discardIt);
    if (isSure) await this.#outbox.discard(entry);
  }
}

/**
 * Asks what is to become of what the server has lost.
 * @param {Entry[]} lost
 * @param {Outbox} outbox
 */
export async function askLost(lost, outbox) {
  const items = lost.map((entry) => {
    const quiet = [wallTime(stamp(new Date(entry.at))), entry.again?.reason].filter(Boolean).join(' · ');
    return h('li', h('strong', titleOf(entry)), h('span.quiet', quiet));
  });
  const leave = (/** @type {Event} */ event) => {
    closeDialog(event);
    outbox.settleLost(false);
  };
  const isEnteredAgain = await openDialog(
    words.lost.title,
    [h('p', words.lost.text), h('ul.unsent-list', ...items)],
    [button(words.lost.leave, leave, { look: 'danger', name: 'leave' }), accept(words.lost.again)],
  );
  if (isEnteredAgain) await outbox.settleLost(true);
}

/** What a command does, and to what. @param {Entry} entry */
export function titleOf({ what, kind, title, number }) {
  const isNew = what === 'create';
  const name = isNew ? text.what.create[kind ?? 'order'] : text.what[what];
  return [name, isNew ? number : '', title].filter(Boolean).join(' · ');
}

/** @param {Entry} entry */
const canRetry = ({ state, status }) => state === 'parked' && status !== CONFLICT && status !== GONE;

/** Whether the form can show it. @param {Entry} entry */
function canEdit(entry) {
  const { what, state, status, tries } = entry;
  const isParked = state === 'parked';
  const isFree = what === 'create' ? isParked || tries === 0 : what === 'edit' && isParked && status !== GONE;
  return isFree && isSale({ ...entry.record, ...JSON.parse(entry.body ?? '{}') });
}

/** @param {Entry} entry @returns {import('../data/draft.js').Draft} */
function draftOfEntry(entry) {
  const said = readJson(entry.body ?? '{}');
  const isPart = said.amount_paid !== undefined && said.amount_paid !== said.total;
  return {
    ...draftOf({ ...entry.record, ...said }),
    paid: isPart ? typedText(fromNumber(said.amount_paid)) : '',
    base: entry.what === 'edit' ? entry.record : undefined,
    replaces: entry.place,
    made_at: entry.made_at ?? entry.at,
  };
}

/** @param {string} address */
function openForm(address) {
  location.hash = address;
  // A form that is open already starts again from the draft.
  dispatchEvent(new HashChangeEvent('hashchange'));
}
