// Why the server did not do what was asked of it at once, in words.

import { words } from '../kit/words.js';
import { ApiError } from '../net/api.js';

const TOO_MANY = 429;
/** Whoever has to wait longer is told by the server what else to do. */
const WAIT_MAX_SECONDS = 900;

/** What is wrong is seen here already. */
export class Unfit extends Error {}

/** @param {unknown} error @returns {string} */
export function problemOf(error) {
  if (error instanceof Unfit) return error.message;
  if (!(error instanceof ApiError)) return words.unreached;
  const isShort = error.wait > 0 && error.wait <= WAIT_MAX_SECONDS;
  return error.status === TOO_MANY && isShort ? words.login.wait(error.wait) : error.message;
}
