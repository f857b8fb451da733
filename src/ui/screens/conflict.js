// Two versions of an estimate: while it is edited here, it may be changed elsewhere. What does not overlap is merged;
// for the rest the person chooses, field by field.

import { accept, cancel, openDialog } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { button } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { draftOf, upon } from '../data/draft.js';
import { Merge } from '../data/merge.js';

/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/draft.js').Draft} Draft */
/** @typedef {import('../data/merge.js').Part} Part */

/**
 * @typedef {object} EditHandlers
 * @property {() => Draft} typed
 * @property {() => unknown} shown another one, once the form shows something else
 * @property {(current: SaleRecord, draft: Draft) => void} take goes on from what is stored now
 */

const text = words.conflict;

export class EditConflict {
  /** Says that the estimate was changed elsewhere, and offers what can be done. */
  node = h('div.note', { role: 'status', hidden: true, data: { conflict: '' } });
  #handlers;

  /** @param {EditHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  hide() {
    this.node.hidden = true;
  }

  /**
   * @param {SaleRecord | undefined} base the estimate as it was when editing began
   * @param {any} current as it is now
   */
  render(base, current) {
    const isStale = Boolean(current && base && current.rev > (base.rev ?? 0));
    if (isStale === !this.node.hidden) return;
    this.node.hidden = !isStale;
    if (isStale) this.#draw(base, current);
  }

  /** @param {SaleRecord | undefined} base @param {SaleRecord} current */
  #draw(base, current) {
    const who = current.sale_by === base?.sale_by ? text.someone : current.sale_by;
    this.node.replaceChildren(
      h('p', text.bar(who)),
      button(text.show, () => this.resolve(base, current), { name: 'show-both' }),
      button(text.mine, () => this.#keepMine(current), { name: 'keep-mine' }),
      button(text.theirs, () => this.#handlers.take(current, draftOf(current)), { name: 'take-theirs' }),
    );
  }

  /**
   * Lets the person choose between the two versions.
   * @param {SaleRecord | undefined} base
   * @param {SaleRecord} current
   */
  async resolve(base, current) {
    const merge = this.#merge(base, current);
    await this.#ask(merge, merge.parts, current);
  }

  /**
   * Merges the two versions, and asks only for what both have changed.
   * @param {SaleRecord | undefined} base
   * @param {SaleRecord} current
   * @returns {Promise<string[] | null>} what only they have changed; null if the person did not decide
   */
  async settle(base, current) {
    const merge = this.#merge(base, current);
    return (await this.#ask(merge, merge.overlaps, current)) ? merge.taken : null;
  }

  /** @param {SaleRecord | undefined} base @param {SaleRecord} current */
  #merge(base, current) {
    return new Merge(base ? draftOf(base) : null, this.#handlers.typed(), draftOf(current));
  }

  /**
   * @param {Merge} merge
   * @param {Part[]} parts that are asked for
   * @param {SaleRecord} current
   * @returns {Promise<boolean>} whether it is decided
   */
  async #ask(merge, parts, current) {
    const { shown, take } = this.#handlers;
    const asked = shown();
    const mine = parts.length > 0 ? await askConflict(parts, merge.parts.length > parts.length) : new Set();
    if (!mine || asked !== shown()) return false;
    take(
      current,
      merge.draft((part) => (parts.includes(part) ? mine.has(part) : part.by === 'mine')),
    );
    return true;
  }

  /** @param {SaleRecord} current */
  #keepMine(current) {
    const mine = this.#handlers.typed();
    this.#handlers.take(current, { ...mine, lines: upon(mine.lines, draftOf(current).lines) });
  }
}

/**
 * Shows the two versions; mine is proposed where I have changed something.
 * @param {Part[]} parts
 * @param {boolean} isRestMerged
 * @returns {Promise<Set<Part> | null>} of which mine is right
 */
function askConflict(parts, isRestMerged) {
  const chosen = new Set(parts.filter(({ by }) => by !== 'theirs'));
  const heads = [text.field, text.here, text.there].map((name) => h('th', { scope: 'col' }, name));
  const body = h('tbody', ...parts.map((part, index) => row(part, index, chosen)));
  const advice = isRestMerged ? `${text.text} ${text.rest}` : text.text;
  const content = [h('p', advice), h('table.compare', h('thead', h('tr', ...heads)), body)];
  return openDialog(text.title, content, [cancel(), accept(text.use)], () => chosen);
}

/**
 * @param {Part} part
 * @param {number} index
 * @param {Set<Part>} chosen
 */
function row(part, index, chosen) {
  const { label, mine, theirs } = part;
  const pick = (/** @type {boolean} */ isMine) => {
    const onchange = () => {
      if (isMine) chosen.add(part);
      else chosen.delete(part);
    };
    const radio = { type: 'radio', name: `conflict-${index}`, checked: chosen.has(part) === isMine, onchange };
    return h('td', h('label.pick', h('input', radio), h('span', (isMine ? mine : theirs) || '–')));
  };
  return h('tr', { data: { field: label } }, h('th', { scope: 'row' }, label), pick(true), pick(false));
}
