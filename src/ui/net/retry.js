// Waiting before the next attempt: exponential back-off with full jitter.

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 20_000;
const DOUBLINGS_MAX = 10;

/**
 * Full jitter, so that all tills of a shop do not knock at the same moment when the server is back.
 * @param {number} attempt from 0
 * @returns {number} milliseconds
 */
export function retryDelay(attempt) {
  const most = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt + 1, DOUBLINGS_MAX));
  return RETRY_FIRST_MS + Math.random() * (most - RETRY_FIRST_MS);
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
