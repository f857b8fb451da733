// The only module that calls fetch. It knows paths, time limits and error texts, and nothing of the screen.

import { readJson } from '../data/lossless.js';
import { wantIn } from '../data/people.js';
import { PLURAL } from '../data/records.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('../data/records.js').SaleRecord} SaleRecord */

/**
 * @typedef {object} Answer
 * @property {any} body
 * @property {number} seq the last change that the answer contains; 0 if the server does not say
 * @property {string} epoch of that state; empty if the server does not say
 *
 * @typedef {object} KeyedCommand something to be done once, however often it is sent
 * @property {string} method
 * @property {string} path
 * @property {string} key its Idempotency-Key
 * @property {string} [body] JSON
 * @property {number} [rev] do it only if the record still has this revision
 *
 * @typedef {{ q?: string, status?: string, before?: string, limit: number }} Query
 */

const UNAUTHORIZED = 401;
/** A server that takes longer is treated like one that is away. */
const TIMEOUT_MS = 10_000;

/** The server answered, but not with what was asked for. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} detail a sentence for people
   * @param {number} [wait] seconds after which it may be tried again; 0 if the server does not say
   */
  constructor(status, detail, wait = 0) {
    super(detail);
    this.status = status;
    this.wait = wait;
  }
}

/** Whether the server says that it has no such thing. @param {unknown} error */
export const isMissing = (error) => error instanceof ApiError && error.status === 404;

/**
 * A page of a list, newest first.
 * @param {Kind} kind
 * @param {Query} query
 * @returns {Promise<Answer>}
 */
export async function list(kind, query) {
  const path = kind === 'estimate' ? '/api/estimates/all' : '/api/orders/orders-only';
  const answer = await get(`${path}?${parameters(query)}`);
  const records = kind === 'estimate' ? answer.body : answer.body?.orders?.items;
  if (!Array.isArray(records)) throw new ApiError(200, 'The answer is not a list');
  return { ...answer, body: records };
}

/**
 * @param {Kind} kind
 * @param {string} id
 * @param {string} [part] of what is known about it
 */
export const record = (kind, id, part = '') => get(`/api/${PLURAL[kind]}/${encodeURIComponent(id)}${part}`);

/** @param {Kind} kind @param {string} id */
export const history = (kind, id) => record(kind, id, '/history');

/** The newest of both kinds that match. @param {Query} query */
export const search = (query) => get(`/api/search?${parameters(query)}`);

/**
 * What happened after `since`; from now on, if that is not given.
 * @param {{ since?: number, epoch: string, limit: number, wait?: number }} query `wait`: seconds for which the server
 * may wait
 */
export const changes = (query) => get(`/api/changes?${parameters(query)}`, TIMEOUT_MS + (query.wait ?? 0) * 1_000);

export const summary = () => get('/api/summary');
export const settings = () => get('/api/settings');
/** Who this page is for the server: person, device, role and rights. */
export const me = () => get('/api/me');
export const health = () => get('/health');

/**
 * Sends a command. Throws only if no answer came, so that it must be sent again.
 * @param {KeyedCommand} command
 * @returns {Promise<{ status: number, body: any }>}
 */
export async function send({ method, path, key, body, rev }) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', 'Idempotency-Key': key };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (rev !== undefined) headers['If-Match'] = `"${rev}"`;
  return ask(path, { method, headers, body }, TIMEOUT_MS, async (response) => {
    const answer = await response
      .text()
      .then(readJson)
      .catch(() => null);
    if (answer === null) throw new ApiError(response.status, 'The answer broke off');
    return { status: response.status, body: answer };
  });
}

/**
 * Asks for something that is done now or not at all, such as a login: it is never queued.
 * @param {string} method
 * @param {string} path
 * @param {any} [body]
 * @param {Record<string, string>} [more] headers
 * @returns {Promise<any>} the body of the answer
 */
export async function request(method, path, body, more = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', ...more };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const how = { method, headers, cache: /** @type {const} */ ('no-store'), body: JSON.stringify(body) };
  const answer = await ask(path, how, TIMEOUT_MS, answerOf);
  return answer.body;
}

let onLoggedOut = () => {};

/** What to do when an answer says that nobody is logged in any more. @param {() => void} act */
export function whenLoggedOut(act) {
  onLoggedOut = act;
}

/** A server that needs longer for nothing is slow or away. */
const THERE_MS = 1_500;

/** Whether the server answers right now, whatever it says. */
export const isThere = () => ask('/health', { cache: 'no-store' }, THERE_MS, async () => true).catch(() => false);

/**
 * Ends a request that takes too long; `AbortSignal.timeout` is younger than some shops' browsers.
 * @template T
 * @param {string} path
 * @param {RequestInit} how
 * @param {number} limit in ms
 * @param {(response: Response) => Promise<T>} read
 */
async function ask(path, how, limit, read) {
  const request = new AbortController();
  const timer = setTimeout(() => request.abort(), limit);
  try {
    const response = await fetch(path, { ...how, signal: request.signal });
    if (response.status === UNAUTHORIZED) onLoggedOut();
    return await read(response);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} path @returns {Promise<Answer>} */
const get = (path, limit = TIMEOUT_MS) =>
  ask(path, { headers: { Accept: 'application/json' }, cache: 'no-store' }, limit, answerOf);

/** @param {Response} response @returns {Promise<Answer>} */
async function answerOf(response) {
  const body = readJson(await response.text());
  if (!response.ok) {
    const wait = Number(response.headers.get('Retry-After')) || 0;
    throw new ApiError(response.status, wantIn(body) ?? String(body?.detail ?? response.statusText), wait);
  }
  const seq = response.headers.get('Sync-Seq') ?? '';
  return { body, seq: Number(seq) || 0, epoch: response.headers.get('Sync-Epoch') ?? '' };
}

/** @param {Record<string, any>} query */
function parameters(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}
