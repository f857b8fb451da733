// What became of this device's commands when the server was put back to an older copy of its records (point-in-time
// recovery). A record is known by the hashes of idempotency keys and the times in its history, never by its number:
// that may be another record's by now.

import { words } from '../kit/words.js';
import { GONE, isEntry, makesRecord } from '../data/commands.js';
import { isLocal, localId } from '../data/records.js';
import { originOf } from '../data/sha256.js';
import * as api from './api.js';

/** @typedef {import('../data/commands.js').Entry} Entry */
/** @typedef {import('./database.js').Transaction} Transaction */
/** @typedef {{ lost: Entry[], rebased: Map<number, Partial<Entry>> }} Recovered `rebased`: what is new, by place */

/** So long the server knows a command by its key; one that is older might be carried out twice. */
const KNOWN_MS = 7 * 86_400_000;

/**
 * Finds out what the server has lost, and which commands that wait were about it. It changes nothing.
 * @param {Entry[]} sent commands that were carried out, in order
 * @param {Entry[]} known what was lost before
 * @param {Entry[]} waiting
 * @param {boolean} isReset the server was put back; if that is not known, the latest command tells
 * @returns {Promise<Recovered | null>} null if there is nothing to recover
 */
export async function recovered(sent, known, waiting, isReset) {
  const histories = new Histories();
  const isBack = isReset || (await hasLostLatest(histories, sent));
  if (!isBack && waiting.length === 0) return null;
  const all = [...known, ...sent].sort((one, other) => one.place - other.place);
  const lost = isBack ? await findLost(histories, all) : known;
  for (const entry of lost) entry.again = await rebase(histories, entry, lost, all);
  /** @type {Map<number, Partial<Entry>>} */
  const rebased = new Map();
  for (const entry of waiting) {
    const now = await rebase(histories, entry, lost, all);
    if (now !== entry) rebased.set(entry.place, changedBy(now));
  }
  return { lost, rebased };
}

/** @param {Entry} entry */
const changedBy = ({ id, path, rev, state, status, reason }) => ({ id, path, rev, state, status, reason });

/**
 * Writes down what was found out.
 * @param {Transaction} transaction
 * @param {Recovered} found
 * @param {Entry[]} known what was lost before
 */
export async function writeRecovered(transaction, found, known) {
  // Another tab may have asked and been answered meanwhile.
  const there = [...(await transaction.sent()), ...(await readLost(transaction))].map(({ key }) => key);
  const lost = found.lost.filter(({ key }) => there.includes(key));
  for (const { place } of lost) transaction.removeSent(place);
  for (const entry of known) {
    if (!found.lost.includes(entry)) await transaction.putSent(entry);
  }
  transaction.write('lost', lost);
  for (const held of await transaction.commands()) {
    const news = found.rebased.get(held.place);
    if (news) transaction.put({ ...held, ...news });
  }
}

/** @param {Transaction} transaction @returns {Promise<Entry[]>} */
export async function readLost(transaction) {
  const lost = await transaction.read('lost');
  return Array.isArray(lost) ? lost.filter(isEntry) : [];
}

/**
 * Whether the latest command is lost that certainly leaves a trace: a status or an owner that a record had already
 * leaves none.
 * @param {Histories} histories
 * @param {Entry[]} sent
 */
async function hasLostLatest(histories, sent) {
  const latest = sent.filter(({ what }) => what !== 'status' && what !== 'give').slice(-1);
  return (await findLost(histories, latest)).length > 0;
}

/**
 * Of commands that were carried out, those that the server does not know.
 * @param {Histories} histories
 * @param {Entry[]} sent
 * @returns {Promise<Entry[]>}
 */
async function findLost(histories, sent) {
  const lost = [];
  for (const entry of sent) {
    const isTooOld = Date.now() - Date.parse(entry.at) >= KNOWN_MS;
    if (!isTooOld && (await isLost(histories, entry))) lost.push(entry);
  }
  return lost;
}

/** @param {Histories} histories @param {Entry} entry */
async function isLost(histories, entry) {
  const { id = '', what, key, made = '' } = entry;
  const isMade = makesRecord(what) && what !== 'convert';
  const steps = await histories.of(entry, isMade ? made : id);
  return !steps.some(({ origin }) => origin === histories.originOf(key));
}

/**
 * A command as it can be given from now on: what it is about may be entered again itself, or be gone.
 * @param {Histories} histories
 * @param {Entry} entry
 * @param {Entry[]} lost
 * @param {Entry[]} sent
 * @returns {Promise<Entry>}
 */
async function rebase(histories, entry, lost, sent) {
  const { id, path } = entry;
  if (!id || isLocal(id) || (await isSameRecord(histories, entry, id, sent))) return entry;
  const maker = lost.find(({ made }) => made === id);
  if (!maker) return { ...entry, state: 'parked', status: GONE, reason: words.lost.gone };
  const local = localId(maker.key);
  return { ...entry, id: local, path: path.replace(id, local), rev: undefined };
}

/**
 * Whether the record that has this id now is the one that a command was about.
 * @param {Histories} histories
 * @param {Entry} entry
 * @param {string} id
 * @param {Entry[]} sent
 */
async function isSameRecord(histories, entry, id, sent) {
  const first = (await histories.of(entry, id)).at(-1);
  if (!first) return false;
  return first.at === entry.record?.created_at || sent.some(({ key }) => histories.originOf(key) === first.origin);
}

/** The histories of records, each asked for once. */
class Histories {
  /** @type {Map<string, Promise<any[]>>} */
  #histories = new Map();
  /** The hash of each key that was looked for. @type {Map<string, string>} */
  #origins = new Map();

  /** @param {string} key */
  originOf(key) {
    const known = this.#origins.get(key) ?? originOf(key);
    this.#origins.set(key, known);
    return known;
  }

  /**
   * The history of a record, the newest step first; none if there is no such record, or none that can be read.
   * @param {Entry} entry
   * @param {string} id
   * @returns {Promise<any[]>}
   */
  of({ kind = 'order' }, id) {
    const asked = this.#histories.get(id) ?? readHistory(kind, id);
    this.#histories.set(id, asked);
    return asked;
  }
}

/** @param {import('../data/records.js').Kind} kind @param {string} id @returns {Promise<any[]>} */
async function readHistory(kind, id) {
  try {
    return (await api.history(kind, id)).body;
  } catch (error) {
    const isUnreadable = error instanceof api.ApiError && (error.status === 404 || error.status === 500);
    if (!isUnreadable) throw error;
    return [];
  }
}
