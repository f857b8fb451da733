// The only module that calls fetch. It knows paths, time limits and error texts, and nothing of the screen.

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').SaleRecord} SaleRecord */

/**
 * @typedef {object} ListAnswer
 * @property {SaleRecord[]} records newest first
 * @property {number | null} seq the last change that the list contains; null if the server does not say
 */

/** A server that takes longer is treated like one that is away. */
const TIMEOUT_MS = 10_000;

/** The server answered, but not with what was asked for. */
export class ApiError extends Error {
  /** @param {number} status @param {string} detail a sentence for people */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * @param {Kind} kind @param {number} limit @returns {Promise<ListAnswer>}
 */
export async function newest(kind, limit) {
  return kind === 'estimate' ? newestEstimates(limit) : newestOrders(limit);
}

/** @param {string} id @returns {Promise<SaleRecord>} */
export async function order(id) {
  const { body } = await get(`/api/orders/${encodeURIComponent(id)}`);
  return body;
}

/** What the owner should know now, in whole sentences. @returns {Promise<string[]>} */
export async function warnings() {
  const { body } = await get('/health');
  return list(body?.warnings).map((warning) => String(warning.message));
}

/** @param {number} limit @returns {Promise<ListAnswer>} */
async function newestEstimates(limit) {
  const { body, seq } = await get(`/api/estimates/all?limit=${limit}`);
  return { records: list(body), seq };
}

/** @param {number} limit @returns {Promise<ListAnswer>} */
async function newestOrders(limit) {
  const { body, seq } = await get(`/api/orders/orders-only?limit=${limit}`);
  return { records: list(body?.orders?.items), seq };
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(path, {
    headers: { Accept: 'application/json' },
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = await response.json();
  if (!response.ok) throw new ApiError(response.status, String(body?.detail ?? response.statusText));
  return { body, seq: sequence(response.headers.get('Sync-Seq')) };
}

/** @param {unknown} value @returns {any[]} */
function list(value) {
  if (!Array.isArray(value)) throw new ApiError(200, 'The answer is not a list');
  return value;
}

/** @param {string | null} header @returns {number | null} */
function sequence(header) {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
