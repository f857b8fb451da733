// Three-way merge of an edit with what became of the estimate meanwhile (optimistic concurrency): what one side alone
// has changed is that side's, field by field; what both have changed in different ways a person has to decide. Pure:
// what both began with, mine and theirs in; one draft out.

import { fold } from '../kit/fold.js';
import { currencySign } from '../kit/format.js';
import { words } from '../kit/words.js';
import {
  PERSON,
  amountsOf,
  billOfDraft,
  bodyOf,
  bodyText,
  draftOf,
  idOfLine,
  isDiscountGood,
  lookOf,
} from './draft.js';
import { readJson } from './lossless.js';
import { isRecord, isSale } from './records.js';

/** @typedef {import('./draft.js').Draft} Draft */
/** @typedef {import('./draft.js').DraftLine} DraftLine */
/** @typedef {import('./commands.js').Entry} Entry */

/**
 * @typedef {object} Part something in which mine and theirs differ
 * @property {string} label
 * @property {string} mine as people read it
 * @property {string} theirs
 * @property {'mine' | 'theirs' | 'both'} by who has changed it
 *
 * @typedef {(part: Part) => boolean} Choice whether mine is right
 * @typedef {{ base?: DraftLine, mine?: DraftLine, theirs?: DraftLine }} Slot one line in the three versions; a version
 *   that does not have it lacks it here
 * @typedef {{ parts: Part[], line: (isMine: Choice) => DraftLine | undefined }} SlotMerge
 * @typedef {'name' | 'rate' | 'off' | 'quantity'} LineField
 */

const text = words.form;
const columns = words.record;

/** The fields beside the lines. @type {Array<{ label: string, copies: string[], show: (draft: any) => string }>} */
const FIELDS = [
  ...[text.customer, text.phone, text.address, text.by].map((label, index) => ({
    label,
    copies: [PERSON[index]],
    show: (/** @type {any} */ draft) => draft[PERSON[index]].trim(),
  })),
  {
    label: text.discount,
    copies: ['discount', 'isPercent'],
    show: ({ discount, isPercent }) => discount && `${discount} ${isPercent ? '%' : currencySign()}`,
  },
];

/**
 * What of a line is changed by itself: what it costs, and how many there are. One that has become another item is
 * another line.
 * @type {Array<{ label: string, fields: LineField[], show: (line: DraftLine) => string }>}
 */
const LINE_PARTS = [
  { label: columns.item, fields: ['name'], show: ({ name }) => name.trim() },
  { label: columns.rate, fields: ['rate', 'off'], show: ({ rate, off }) => (off ? `${rate} · ${off} %` : rate) },
  { label: columns.quantity, fields: ['quantity'], show: ({ quantity }) => quantity || '1' },
];

export class Merge {
  /** In the order of the form. @type {Part[]} */
  parts;
  #mine;
  #theirs;
  /** @type {Array<{ part: Part, copies: string[] }>} */
  #fields;
  /** @type {SlotMerge[]} */
  #slots;

  /**
   * @param {Draft | null} base what both began with; null if that is not known
   * @param {Draft} mine
   * @param {Draft} theirs
   */
  constructor(base, mine, theirs) {
    this.#mine = mine;
    this.#theirs = theirs;
    this.#fields = FIELDS.filter(({ show }) => show(mine) !== show(theirs)).map(({ label, copies, show }) => ({
      part: { label, mine: show(mine), theirs: show(theirs), by: changer(show, base, mine, theirs) },
      copies,
    }));
    this.#slots = slotsOf(base?.lines ?? [], mine.lines, theirs.lines).map(mergeSlot);
    const [lines, fields] = [this.#slots.flatMap(({ parts }) => parts), this.#fields.map(({ part }) => part)];
    const isOfCustomer = (/** @type {Part} */ { label }) => label !== text.discount;
    this.parts = [...fields.filter(isOfCustomer), ...lines, ...fields.filter((part) => !isOfCustomer(part))];
  }

  /** What both have changed. */
  get overlaps() {
    return this.parts.filter(({ by }) => by === 'both');
  }

  /** What only they have changed, as people call it. */
  get taken() {
    return this.parts.filter(({ by }) => by === 'theirs').map(({ label }) => label);
  }

  /**
   * Both in one.
   * @param {Choice} [isMine]
   * @returns {Draft}
   */
  draft(isMine = ({ by }) => by === 'mine') {
    const lines = this.#slots.flatMap(({ line }) => line(isMine) ?? []);
    const kept = this.#fields.filter(({ part }) => isMine(part)).flatMap(({ copies }) => copies);
    const ours = kept.map((name) => [name, /** @type {any} */ (this.#mine)[name]]);
    return { ...this.#theirs, ...Object.fromEntries(ours), lines };
  }
}

/**
 * @template T
 * @param {(version: T) => unknown} read
 * @param {T | null | undefined} base
 * @param {T} mine
 * @param {T} theirs
 * @returns {Part['by']}
 */
function changer(read, base, mine, theirs) {
  if (base && read(base) === read(theirs)) return 'mine';
  return base && read(base) === read(mine) ? 'theirs' : 'both';
}

/** What a line says, in whatever way it is typed. @param {DraftLine} line @returns {Record<LineField, unknown>} */
function meaningOf(line) {
  const { price, quantity, discount } = amountsOf(line);
  return { name: line.name.trim(), rate: price, off: discount, quantity };
}

/** @param {DraftLine} one @param {DraftLine} other @returns {LineField[]} in which two lines differ */
function differences(one, other) {
  const [first, second] = [meaningOf(one), meaningOf(other)];
  return LINE_PARTS.flatMap(({ fields }) => fields).filter((name) => first[name] !== second[name]);
}

/** @typedef {(line: DraftLine) => unknown} Key of a line; undefined for none */

/** @type {Key} */
const saying = (line) => Object.values(meaningOf(line)).join('\n');
/** @type {Key} */
const itemName = ({ name }) => fold(name);
/** @type {Key} */
const itemText = ({ item }) => item;
/** @type {Key} */
const idAndName = (line) => (idOfLine(line) === undefined ? undefined : `${idOfLine(line)} ${fold(line.name)}`);

/** By what a line of one version is known in another, the surest first. A program may give its ids anew. */
const SAME_LINE = [itemText, saying, idAndName, itemName, idOfLine];
/** By what two lines that were added on both sides are one. */
const SAME_ITEM = [saying, itemName];

/**
 * @param {DraftLine[]} from
 * @param {DraftLine[]} to
 * @param {Key[]} keys
 * @returns {Map<DraftLine, DraftLine>}
 */
function paired(from, to, keys) {
  const pairs = new Map();
  for (const keyOf of keys) {
    const taken = new Set(pairs.values());
    const free = byKey(to.filter((line) => !taken.has(line)).reverse(), keyOf);
    for (const line of from.filter((one) => !pairs.has(one))) {
      const twin = free.get(keyOf(line))?.pop();
      if (twin) pairs.set(line, twin);
    }
  }
  return pairs;
}

/** Lines that have a key, by it. @param {DraftLine[]} lines @param {Key} keyOf @returns {Map<unknown, DraftLine[]>} */
function byKey(lines, keyOf) {
  const all = new Map();
  for (const line of lines) {
    const key = keyOf(line);
    if (key !== undefined) all.set(key, [...(all.get(key) ?? []), line]);
  }
  return all;
}

/**
 * The lines of all versions: theirs in their order, and among them those that only I have, each behind the one that
 * it follows in mine.
 * @param {DraftLine[]} base
 * @param {DraftLine[]} mine
 * @param {DraftLine[]} theirs
 * @returns {Slot[]}
 */
function slotsOf(base, mine, theirs) {
  const [toMine, toTheirs] = [paired(base, mine, SAME_LINE), paired(base, theirs, SAME_LINE)];
  const [ofMine, ofTheirs] = [inverse(toMine), inverse(toTheirs)];
  // What both have added.
  const added = paired(
    theirs.filter((line) => !ofTheirs.has(line)),
    mine.filter((line) => !ofMine.has(line)),
    SAME_ITEM,
  );
  /** @type {Slot[]} */
  const slots = theirs.map((line) => {
    const before = ofTheirs.get(line);
    return { base: before, mine: before ? toMine.get(before) : added.get(line), theirs: line };
  });
  const ours = new Set(slots.map((slot) => slot.mine));
  let index = -1;
  for (const line of mine) {
    if (ours.has(line)) {
      index = slots.findIndex((slot) => slot.mine === line);
    } else {
      while (isTheirsAlone(slots[index + 1])) index += 1;
      index += 1;
      slots.splice(index, 0, { base: ofMine.get(line), mine: line });
    }
  }
  return slots;
}

/** @param {Slot | undefined} slot */
const isTheirsAlone = (slot) => slot !== undefined && !slot.base && !slot.mine;

/** @param {Map<DraftLine, DraftLine>} pairs @returns {Map<DraftLine, DraftLine>} */
const inverse = (pairs) => new Map([...pairs].map(([one, other]) => [other, one]));

/** @param {Slot} slot @returns {SlotMerge} */
function mergeSlot(slot) {
  const { base, mine, theirs } = slot;
  if (!mine || !theirs) return mergeWhole(slot, changerOfWhole(slot));
  const differing = differences(mine, theirs);
  if (differing.length === 0) return { parts: [], line: () => theirs };
  if (!base) return mergeWhole(slot, 'both');
  const isMine = differing.some((name) => differences(base, mine).includes(name));
  const isTheirs = differing.some((name) => differences(base, theirs).includes(name));
  if (differing.includes('name') && isMine && isTheirs) return mergeWhole(slot, 'both');
  return mergeFields(base, mine, theirs);
}

/** Who has added or removed a line that one side lacks. @param {Slot} slot @returns {Part['by']} */
function changerOfWhole({ base, mine, theirs }) {
  if (!base) return mine ? 'mine' : 'theirs';
  const left = mine ?? theirs;
  if (left && differences(base, left).length > 0) return 'both';
  return mine ? 'theirs' : 'mine';
}

/** A line that is taken as a whole. @param {Slot} slot @param {Part['by']} by @returns {SlotMerge} */
function mergeWhole({ base, mine, theirs }, by) {
  const show = (/** @type {DraftLine | undefined} */ line) =>
    line ? lookOf(line) : base ? words.conflict.removed : '';
  const { name } = theirs ?? mine ?? base ?? { name: '' };
  const part = { label: name.trim(), mine: show(mine), theirs: show(theirs), by };
  const ours = mine && { ...mine, item: theirs?.item ?? mine.item };
  return { parts: [part], line: (isMine) => (isMine(part) ? ours : theirs) };
}

/**
 * A line of which parts were changed. What cannot be seen of it is theirs.
 * @param {DraftLine} base
 * @param {DraftLine} mine
 * @param {DraftLine} theirs
 * @returns {SlotMerge}
 */
function mergeFields(base, mine, theirs) {
  const differing = differences(mine, theirs);
  const touched = LINE_PARTS.filter(({ fields }) => fields.some((name) => differing.includes(name)));
  const merges = touched.map(({ label, fields, show }) => {
    const meaning = (/** @type {DraftLine} */ line) => fields.map((name) => meaningOf(line)[name]).join(' ');
    const by = changer(meaning, base, mine, theirs);
    return { part: { label: `${theirs.name.trim()} · ${label}`, mine: show(mine), theirs: show(theirs), by }, fields };
  });
  const line = (/** @type {Choice} */ isMine) => {
    const kept = merges.filter(({ part }) => isMine(part)).flatMap(({ fields }) => fields);
    return { ...theirs, ...Object.fromEntries(kept.map((name) => [name, mine[name]])) };
  };
  return { parts: merges.map(({ part }) => part), line };
}

/**
 * A refused edit that waits, upon what is stored by now.
 * @param {Entry} entry
 * @param {any} current the estimate as it is stored
 * @returns {Pick<Entry, 'body' | 'rev' | 'record' | 'merged'> | null} null if a person has to decide
 */
export function mergedEdit({ what, record, body, rev = 0, merged }, current) {
  if (what !== 'edit' || !record || !isRecord('estimate', current)) return null;
  const mine = { ...record, ...readJson(body ?? '{}') };
  if (!isSale(mine)) return null;
  const merge = new Merge(draftOf(record), draftOf(mine), draftOf(current));
  if (merge.overlaps.length > 0) return null;
  const draft = merge.draft();
  const bill = billOfDraft(draft);
  if (!isSayable(draft, bill)) return null;
  const taken = merged?.isSaid ? [] : [...new Set([...(merged?.taken ?? []), ...merge.taken])];
  return {
    body: bodyText(bodyOf(draft, bill)),
    rev: current.rev,
    record: current,
    merged: { taken, since: merged?.since ?? rev, isSaid: merged?.isSaid },
  };
}

/** Whether the form would take it. @param {Draft} draft @param {import('./amounts.js').Bill} bill */
const isSayable = (draft, bill) =>
  draft.lines.length > 0 && isDiscountGood(draft, bill) && bill.total >= 0n && !bill.isTooLarge;
