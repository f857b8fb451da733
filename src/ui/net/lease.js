// The lease on sending: of all tabs of a browser one sends, for as long as its lease lasts. Should two send at once
// after all, the idempotency keys see to it that nothing is done twice.

import { newKey } from '../data/commands.js';
import { isObject, session } from '../data/storage.js';

/** @typedef {import('./database.js').Transaction} Transaction */

const LEASE_MS = 15_000;
const NAME = 'lease';

/** The same after a reload, which need not wait for its own lease then. */
const tab = tabId();

/**
 * Takes the lease, or makes it last longer.
 * @param {Transaction} transaction
 * @returns {Promise<boolean>} whether it is this tab's
 */
export async function takeLease(transaction) {
  const lease = await transaction.read(NAME);
  const isOurs = !isTaken(lease) || lease.tab === tab;
  if (isOurs) transaction.write(NAME, { tab, until: Date.now() + LEASE_MS });
  return isOurs;
}

/** @param {Transaction} transaction */
export async function releaseLease(transaction) {
  const lease = await transaction.read(NAME);
  if (lease?.tab === tab) transaction.write(NAME, null);
}

/** Whether some tab is sending. @param {Transaction} transaction */
export async function isLeased(transaction) {
  return isTaken(await transaction.read(NAME));
}

/** @param {any} lease */
const isTaken = (lease) => isObject(lease) && lease.until > Date.now() && lease.until - Date.now() <= LEASE_MS;

function tabId() {
  const known = session.read('tab') ?? '';
  if (/^[0-9a-f]{32}$/.test(known)) return known;
  const made = newKey();
  session.write('tab', made);
  return made;
}
