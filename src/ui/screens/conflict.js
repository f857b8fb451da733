// Two versions of an estimate: while it is edited here, it may be changed elsewhere. The person chooses, field by
// field.

import { accept, cancel, openDialog } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { button } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { differences, draftOf, upon } from '../data/draft.js';

/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */
/** @typedef {import('../data/draft.js').Draft} Draft */
/** @typedef {{ label: string, mine: string, theirs: string, isMine: boolean }} Difference */

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
    const { typed, shown, take } = this.#handlers;
    const mine = typed();
    const theirs = draftOf(current);
    const fields = differences(mine, theirs, base ? draftOf(base) : null);
    const asked = shown();
    const chosen = fields.length > 0 ? await askConflict(fields) : [];
    if (!chosen || asked !== shown()) return;
    const kept = fields.filter((_, index) => chosen[index]).flatMap(({ copies }) => copies);
    const ours = { ...mine, lines: upon(mine.lines, theirs.lines) };
    const taken = Object.fromEntries(kept.map((name) => [name, /** @type {any} */ (ours)[name]]));
    take(current, { ...theirs, ...taken });
  }

  /** @param {SaleRecord} current */
  #keepMine(current) {
    const mine = this.#handlers.typed();
    this.#handlers.take(current, { ...mine, lines: upon(mine.lines, draftOf(current).lines) });
  }
}

/**
 * Shows the two versions.
 * @param {Difference[]} fields `isMine`: what is proposed
 * @returns {Promise<boolean[] | null>} for each field whether mine is right
 */
function askConflict(fields) {
  const chosen = fields.map(({ isMine }) => isMine);
  const heads = [text.field, text.here, text.there].map((name) => h('th', { scope: 'col' }, name));
  const body = h('tbody', ...fields.map((field, index) => row(field, index, chosen)));
  const content = [h('p', text.text), h('table.compare', h('thead', h('tr', ...heads)), body)];
  return openDialog(text.title, content, [cancel(), accept(text.use)], () => chosen);
}

/**
 * @param {Difference} field
 * @param {number} index
 * @param {boolean[]} chosen
 */
function row({ label, mine, theirs }, index, chosen) {
  const pick = (/** @type {boolean} */ isMine) => {
    const onchange = () => {
      chosen[index] = isMine;
    };
    const radio = { type: 'radio', name: `conflict-${index}`, checked: chosen[index] === isMine, onchange };
    return h('td', h('label.pick', h('input', radio), h('span', (isMine ? mine : theirs) || '–')));
  };
  return h('tr', { data: { field: label } }, h('th', { scope: 'row' }, label), pick(true), pick(false));
}
