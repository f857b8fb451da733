// What an answer of the server means for a command: carried out, refused, or nothing decided yet, so that it is sent
// again.

import { wantIn } from '../data/people.js';
import { send } from './api.js';

/** @typedef {import('../data/commands.js').Entry} Entry */

/** A fault of the server, or a conflict, that does not go away parks the command, so that the rest can go on. */
const FAULTS_MAX = 5;
const PARKED_IN_THE_END = new Set([409, 500]);
const FORBIDDEN = 403;
/** Answers after which the same command may be sent again: nothing is decided yet. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
/**
 * The same, but about the server, the network or this device as a whole: a full disk, a device that is not let in, a
 * log-in to the network. It lasts until somebody has done something, so it is asked more rarely, and the reason is
 * said once.
 */
const LASTING = new Set([401, 403, 407, 421, 507, 511]);

/**
 * @param {Entry} entry
 * @returns {Promise<{ status: number, body: any }>} without an answer, one by which nothing is decided
 */
export const answerTo = (entry) => send(entry).catch(() => ({ status: 503, body: null }));

/**
 * Whether nothing is decided by an answer.
 * @param {Entry} entry
 * @param {number} tries
 * @param {{ status: number, body: any }} answer
 */
export const isPassing = (entry, tries, answer) =>
  isLasting(entry, answer) ||
  (PASSING.has(answer.status) && !(PARKED_IN_THE_END.has(answer.status) && tries >= FAULTS_MAX));

/**
 * Whether nothing is decided until somebody has done something. Where persons log in, 403 is about what one of them
 * may do, and must not hold up the others.
 * @param {Entry} entry
 * @param {{ status: number, body: any }} answer
 */
export const isLasting = (entry, { status, body }) =>
  LASTING.has(status) && !(status === FORBIDDEN && (entry.by || body?.may));

/** Who may do what was refused for want of a right. @param {number} status @param {any} body @returns {string[]} */
export const nodOf = (status, body) => (status === FORBIDDEN && Array.isArray(body?.may) ? body.may : []);

/** What was to be deleted and is not there is deleted. @param {Entry} entry @param {number} status */
export const isCarriedOut = ({ what }, status) => isSuccess(status) || (status === 404 && what === 'delete');

/** @param {number} status */
export const isSuccess = (status) => status >= 200 && status < 300;

/** What the server says of an answer that is no success. @param {number} status @param {any} body */
export const reasonOf = (status, body) => wantIn(body) ?? String(body?.detail ?? status);
