// The session: who is at this till, from the first question to the server over login, lock and logout to the pairing of
// a new device. While the server is away a person is only chosen, and logs in as soon as it is back. It never touches
// the screen.

import { browserName } from '../kit/user_agent.js';
import { words } from '../kit/words.js';
import { isNamed, meOf, standingOf, unconfirmed } from '../data/people.js';
import { Channel, local, session as tab } from '../data/storage.js';
import * as api from './api.js';

/** @typedef {import('../data/people.js').Named} Named */
/** @typedef {import('../data/people.js').Me} Me */
/** @typedef {import('../data/commands.js').Entry} Entry */

/** A server that is away is asked for so often. */
const ASK_AGAIN_MS = 3_000;
/** Answers by which there is no session any more. */
const ENDED = new Set([401, 403, 404]);
const GONE = 410;
const FORBIDDEN = 403;

export class Session {
  /** Whether the server answered when it was last asked. */
  isReached = true;
  /** Whether this device was ever told who is there. */
  isKnown = false;
  /** Somebody wants to log in where nobody has to. */
  isWanted = false;
  /** Active persons, as far as this device was ever told. @type {Array<Named & { role?: string }>} */
  people = listOf(local.readObject('people'));
  /** Who is there has changed. */
  onChange = () => {};
  #store;
  #outbox;
  #channel = new Channel('tillsync people', () => this.#heardTab());
  /** Whose session it is for the server. @type {number | null} */
  #served = null;
  /**
   * Who has taken the page over while the server was away; nobody if it was only locked.
   * @type {{ person: Named | null } | null}
   */
  #away = null;
  /** The lock or the logout that is on its way. @type {Promise<unknown> | null} */
  #leaving = null;
  /** Grows with each login and each lock; what was asked before is answered for somebody else. */
  #turn = 0;
  /** @type {Promise<void> | null} */
  #reading = null;
  /** @type {Promise<void> | null} */
  #readingNext = null;
  #timer = 0;

  /** @param {import('../data/store.js').Store} store @param {import('./outbox.js').Outbox} outbox */
  constructor(store, outbox) {
    this.#store = store;
    this.#outbox = outbox;
    outbox.isInName = ({ by }) => !by || (by.id === this.#served && !(by.isUnconfirmed && this.#away));
  }

  /** Goes on as this device was left, and asks the server. */
  start() {
    this.#away = keptAway();
    const kept = local.readObject('me');
    if (kept) this.#show(meOf(kept));
    this.isKnown = kept !== null;
    // Of what is asked meanwhile the answer itself tells.
    api.whenLoggedOut(() => this.#reading ?? this.read());
    return this.read();
  }

  /** Another tab has locked the page, or somebody has logged in there. */
  #heardTab() {
    this.#turn += 1;
    this.#away = keptAway();
    this.#show(meOf(local.readObject('me')));
    // The tab that locks tells the server, and nobody a second time: somebody else may be in by then.
    if (!this.#away || this.#away.person) this.read();
  }

  /** Who it is that has to type the PIN now, because the server is back. */
  get unconfirmed() {
    return this.isReached ? (this.#away?.person ?? null) : null;
  }

  /** What the page has to show: the shop, the names, or how a device is let in. */
  get standing() {
    if (this.isWanted || this.unconfirmed) return 'login';
    return standingOf(this.#store.me);
  }

  /**
   * Asks the server who is here. What is asked for while it is asked may be news since then: then it is asked again,
   * once for all.
   * @returns {Promise<void>}
   */
  read() {
    if (this.#reading) {
      this.#readingNext ??= this.#reading.then(() => {
        this.#readingNext = null;
        return this.read();
      });
      return this.#readingNext;
    }
    this.#reading = this.#ask().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** @returns {Promise<void>} */
  async #ask() {
    clearTimeout(this.#timer);
    const turn = this.#turn;
    /** @type {unknown} */
    let body = null;
    try {
      ({ body } = await api.me());
    } catch (error) {
      // An older server knows no persons.
      if (!api.isMissing(error)) return this.#lost();
    }
    // Somebody has come in or gone while it was on its way.
    if (turn !== this.#turn) return this.#ask();
    await this.#heard(body);
  }

  #lost() {
    this.isReached = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.read(), ASK_AGAIN_MS);
    this.onChange();
  }

  /** @param {unknown} body what the server says of who is here */
  async #heard(body) {
    const me = meOf(body);
    this.isReached = true;
    this.#served = me.person?.id ?? null;
    local.writeObject('me', me);
    if (me.device) local.write('let_in', 'yes');
    this.#show(me);
    if (standingOf(me) === 'pair' || !me.has_owner) return;
    await this.#readPeople();
    // Whoever locked while the server was away is still logged in there.
    if (this.#away && !this.#away.person) this.lock();
  }

  /** @param {Me} me as the server said */
  #show(me) {
    const shown = this.#away && me.has_owner && me.device ? unconfirmed(me, this.#away.person) : me;
    const { person, isUnconfirmed } = shown;
    this.#outbox.person = person && (isUnconfirmed ? { ...person, isUnconfirmed } : person);
    this.#store.setMe(shown);
    this.onChange();
  }

  async #readPeople() {
    const people = await api.request('GET', '/api/people').catch(() => null);
    if (!Array.isArray(people)) return;
    const active = people.filter((/** @type {any} */ one) => one.is_active !== false && isNamed(one));
    this.people = active.map((/** @type {any} */ { id, name, role }) => ({ id, name, role: role?.name }));
    local.writeObject('people', { list: this.people });
    const isGone = (/** @type {Named} */ person) => !this.people.some(({ id }) => id === person.id);
    const isLeft = (/** @type {Entry} */ { by }) => by !== undefined && isGone(by);
    await this.#outbox.setAside(isLeft, ({ by }) => words.login.removed(by?.name ?? ''));
    if (this.#away?.person && isGone(this.#away.person)) this.lock();
    this.onChange();
  }

  /** @param {Record<string, any>} said person and PIN or password; throws what the server answers */
  async login(said) {
    // What the person before has given goes out in that person's name first.
    await this.#outbox.pump();
    await this.#enter('/api/login', said);
  }

  /** The first owner, or a new one. @param {Record<string, any>} said code, name and PIN */
  becomeOwner(said) {
    return this.#enter('/api/owner', said);
  }

  /** @param {string} path @param {Record<string, any>} said */
  async #enter(path, said) {
    // What is on its way to end the session of the person before is not to end the new one.
    await this.#leaving?.catch(() => {});
    try {
      const body = await api.request('POST', path, said);
      this.#turn += 1;
      this.#setAway(null);
      this.isWanted = false;
      await this.#heard(body);
      this.#tellTabs();
    } catch (error) {
      if (!(error instanceof api.ApiError)) this.#lost();
      throw error;
    }
  }

  /** The page is locked at once, whatever the server says. */
  async lock() {
    this.#setAway({ person: null });
    this.#show(meOf(local.readObject('me')));
    this.#tellTabs();
    await this.#leave('/api/lock');
  }

  /** This device forgets the shop, and the shop the device. @returns {Promise<boolean>} whether it is done */
  logout() {
    // It is not shut out, but leaves by itself.
    local.write('let_in', null);
    return this.#leave('/api/logout');
  }

  /** @param {string} path @returns {Promise<boolean>} whether it is done */
  async #leave(path) {
    if (this.#leaving) return false;
    try {
      this.#leaving = this.#outbox.pump().then(() => api.request('POST', path, {}));
      await this.#leaving;
    } catch (error) {
      // A server that is busy has not ended the session; it is asked again.
      if (!(error instanceof api.ApiError && ENDED.has(error.status))) {
        this.#lost();
        return false;
      }
    } finally {
      this.#leaving = null;
    }
    this.#turn += 1;
    this.#setAway(null);
    await this.read();
    this.#tellTabs();
    return true;
  }

  /** Somebody takes the till over while no PIN can be asked. @param {Named} person */
  choose(person) {
    this.#setAway({ person });
    this.isWanted = false;
    this.#show(meOf(local.readObject('me')));
    this.#tellTabs();
  }

  /** What a person who cannot type the PIN has given is set aside. */
  async giveUp() {
    const person = this.unconfirmed;
    if (!person) return;
    await this.#outbox.setAside(
      ({ by }) => by?.id === person.id,
      () => words.login.unconfirmed(person.name),
    );
    await this.lock();
  }

  #tellTabs() {
    this.#channel.tell({ type: 'me' });
  }

  /** @param {{ person: Named | null } | null} away */
  #setAway(away) {
    this.#away = away;
    local.write('away', away && JSON.stringify(away));
  }

  /** @param {boolean} isWanted somebody wants to log in where nobody has to */
  want(isWanted) {
    this.isWanted = isWanted;
    this.onChange();
  }

  /** Whether this device was let in before, and did not leave by itself. */
  get wasLetIn() {
    return local.read('let_in') !== null;
  }

  /** Whether this device has asked to be let in and waits. */
  get pairing() {
    return tab.readObject('pairing');
  }

  /** Asks to be let in; the secret outlives a reload. @param {string} [invite] */
  async askToPair(invite) {
    const name = browserName(navigator.userAgent, navigator.maxTouchPoints);
    const pairing = await api.request('POST', '/api/pair', { name, invite });
    tab.writeObject('pairing', pairing);
    return pairing;
  }

  /** @returns {Promise<'waiting' | 'paired' | 'refused' | 'over'>} */
  async lookAtPairing() {
    const { secret } = this.pairing ?? {};
    try {
      const body = await api.request('GET', '/api/pair', undefined, { Authorization: `Pair ${secret}` });
      if (!body?.device) return 'waiting';
      this.forgetPairing();
      await this.read();
      return 'paired';
    } catch (error) {
      if (!(error instanceof api.ApiError)) return 'waiting';
      if (error.status !== GONE && error.status !== FORBIDDEN) return 'waiting';
      this.forgetPairing();
      return error.status === GONE ? 'over' : 'refused';
    }
  }

  forgetPairing() {
    tab.write('pairing', null);
  }
}

/** What was done in this browser since the server went away. @returns {{ person: Named | null } | null} */
function keptAway() {
  const kept = local.readObject('away');
  return kept && { person: isNamed(kept.person) ? kept.person : null };
}

/** @param {Record<string, any> | null} kept @returns {Named[]} */
const listOf = (kept) => (Array.isArray(kept?.list) ? kept.list.filter(isNamed) : []);
