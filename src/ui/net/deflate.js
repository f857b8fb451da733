// Whether the stream is asked for in compressed messages (permessage-deflate). The browser reads them by
// itself; but what stands between it and the server may not bear them, and then the stream goes on without
// them for a while.

import { local } from '../data/storage.js';

/** Until when it is left, in ms since 1970. */
const KEPT = 'deflate_off_until';
const OFF_MS = 30 * 24 * 60 * 60 * 1_000;
/** An end without a word that comes so soon after the beginning is held against the compression. */
const SOON_MS = 10_000;
const WITHOUT_A_WORD = 1006;
/** Close codes of an end that cannot read what the other one sends. */
const UNREADABLE = new Set([1002, 1003, 1007, 1009, 1010]);

/** To this machine itself the way is short. @param {string} host */
const isHere = (host) =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || host.startsWith('127.');

export function wantsDeflate() {
  const offMs = Number(local.read(KEPT)) - Date.now();
  // A clock that was wrong does not make it longer.
  return !isHere(location.hostname) && !(offMs > 0 && offMs <= OFF_MS);
}

/** A message was not what it should have been. */
export const leaveDeflate = () => local.write(KEPT, String(Date.now() + OFF_MS));

/**
 * A connection has ended.
 * @param {WebSocket} socket
 * @param {number} code with which it was closed
 * @param {number} openMs for how long it was open
 */
export function noteEnd({ extensions }, code, openMs) {
  if (extensions && (UNREADABLE.has(code) || (code === WITHOUT_A_WORD && openMs < SOON_MS))) leaveDeflate();
}
