// Keeps the store in step with the server. It never touches the screen.
//
// The stream (`/sync`) opens first, then what the screens need is fetched; the store takes both in any order. After
// an absence the stream tells everything that was missed since its last sequence; `reset` means that the shop's
// database is another one, or that something else may be seen of it by now, and everything is read anew; so does
// `view`, in the midst of it. A message that cannot be understood makes the lists be read again.
//
// Whether the server is there is decided by HTTP: while the socket is not open, long polling carries the feed, and
// the socket is tried again now and then. Each answer that comes after a wait is asked whether it is still wanted.

import { today } from '../kit/format.js';
import { KINDS } from '../data/records.js';
import { Attendance } from './attendance.js';
import { leaveDeflate, wantsDeflate } from './deflate.js';
import { LongPoll } from './long_poll.js';
import { pause, retryDelay } from './retry.js';
import { LiveSocket } from './websocket.js';
import { readChange, readFrame } from './wire.js';
import * as api from './api.js';

/** @typedef {import('../data/records.js').Kind} Kind */
/** @typedef {import('./wire.js').Frame} Frame */
/** @typedef {import('../data/records.js').Change} Change */
/** @typedef {import('../data/store.js').Store} Store */
/** @typedef {import('../data/view.js').View} View */

/** An interruption that lasts longer is called offline. */
const OFFLINE_AFTER_MS = 15_000;
/** Answers of a server, or of a proxy before it, that is not there for anybody. */
const AWAY = new Set([408, 429, 502, 503, 504]);
/** However many messages ask for it, the same thing is read again no more often than this. */
const RELOAD_SPACING_MS = 1_000;
/** A stream that does not say hello is taken as it is. */
const HELLO_WAIT_MS = 3_000;
/** A socket that is not there after this is not waited for. */
const POLL_AFTER_MS = 2_000;
/** Long polling does not tell of new settings, so they are read as often as this. */
const SETTINGS_EVERY_MS = 15_000;
const LOOK_EVERY_MS = 60_000;
/** Records of a page. */
const PAGE = 50;
/** Changes to look back over for the recent activity. */
const LOOK_BACK = 60;
const LOOK_BACK_MAX = 100;

export class Sync {
  #store;
  #live;
  #poll;
  /** What brings the changes. @type {'' | 'socket' | 'poll'} */
  #carrier = '';
  /** @type {import('./long_poll.js').Position | null} */
  #position = null;
  /** Grows with each lost connection and each reset; whoever reads everything in an earlier era stops. */
  #era = 0;
  #isReading = false;
  /** Grows when what is known is void: what was asked before is not wanted any more. */
  #shop = 0;
  /** How often each question was asked; only the answer to the latest is wanted. @type {Map<string, number>} */
  #questions = new Map();
  #offlineTimer = 0;
  #helloTimer = 0;
  #pollTimer = 0;
  #lookTimer = 0;
  #settingsReadAt = 0;
  /** @type {Map<string, number>} */
  #timers = new Map();
  /** Whether it is still to be found out what the server has lost, and whether it is known to have been put back. */
  #mayHaveLost = true;
  #wasReset = false;
  /** Something else may be seen from now on, or nothing, so that it is asked who is here before anything is read. */
  #isInDoubt = false;
  #isOn = false;
  /** Only a part of the records is shown. */
  #isCut = false;
  /** Tells the server where this tab is; over the socket alone. */
  attendance = new Attendance((text) => this.#carrier === 'socket' && this.#live.send(text));
  /** What was seen may not be seen any more. */
  onVoid = () => {};
  /** Asks who is here; fails if the server does not say. */
  onDoubt = async () => {};
  /** The server was read anew. @type {(wasReset: boolean) => Promise<void>} */
  onRead = async () => {};
  /** A record may not be seen any more. @type {(id: string) => void} */
  onHidden = () => {};
  /** A conversion happened, here or elsewhere. @type {(frame: Change) => void} */
  onConverted = () => {};

  /** @param {Store} store @param {string} url of the stream */
  constructor(store, url) {
    this.#store = store;
    this.#live = new LiveSocket(() => this.#address(url), {
      onUp: () => this.#up(),
      onDown: (heardAt) => this.#down(heardAt),
      onText: (text) => this.#receive(readFrame(text)),
      onEnded: () => this.onDoubt().catch(() => {}),
    });
    this.#poll = new LongPoll({
      position: () => this.#position,
      onPage: (page) => this.#turn(page),
      onDown: (heardAt) => this.#lose('poll', heardAt),
    });
  }

  /** @param {boolean} isCut only a part of the records is shown */
  start(isCut) {
    this.stop();
    this.#isOn = true;
    this.#isCut = isCut;
    // What is not shown is not lost, so that of an earlier `reset` nothing is known any more.
    if (isCut) this.#wasReset = false;
    this.#startOfflineTimer();
    this.#live.start();
    this.#pollSoon();
    this.#lookTimer ||= setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Nobody is there who may see the records: what was asked is not wanted any more. */
  stop() {
    this.#isOn = false;
    this.#live.stop();
    this.#poll.stop();
    for (const timer of [this.#offlineTimer, this.#helloTimer, this.#pollTimer]) clearTimeout(timer);
    this.#offlineTimer = 0;
    this.#pollTimer = 0;
    this.#carrier = '';
    this.#store.presence.end();
    this.#position = null;
    this.#isReading = false;
    this.#isInDoubt = false;
    this.#era += 1;
    this.#shop += 1;
    if (this.#store.connection !== 'connecting') this.#store.setConnection('connecting');
  }

  /** @param {string} url */
  #address(url) {
    const { epoch, seq } = this.#position ?? {};
    const asked = wantsDeflate() ? ['deflate=1'] : [];
    if (epoch) asked.push(`since=${seq}`, `epoch=${encodeURIComponent(epoch)}`);
    return asked.length ? `${url}?${asked.join('&')}` : url;
  }

  #up() {
    clearTimeout(this.#helloTimer);
    this.#helloTimer = setTimeout(() => {
      if (this.#carrier !== '') return;
      this.#carry('socket');
      this.#readEverything();
    }, HELLO_WAIT_MS);
  }

  /** @param {'socket' | 'poll'} carrier */
  #carry(carrier) {
    this.#carrier = carrier;
    if (carrier === 'poll') return;
    clearTimeout(this.#pollTimer);
    this.#pollTimer = 0;
    this.#poll.stop();
  }

  #pollSoon() {
    this.#pollTimer ||= setTimeout(() => this.#poll.start(), POLL_AFTER_MS);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    switch (frame.type) {
      case 'sync':
        return this.#step(frame);
      case 'settings':
        return this.#store.setSettings(frame.data);
      case 'presence':
        return this.#meet(frame);
      case 'reload':
        if (frame.isGarbled) this.#goOnPlainly();
        return this.reload(frame.kinds);
      default:
        return this.#apply(frame);
    }
  }

  /** Who is at which record. @param {import('./wire.js').PresenceFrame} frame */
  #meet(frame) {
    const { presence } = this.#store;
    presence.hear(frame);
    if (frame.action === 'taken' && presence.takerOf(frame.id ?? '')) this.attendance.yield(frame.id ?? '');
  }

  /** What came garbled may have been compressed; it comes again as it is. */
  #goOnPlainly() {
    if (!wantsDeflate()) return;
    leaveDeflate();
    this.#live.stop();
    this.#live.start();
  }

  /** @param {import('./wire.js').SyncFrame} frame */
  #step({ action, seq, epoch, resume }) {
    if (action === 'hello' || action === 'view') {
      clearTimeout(this.#helloTimer);
      this.#carry('socket');
      // Who is where comes anew behind it, and by what it is answered one knows oneself in that.
      this.#store.presence.begin(action === 'hello');
      if (action === 'hello') this.attendance.begin();
      this.#begin(epoch ?? '', seq, resume, action === 'view');
      return;
    }
    if (this.#position) this.#position.seq = seq;
    if (action === 'live') this.#caughtUp();
  }

  /**
   * @param {string} epoch
   * @param {number} seq
   * @param {string} [resume] what becomes of what was missed
   * @param {boolean} [isSameShop] a `reset` comes of what may be seen
   */
  #begin(epoch, seq, resume, isSameShop = false) {
    // What was missed is still to come, so only the epoch is new.
    const reached = resume === 'catch_up' ? (this.#position?.seq ?? 0) : seq;
    this.#position = { epoch, seq: reached };
    if (resume === 'catch_up') return;
    if (resume === 'reset') this.#void(isSameShop);
    this.#readEverything();
  }

  /** Nothing that is known may be shown any more. @param {boolean} isSameShop */
  #void(isSameShop) {
    this.#shop += 1;
    this.#isInDoubt = true;
    this.#mayHaveLost ||= !isSameShop;
    this.#wasReset ||= !isSameShop && !this.#isCut;
    this.#store.forget();
    this.onVoid();
  }

  /** Takes a page of the feed over HTTP. @param {any} page */
  #turn({ resume, changes, next, epoch, seq }) {
    this.#carry('poll');
    if (resume !== 'catch_up') return this.#begin(epoch, next, resume);
    for (const change of changes) this.#receive(readChange(change));
    this.#position = { epoch, seq: next };
    if (next < seq) return;
    if (this.#store.connection !== 'live' && !this.#isReading) this.#caughtUp();
    if (performance.now() - this.#settingsReadAt > SETTINGS_EVERY_MS) this.#readSettings().catch(() => {});
  }

  /** @param {Change} frame */
  #apply(frame) {
    const isWhole = this.#store.apply(frame);
    if (frame.seq !== undefined && this.#position) this.#position.seq = frame.seq;
    if (frame.action === 'hide' || frame.action === 'delete') this.#store.presence.drop(frame.id);
    if (frame.action === 'hide') this.onHidden(frame.id);
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
        const views = [...this.#store.views].filter((view) => view.kind === kind);
        await Promise.all(views.map((view) => this.#renew(view)));
      });
    }
    this.#soon('figures', () => this.#readFigures());
  }

  /** @param {string} what @param {() => Promise<unknown>} act */
  #soon(what, act) {
    if (this.#timers.has(what)) return;
    const actNow = () => {
      this.#timers.delete(what);
      act().catch(() => {
        if (this.#store.connection === 'live') this.#soon(what, act);
      });
    };
    this.#timers.set(what, setTimeout(actNow, Math.random() * RELOAD_SPACING_MS));
  }

  /**
   * Asks, and hands on the answer only if it is still wanted: nobody has asked the same again, and it is the same shop.
   * @template T
   * @param {string} what
   * @param {() => Promise<T>} ask
   * @returns {Promise<T | null>}
   */
  async #latest(what, ask) {
    const shop = this.#shop;
    const number = (this.#questions.get(what) ?? 0) + 1;
    this.#questions.set(what, number);
    const answer = await ask();
    return shop === this.#shop && number === this.#questions.get(what) ? answer : null;
  }

  /** The next page of a view; the first one if it has none. @param {View} view */
  async load(view) {
    if (view.state === 'loading' || view.isWhole) return;
    view.state = 'loading';
    const { turn } = view;
    this.#store.changed();
    try {
      const { kind, q, status, oldest } = view;
      const { body, seq } = await api.list(kind, { q, status, before: oldest, limit: PAGE });
      // Meanwhile the view was told anew, or has let go of the end that this goes on from.
      if (turn !== view.turn || this.#store.extend(view, body, PAGE, seq)) return;
      view.state = 'new';
      await this.#renew(view);
    } catch (error) {
      if (turn !== view.turn) return;
      this.#store.fail(view);
      throw error;
    }
  }

  /** A view from its newest record on. @param {View} view */
  async begin(view) {
    if (view.state === 'loading') return;
    view.state = 'loading';
    const { turn } = view;
    try {
      await this.#renew(view, PAGE);
    } catch (error) {
      if (turn !== view.turn) return;
      this.#store.fail(view);
      throw error;
    }
  }

  /** A view again, as far as it was told. @param {View} view @returns {Promise<void>} */
  async #renew(view, limit = Math.max(PAGE, view.size)) {
    const { kind, q, status } = view;
    const shop = this.#shop;
    const { body, seq } = await api.list(kind, { q, status, limit });
    if (shop !== this.#shop || !this.#store.views.has(view)) return;
    if (!this.#store.renew(view, body, limit, seq)) await this.#renew(view, limit);
  }

  /**
   * One record.
   * @param {Kind} kind
   * @param {string} id
   * @returns {Promise<any>}
   */
  async read(kind, id) {
    const shop = this.#shop;
    const { body, seq } = await api.record(kind, id);
    if (shop !== this.#shop) return this.read(kind, id);
    this.#store.learn(kind, [body], seq);
    return body;
  }

  /** Everything that the screens show, until it is there or the connection is lost. */
  async #readEverything() {
    const era = (this.#era += 1);
    const startedAt = Date.now();
    this.#isReading = true;
    for (let attempt = 0; era === this.#era; attempt += 1) {
      try {
        if (this.#isInDoubt) await this.onDoubt();
        if (era !== this.#era) return;
        this.#isInDoubt = false;
        await this.#readShop();
        await this.#lookForLost();
        if (era !== this.#era) return;
        const views = [...this.#store.views];
        await Promise.all(views.map((view) => this.#unlessFaulty(view.kind, () => this.#renew(view))));
        if (era === this.#era) this.#reached();
        return;
      } catch {
        if (era !== this.#era) return;
        this.#interrupted(startedAt);
        await pause(retryDelay(attempt));
      }
    }
  }

  /** Of a part of the records it cannot be said what is lost and what is only not shown. */
  async #lookForLost() {
    if (!this.#mayHaveLost || this.#isCut) return;
    const era = this.#era;
    await this.onRead(this.#wasReset);
    if (era !== this.#era) return;
    this.#mayHaveLost = false;
    this.#wasReset = false;
  }

  async #readShop() {
    await this.#unlessFaulty('settings', () => this.#readSettings());
    await this.#unlessFaulty('figures', () => this.#readFigures());
    await this.#unlessFaulty('activity', () => this.#readActivity());
    await this.#readHealth();
  }

  /**
   * A server that cannot tell one thing is there all the same, and sells. It is asked for that thing again.
   * @param {string} what
   * @param {() => Promise<unknown>} read
   */
  async #unlessFaulty(what, read) {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof api.ApiError) || AWAY.has(error.status)) throw error;
      this.#soon(what, read);
    }
  }

  async #readSettings() {
    this.#settingsReadAt = performance.now();
    const answer = await this.#latest('settings', api.settings);
    if (answer) this.#store.setSettings(answer.body);
  }

  async #readFigures() {
    const { figures } = this.#store;
    figures.expect();
    const answer = await this.#latest('figures', api.summary);
    if (!answer) return;
    const { body, seq, epoch } = answer;
    if (!this.#position) this.#position = { epoch, seq };
    figures.take(body, seq);
    this.#store.changed();
    if (figures.isStale) this.#soon('figures', () => this.#readFigures());
  }

  async #readActivity() {
    const { epoch, seq } = this.#position ?? { epoch: '', seq: 0 };
    const answer = await this.#latest('activity', () =>
      api.changes({ since: Math.max(0, seq - LOOK_BACK), epoch, limit: LOOK_BACK_MAX }),
    );
    if (!answer) return;
    const { changes, next } = answer.body;
    // What came by the stream since then is newer.
    const later = this.#store.activity.filter((event) => (event.seq ?? 0) > next).reverse();
    const told = changes.filter((/** @type {any} */ one) => one.action !== 'hide' && !isOfConversion(one));
    this.#store.activity = [];
    const events = told.map((/** @type {any} */ one) => ({ record: one.data ?? null, ...one }));
    for (const event of [...events, ...later]) this.#store.note(event);
    for (const kind of KINDS) {
      const records = changes.filter((/** @type {any} */ one) => one.type === kind && one.data);
      const known = records.map((/** @type {any} */ one) => one.data);
      this.#store.learn(kind, known, next);
    }
  }

  /** A new day begins without a message. */
  #look() {
    if (!this.#isOn) return;
    this.#readHealth();
    if ((this.#store.figures.days.at(-1)?.day ?? '') < today()) this.#soon('figures', () => this.#readFigures());
  }

  async #readHealth() {
    try {
      const answer = await this.#latest('health', api.health);
      if (!answer) return;
      const warnings = Array.isArray(answer.body.warnings) ? answer.body.warnings : [];
      this.#store.warnings = warnings.map((/** @type {any} */ warning) => String(warning.message));
      this.#store.changed();
    } catch {
      // The pill says how the connection is.
    }
  }

  /** Everything that was missed is here; what has no place in the stream is read again. */
  #caughtUp() {
    if (this.#isInDoubt || (this.#mayHaveLost && !this.#isCut)) return this.#readEverything();
    this.#reached();
    this.#soon('shop', () => this.#readShop());
    for (const view of this.#store.views) if (view.state !== 'ready') this.load(view).catch(() => {});
  }

  #reached() {
    this.#isReading = false;
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#store.setConnection('live');
  }

  /** The socket is lost, or did not come. @param {number} heardAt */
  #down(heardAt) {
    clearTimeout(this.#helloTimer);
    this.#store.presence.begin(true);
    this.#pollSoon();
    if (this.#carrier !== 'poll') this.#lose('socket', heardAt);
  }

  /** @param {'socket' | 'poll'} carrier that does not bring anything any more @param {number} heardAt */
  #lose(carrier, heardAt) {
    if (this.#carrier !== '' && this.#carrier !== carrier) return;
    this.#carrier = '';
    this.#era += 1;
    this.#isReading = false;
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

/** Whether it is the sale that an estimate became: of that the conversion itself tells. @param {any} change */
const isOfConversion = ({ type, action, data }) =>
  type === 'order' && action === 'create' && Boolean(data?.source_estimate_id);
