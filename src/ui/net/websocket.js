// The only module that opens the socket. It keeps one connection alive for ever and hands on the text that arrives;
// what the text means is not its business.

import { noteEnd } from './deflate.js';
import { retryDelay } from './retry.js';

/**
 * @typedef {object} SocketHandlers
 * @property {() => void} onUp a new connection is open; everything sent from now on will be handed on
 * @property {(heardAt: number) => void} onDown no connection (said again after each failed attempt); what happens until
 *   the next `onUp` is missed. `heardAt`: when the server was last heard, in ms since 1970, 0 for never.
 * @property {(text: string) => void} onText one message, in order
 * @property {() => void} onEnded the server has ended it, since whoever is here was logged out or may see less
 */

const CONNECT_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 20_000;
const SILENCE_MAX_MS = 45_000;
/** Close codes of a session that has ended, and of a view of which nothing is left. */
const ENDED = new Set([4401, 4403]);
/** After a device woke up or changed its network: how long the old connection has to prove that it still lives. */
const PROBE_MAX_MS = 5_000;
const WATCH_EVERY_MS = 5_000;

export class LiveSocket {
  /** @type {WebSocket | null} */
  #socket = null;
  #attempts = 0;
  #openedAt = 0;
  #heardAt = 0;
  #pingedAt = 0;
  #retryTimer = 0;
  #isOn = false;
  #isTied = false;
  #url;
  #handlers;

  /** @param {() => string} url asked before each connection @param {SocketHandlers} handlers */
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  /** Connects, and from then on always again. */
  start() {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#tie();
    this.#attempts = 0;
    this.#connect();
  }

  stop() {
    this.#isOn = false;
    clearTimeout(this.#retryTimer);
    this.#letGo();
  }

  /** @param {string} text @returns {boolean} whether there is a connection that takes it */
  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  /** Looks after the connection, from the first start on. */
  #tie() {
    if (this.#isTied) return;
    this.#isTied = true;
    setInterval(() => this.#watch(), WATCH_EVERY_MS);
    addEventListener('online', () => this.#wake());
    addEventListener('offline', () => this.#wake());
    addEventListener('pageshow', (event) => event.persisted && this.#wake());
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake());
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    const socket = this.#newSocket();
    this.#socket = socket;
    this.#openedAt = Date.now();
    if (!socket) return this.#tryLater();
    let openAt = 0;
    socket.onopen = () => {
      openAt = Date.now();
      this.#opened();
    };
    socket.onmessage = (event) => this.#heard(event.data);
    socket.onclose = ({ code }) => {
      noteEnd(socket, code, Date.now() - openAt);
      this.#lost();
      if (ENDED.has(code)) this.#handlers.onEnded();
    };
  }

  #opened() {
    this.#heardAt = Date.now();
    this.#ping();
    this.#handlers.onUp();
  }

  /** @param {unknown} data */
  #heard(data) {
    this.#heardAt = Date.now();
    this.#attempts = 0;
    if (typeof data === 'string' && data !== 'pong') this.#handlers.onText(data);
  }

  #lost() {
    if (this.#letGo()) this.#tryLater();
  }

  /**
   * Lets go of the connection at once: a close handshake over a dead network would take minutes.
   * @returns {boolean} whether there was one
   */
  #letGo() {
    const socket = this.#socket;
    if (!socket) return false;
    this.#socket = null;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
    return true;
  }

  #tryLater() {
    this.#retryTimer = setTimeout(() => this.#connect(), retryDelay(this.#attempts));
    this.#attempts += 1;
    this.#handlers.onDown(this.#heardAt);
  }

  /** Null where the browser allows none, or knows none. */
  #newSocket() {
    try {
      return new WebSocket(this.#url());
    } catch {
      return null;
    }
  }

  #ping() {
    this.#pingedAt = Date.now();
    this.#socket?.send('ping');
  }

  #watch() {
    const now = Date.now();
    if (this.#socket?.readyState === WebSocket.CONNECTING) {
      if (now - this.#openedAt > CONNECT_TIMEOUT_MS) this.#lost();
    } else if (this.#socket) {
      if (this.#isUnanswered() && now - this.#heardAt > SILENCE_MAX_MS) this.#lost();
      else if (now - this.#pingedAt >= PING_EVERY_MS) this.#ping();
    }
  }

  /** Silence counts only after a ping: a browser may put this page's timers to sleep, and then nobody has asked. */
  #isUnanswered() {
    return this.#pingedAt > this.#heardAt;
  }

  /** The device woke up or its network changed: waiting is over, and an open connection must prove itself. */
  #wake() {
    if (!this.#isOn) return;
    this.#attempts = 0;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#probe(this.#socket);
    else this.#reconnectNow();
  }

  /** @param {WebSocket} socket */
  #probe(socket) {
    this.#ping();
    setTimeout(() => {
      if (socket === this.#socket && this.#isUnanswered()) this.#reconnectNow();
    }, PROBE_MAX_MS);
  }

  #reconnectNow() {
    this.#lost();
    this.#connect();
  }
}
