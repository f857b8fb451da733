// Commands: what a person wants done, and how it stands in the outbox until the server has answered. Each has an
// idempotency key, so that it is carried out exactly once, however often it is sent.

import { isText } from './records.js';
import { hex } from './sha256.js';
import { isObject, parseObject } from './storage.js';

/** @typedef {import('./records.js').Kind} Kind */
/** @typedef {import('./records.js').SaleRecord} SaleRecord */

/**
 * @typedef {object} Command what is to be done
 * @property {'create' | 'edit' | 'convert' | 'delete' | 'status' | 'duplicate' | 'give' | 'settings'} what
 * @property {Kind} [kind] of the record
 * @property {string} [id] of the record; `local:KEY` for one that waits itself
 * @property {string} title for people: whose record, and its number
 * @property {string} method
 * @property {string} path
 * @property {any} [body] text is JSON already
 * @property {number} [rev] the revision that the record must still have
 * @property {SaleRecord} [record] as it was when the command was given
 * @property {string} [made_at] when it was given first, if it replaces a refused one
 * @property {Merged} [merged] for an edit that goes on from somebody else's
 *
 * @typedef {object} Merged
 * @property {string[]} taken what they have changed, as people call it
 * @property {number} since the revision at which this one began
 * @property {boolean} [isSaid] an edit before it says so
 *
 * @typedef {Omit<Command, 'body'> & Queued} Entry a command in the outbox
 *
 * @typedef {object} Queued what the outbox adds
 * @property {number} place in the queue
 * @property {string} key
 * @property {string} at when it was given, by this device's clock
 * @property {string} [body] JSON, the very same bytes at each attempt
 * @property {boolean} [isSealed] the body is complete: from the first attempt on
 * @property {'waiting' | 'parked'} state
 * @property {number} tries
 * @property {import('./people.js').Giver} [by] who gave it; it is sent in the name of nobody else
 * @property {string} [reason] why it is parked
 * @property {number} [status] of the answer that parked it
 * @property {string[]} [may] roles of those who may allow what was refused
 * @property {string} [made] id of the record that it made, once it was carried out
 * @property {string} [number] of that
 * @property {Entry} [again] of a lost one: how it can be given again
 * @property {SaleRecord} [current] the record as it is on the server, for a conflict
 *
 * @typedef {{ state: 'done' | 'refused' | 'queued', status: number, body: any, entry: Entry }} Outcome
 */

/** What makes a record. */
const MAKING = new Set(['create', 'duplicate', 'convert']);
/**
 * What says when it was made, if it had to wait: so that a sale at 23:50 counts on its day, however late the server
 * is back.
 */
const DATED = new Set(['create', 'convert']);
/** A status for what can only be discarded: what it was about is gone. */
export const GONE = 410;
/** The revision was another one by then. */
export const CONFLICT = 412;

/** A new key. A page over plain HTTP has no `randomUUID`. */
export const newKey = () => hex(crypto.getRandomValues(new Uint8Array(16)));

/** @param {string} what */
export const makesRecord = (what) => MAKING.has(what);

/** @param {string} what */
export const isDated = (what) => DATED.has(what);

/** What a command says, whenever it is given. @param {Entry} entry */
export function meaningOf({ method, path, body }) {
  const { made_at: _, ...said } = parseObject(body) ?? {};
  return JSON.stringify([method, path, said]);
}

/**
 * A body with the time at which it was given; one that has a time keeps it.
 * @param {string} body JSON of an object
 * @param {string} madeAt
 */
export function withTime(body = '{}', madeAt) {
  const said = JSON.parse(body);
  if (said.made_at !== undefined) return body;
  const comma = Object.keys(said).length > 0 ? ',' : '';
  return `${body.slice(0, -1)}${comma}"made_at":${JSON.stringify(madeAt)}}`;
}

/**
 * Whether a stored command can be sent and shown; a page of another version may have left others.
 * @param {any} value
 * @returns {value is Entry}
 */
export function isEntry(value) {
  return isObject(value) && isSendable(value) && isShowable(value);
}

/** @param {Record<string, any>} value */
function isSendable({ key, method, path, body, tries }) {
  const isAddressed = isText(key) && isText(method) && isText(path) && path.startsWith('/api/');
  return isAddressed && Number.isInteger(tries) && (body === undefined || parseObject(body) !== null);
}

/** @param {Record<string, any>} value */
function isShowable({ place, state, title, at, record }) {
  return (
    Number.isInteger(place) &&
    ['waiting', 'parked'].includes(state) &&
    typeof title === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    (record === undefined || isObject(record))
  );
}
