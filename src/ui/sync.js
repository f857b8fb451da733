// Keeps the store in step with the server. It never touches the screen.
//
// The stream (`/sync`) opens first, then what the screens need is fetched; the store takes both in any order. After an absence
// the stream tells everything that was missed since its last sequence; `reset` means that the shop's database is another one,
// and everything is read anew. A message that cannot be understood makes the lists be read again.

import * as api from './api.js';
import { today } from './format.js';
import { Live, retryDelay } from './live.js';
import { KINDS, readFrame } from './wire.js';

/** @typedef {import('./wire.js').Kind} Kind */
/** @typedef {import('./wire.js').Frame} Frame */
/** @typedef {import('./wire.js').Change} Change */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./view.js').View} View */

/** An interruption that lasts longer is called offline. */
const OFFLINE_AFTER_MS = 15_000;
/** However many messages ask for it, the same thing is read again no more often than this. */
const RELOAD_SPACING_MS = 1_000;
/** A stream that does not say hello is taken as it is. */
const HELLO_WAIT_MS = 3_000;
const LOOK_EVERY_MS = 60_000;
/** Records of a page. */
const PAGE = 50;
/** Changes to look back over for the recent activity. */
const LOOK_BACK = 60;

export class Sync {
  #store;
  #live;
  /** @type {{ epoch: string, seq: number } | null} */
  #position = null;
  /** Grows with each lost connection and each reset; an answer to a question of an earlier era is dropped. */
  #era = 0;
  #offlineTimer = 0;
  #helloTimer = 0;
  /** @type {Map<string, number>} */
  #timers = new Map();
  /** Whether it is still to be found out what the server has lost, and whether it is known to have been put back. */
  #mayHaveLost = true;
  #wasReset = false;
  /** The server was read anew. @type {(wasReset: boolean) => Promise<void>} */
  onRead = async () => {};
  /** A conversion happened, here or elsewhere. @type {(frame: Change) => void} */
  onConverted = () => {};

  /** @param {Store} store @param {string} url of the stream */
  constructor(store, url) {
    this.#store = store;
    this.#live = new Live(() => this.#address(url), {
      onUp: () => this.#up(),
      onDown: (heardAt) => this.#down(heardAt),
      onText: (text) => this.#receive(readFrame(text)),
    });
  }

  start() {
    this.#startOfflineTimer();
    this.#live.start();
    setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** @param {string} url */
  #address(url) {
    const { epoch, seq } = this.#position ?? {};
    return epoch ? `${url}?since=${seq}&epoch=${encodeURIComponent(epoch)}` : url;
  }

  #up() {
    const era = (this.#era += 1);
    this.#helloTimer = setTimeout(() => era === this.#era && this.#readEverything(), HELLO_WAIT_MS);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    switch (frame.type) {
      case 'sync': return this.#step(frame);
      case 'settings': return this.#store.setSettings(frame.data);
      case 'reload': return this.reload(frame.kinds);
      default: return this.#apply(frame);
    }
  }

  /** @param {import('./wire.js').SyncFrame} frame */
  #step({ action, seq, epoch, resume }) {
    if (action !== 'hello') {
      if (this.#position) this.#position.seq = seq;
      if (action === 'live') this.#caughtUp();
      return;
    }
    clearTimeout(this.#helloTimer);
    // What was missed is still to come, so only the epoch is new.
    const reached = resume === 'catch_up' ? (this.#position?.seq ?? 0) : seq;
    this.#position = { epoch: epoch ?? '', seq: reached };
    if (resume === 'catch_up') return;
    if (resume === 'reset') {
      this.#store.forget();
      this.#mayHaveLost = this.#wasReset = true;
    }
    this.#readEverything();
  }

  /** @param {Change} frame */
  #apply(frame) {
    const isWhole = this.#store.apply(frame);
    if (frame.seq !== undefined && this.#position) this.#position.seq = frame.seq;
    if (frame.action === 'convert_to_order') {
      this.onConverted(frame);
      if (!frame.data) this.read('order', frame.order_id ?? '').catch(() => this.reload(['order']));
    }
    if (!isWhole) this.reload([frame.type]);
    if (this.#store.figures.isStale) this.#soon('figures', () => this.#readFigures());
  }

  /** Reads the lists of a kind again, soon; many wishes make one reading. @param {readonly Kind[]} kinds */
  reload(kinds) {
    for (const kind of kinds) {
      this.#soon(kind, async () => {
        await Promise.all([...this.#store.views].filter((view) => view.kind === kind).map((view) => this.#renew(view)));
      });
    }
    this.#soon('figures', () => this.#readFigures());
  }

  /** @param {string} what @param {() => Promise<unknown>} act */
  #soon(what, act) {
    if (this.#timers.has(what)) return;
    this.#timers.set(what, setTimeout(() => {
      this.#timers.delete(what);
      act().catch(() => this.#store.connection === 'live' && this.#soon(what, act));
    }, Math.random() * RELOAD_SPACING_MS));
  }

  /** The next page of a view; the first one if it has none. @param {View} view */
  async load(view) {
    if (view.state === 'loading' || view.isWhole) return;
    const era = this.#era;
    view.state = 'loading';
    this.#store.changed();
    try {
      const { body } = await api.list(view.kind, { q: view.q, status: view.status, before: view.oldest, limit: PAGE });
      if (era !== this.#era) {
        view.state = 'new';
        return;
      }
      view.take(body, PAGE);
      this.#store.learn(view.kind, body);
    } catch (error) {
      view.fail();
      this.#store.changed();
      throw error;
    }
  }

  /** A view again, as far as it was told. @param {View} view */
  async #renew(view) {
    const { kind, q, status } = view;
    const limit = Math.max(PAGE, this.#store.select(view).length);
    const { body, seq } = await api.list(kind, { q, status, limit });
    this.#store.renew(view, body, limit, seq);
  }

  /** One record. @param {Kind} kind @param {string} id */
  async read(kind, id) {
    const { body } = await api.record(kind, id);
    this.#store.learn(kind, [body]);
    return body;
  }

  /** Everything that the screens show, until it is there or the connection is lost. */
  async #readEverything() {
    const era = (this.#era += 1);
    const startedAt = Date.now();
    for (let attempt = 0; era === this.#era; attempt += 1) {
      try {
        await this.#readShop();
        if (this.#mayHaveLost) await this.onRead(this.#wasReset);
        this.#mayHaveLost = this.#wasReset = false;
        await Promise.all([...this.#store.views].map((view) => this.#renew(view)));
        if (era === this.#era) this.#reached();
        return;
      } catch {
        if (era !== this.#era) return;
        this.#interrupted(startedAt);
        await new Promise((resume) => setTimeout(resume, retryDelay(attempt)));
      }
    }
  }

  async #readShop() {
    const settings = await api.settings();
    this.#store.setSettings(settings.body);
    await this.#readFigures();
    await this.#readActivity();
    await this.#readHealth();
  }

  async #readFigures() {
    const { body, seq, epoch } = await api.summary();
    if (!this.#position) this.#position = { epoch, seq };
    this.#store.figures.take(body, seq);
    this.#store.changed();
  }

  async #readActivity() {
    const { epoch, seq } = this.#position ?? { epoch: '', seq: 0 };
    const { body } = await api.changes(Math.max(0, seq - LOOK_BACK), epoch);
    this.#store.activity = [];
    for (const change of body.changes) {
      if (change.type === 'order' && change.action === 'create' && change.data?.source_estimate_id) continue;
      this.#store.note({ record: change.data ?? null, ...change });
    }
    for (const kind of KINDS) {
      const records = body.changes.filter((/** @type {any} */ one) => one.type === kind && one.data);
      this.#store.learn(kind, records.map((/** @type {any} */ one) => one.data));
    }
  }

  /** A new day begins without a message. */
  #look() {
    this.#readHealth();
    if ((this.#store.figures.days.at(-1)?.day ?? '') < today()) this.#soon('figures', () => this.#readFigures());
  }

  async #readHealth() {
    try {
      const { body } = await api.health();
      const warnings = Array.isArray(body.warnings) ? body.warnings : [];
      this.#store.warnings = warnings.map((/** @type {any} */ warning) => String(warning.message));
      this.#store.changed();
    } catch {
      // The pill says how the connection is.
    }
  }

  /** Everything that was missed is here; what has no place in the stream is read again. */
  #caughtUp() {
    if (this.#mayHaveLost) return this.#readEverything();
    this.#reached();
    this.#soon('shop', () => this.#readShop());
    for (const view of this.#store.views) if (view.state !== 'ready') this.load(view).catch(() => {});
  }

  #reached() {
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#store.setConnection('live');
  }

  /** @param {number} heardAt */
  #down(heardAt) {
    clearTimeout(this.#helloTimer);
    this.#era += 1;
    this.#interrupted(heardAt);
  }

  /** @param {number} rightAt the last moment at which everything was known to be right */
  #interrupted(rightAt) {
    if (this.#store.connection === 'live') this.#store.setConnection('reconnecting', new Date(rightAt));
    if (navigator.onLine) this.#startOfflineTimer();
    else this.#store.setConnection('offline');
  }

  #startOfflineTimer() {
    this.#offlineTimer ||= setTimeout(() => this.#store.setConnection('offline'), OFFLINE_AFTER_MS);
  }
}

