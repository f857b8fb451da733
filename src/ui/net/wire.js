// The messages of the server as this page sees them: the types, and the one place that decides whether a message can be
// understood. It never sees the network or the screen.

import { readJson } from '../data/lossless.js';
import { KINDS, idOf, isRecord, isText } from '../data/records.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').Change} Change */
/** @typedef {import('../data/settings.js').Settings} Settings */

/**
 * @typedef {'hello' | 'view' | 'live' | 'at'} SyncAction
 * @typedef {{ type: 'sync', action: SyncAction, seq: number, epoch?: string, resume?: string }} SyncFrame
 * @typedef {{ type: 'settings', data: Settings }} SettingsFrame
 * @typedef {import('../data/presence.js').PresenceFrame} PresenceFrame
 * @typedef {{ type: 'reload', kinds: readonly Kind[], isGarbled?: boolean }} Reload something changed, but it cannot be
 *   told what; `isGarbled` if it was not even JSON
 * @typedef {Change | SyncFrame | SettingsFrame | PresenceFrame | Reload} Frame
 */

/** @type {Readonly<Record<Kind, readonly string[]>>} */
const ACTIONS = {
  estimate: ['create', 'update', 'delete', 'hide', 'convert_to_order'],
  order: ['create', 'update', 'delete', 'hide'],
};

/** The bare strings of the first servers. @type {Readonly<Record<string, readonly Kind[]>>} */
const LEGACY = {
  estimate_created: ['estimate'],
  estimate_updated: ['estimate'],
  estimate_deleted: ['estimate'],
  estimate_converted_to_order: KINDS,
  sale_completed: ['order'],
  order_updated: KINDS,
};

/** One change of the list that `/api/changes` answers. @param {any} change @returns {Change | Reload} */
export const readChange = (change) => (isChange(change) ? change : { type: 'reload', kinds: KINDS });

/**
 * Reads one message; what cannot be understood means that the lists must be read again.
 * @param {string} text
 * @returns {Frame}
 */
export function readFrame(text) {
  if (Object.keys(LEGACY).includes(text)) return { type: 'reload', kinds: LEGACY[text] };
  const frame = parse(text);
  return isKnown(frame) ? frame : { type: 'reload', kinds: KINDS, isGarbled: frame === null };
}

/** @param {any} frame */
function isKnown(frame) {
  if (frame?.type === 'sync') return isText(frame.action) && Number.isInteger(frame.seq);
  // It tells of no record, so whatever it says there is nothing to read again.
  if (frame?.type === 'presence') return true;
  if (frame?.type === 'settings') return isText(frame.data?.currency) && Array.isArray(frame.data.payment_modes);
  return isChange(frame);
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return readJson(text);
  } catch {
    return null;
  }
}

/** @param {any} frame */
function isChange(frame) {
  const kind = frame?.type;
  if (!KINDS.includes(kind) || !isText(frame.id)) return false;
  if (!ACTIONS[/** @type {Kind} */ (kind)].includes(frame.action)) return false;
  if (frame.action === 'delete' || frame.action === 'hide') return true;
  // The order that an estimate became may be one that is not seen.
  if (frame.action === 'convert_to_order' && isText(frame.order_id)) return true;
  return isRecord(kind, frame.data) && idOf(kind, frame.data) === frame.id;
}
