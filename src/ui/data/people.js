// Who is at the till, on which device, and what the role lets them do and see: authorization as the page knows it. The
// server decides; this says what to show. It never sees the network or the screen.

import { words } from '../kit/words.js';
import { isObject } from './storage.js';

/**
 * @typedef {{ id: number, name: string }} Named
 * @typedef {Named & { isUnconfirmed?: boolean }} Giver who gives a command; unconfirmed while the PIN was not asked yet
 *
 * @typedef {object} Me
 * @property {boolean} has_owner false: nobody has to log in, and everybody may do everything
 * @property {Named | null} person
 * @property {Named & { kind?: string } | null} device null for one that was not let in
 * @property {Named | null} role
 * @property {string[]} rights
 * @property {string[]} masks what is left out of records: `contact`, `amounts`
 * @property {{ estimates: string, orders: string }} scope
 * @property {number | null} days_back
 * @property {boolean} is_cut only a part of the records is shown
 * @property {number} lock_minutes without input, until the page locks
 * @property {boolean} [isUnconfirmed] chosen while the server was away, so that no PIN was asked yet
 */

export const RIGHTS = [
  'sell',
  'estimate',
  'convert',
  'edit_others',
  'status',
  'delete_open',
  'undo_sold',
  'discount',
  'figures',
  'settings',
  'people',
  'export',
];
/** For these nobody's nod is asked: they open screens, and are no commands. */
const WITHOUT_NOD = new Set(['figures', 'settings', 'people', 'export']);
/** What a person may do until the PIN was accepted. */
const UNCONFIRMED_RIGHTS = ['sell', 'estimate', 'convert'];
export const LOCK_MINUTES = 10;

/** A shop that has no owner. @type {Me} */
export const OPEN = {
  has_owner: false,
  person: null,
  device: null,
  role: null,
  rights: RIGHTS,
  masks: [],
  scope: { estimates: 'all', orders: 'all' },
  days_back: null,
  is_cut: false,
  lock_minutes: LOCK_MINUTES,
};

/** A shop without an owner, for a device that is not the one it runs on. @type {Me} */
const CLOSED = { ...OPEN, rights: [] };

/**
 * What can be used of what the server said, or of what was kept of that.
 * @param {unknown} said
 * @returns {Me}
 */
export function meOf(said) {
  if (!isObject(said)) return OPEN;
  if (said.has_owner !== true) return Array.isArray(said.rights) && said.rights.length === 0 ? CLOSED : OPEN;
  const list = (/** @type {unknown} */ value) => (Array.isArray(value) ? value : []);
  return {
    ...OPEN,
    ...said,
    has_owner: true,
    person: isNamed(said.person) ? said.person : null,
    device: isNamed(said.device) ? said.device : null,
    role: isNamed(said.role) ? said.role : null,
    rights: list(said.rights),
    masks: list(said.masks),
    lock_minutes: said.lock_minutes > 0 ? said.lock_minutes : LOCK_MINUTES,
  };
}

/** @param {any} value @returns {value is Named} */
export const isNamed = (value) => isObject(value) && Number.isInteger(value.id) && typeof value.name === 'string';

/**
 * The same device while the server is away: nobody, or somebody whose PIN is still to be asked.
 * @param {Me} me
 * @param {Named | null} person
 * @returns {Me}
 */
export function unconfirmed(me, person) {
  const rights = person ? UNCONFIRMED_RIGHTS : [];
  return { ...me, person, role: null, rights, isUnconfirmed: true };
}

/** Whether the page shows the shop, asks who is there, or waits to be let in or for an owner. @param {Me} me */
export function standingOf({ has_owner, person, device, role, rights }) {
  if (!has_owner) return rights.length > 0 ? 'in' : 'closed';
  if (person || role) return 'in';
  return device ? 'login' : 'pair';
}

/** What is seen of the records; one that sees another part of them begins anew. @param {Me} me */
export const viewOf = ({ has_owner, person, role, rights, masks, scope, days_back, is_cut, isUnconfirmed }) =>
  JSON.stringify([has_owner, person?.id, role?.id, rights, masks, scope, days_back, is_cut, isUnconfirmed]);

/**
 * How something may be done: freely, with the nod of somebody who may, or not at all. A nod is for those who work at
 * the till, not for a screen on the wall.
 * @param {Me} me
 * @param {string} right
 * @returns {'free' | 'nod' | ''}
 */
export function leaveFor({ person, rights }, right) {
  if (rights.includes(right)) return 'free';
  const isAtWork = person !== null && (rights.includes('sell') || rights.includes('estimate'));
  return isAtWork && !WITHOUT_NOD.has(right) ? 'nod' : '';
}

/**
 * What a refusal says for want of a right, which the server names by its key; nothing if that is not why.
 * @param {any} body of the answer
 * @returns {string | undefined}
 */
export function wantIn(body) {
  const detail = String(body?.detail);
  // An older server names it in its sentence alone.
  const named = body?.right ?? RIGHTS.find((key) => detail.includes(`the right ${key}`));
  const right = /** @type {any} */ (RIGHTS.includes(named) ? named : undefined);
  return right && words.nod.wants(right, Array.isArray(body.may) ? body.may : []);
}

/**
 * The right that an edit of an estimate needs.
 * @param {Me} me
 * @param {{ owner?: Named }} record
 */
export const editRight = ({ has_owner, person }, { owner }) =>
  !has_owner || (owner !== undefined && owner.id === person?.id) ? 'estimate' : 'edit_others';
