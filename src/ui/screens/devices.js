// The devices of the shop: those that wait to be let in (pairing), those that are, and how programs and the old app get
// in, which cannot log in.

import { confirm } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { stamp, wallTime } from '../kit/format.js';
import { button, field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { newKey } from '../data/commands.js';
import { request } from '../net/api.js';
import { AdminScreen, adminList, adminRow } from './admin.js';
import { Unfit } from './problem.js';
import { chosenId, openTask, selectOf, showOnce } from './secrets.js';

/** @typedef {import('../data/people.js').Named} Named */
/** @typedef {{ id: number, name: string | null, address: string | null, at: string, is_invited: boolean }} Waiting */
/**
 * @typedef {object} Device
 * @property {number} id
 * @property {string} name
 * @property {'browser' | 'program' | 'door'} kind
 * @property {Named | null} role
 * @property {Named | null} person
 * @property {string | null} last_seen
 * @property {string | null} address
 * @property {boolean} is_this
 */

const text = words.devices;
const LOOK_EVERY_MS = 3_000;
const DIGITS = 6;

export class DevicesScreen extends AdminScreen {
  /** @type {Named[]} */
  #roles = [];
  #session;
  #timer = 0;
  /** Those that wait, as they are drawn; null until they are known. @type {Waiting[] | null} */
  #waiting = null;

  /** @param {any} app */
  constructor(app) {
    super('devices', text.title, () => this.#read());
    this.#session = app.session;
  }

  /**
   * Somebody who lets a device in waits for it to appear.
   * @param {string[]} [parts] which one, and its digits, if the address has them
   */
  async show([asked] = []) {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#waiting = null;
    await super.show();
    // Whose session is over logs in first, and comes back to the same address.
    if (asked && this.#waiting && this.node.isConnected) this.#confirmRead(asked, this.#waiting);
  }

  /** @param {string} asked what a camera has read from the device @param {Waiting[]} all */
  #confirmRead(asked, all) {
    history.replaceState(null, '', '#/devices');
    const [id, digits = ''] = asked.split('.');
    const waiting = all.find((one) => String(one.id) === id);
    if (waiting) this.#confirm(waiting, digits);
    else this.say(words.pairing.over);
  }

  /** Nothing moves under the finger of somebody who is busy with another device. */
  async #look() {
    if (!this.isShown || document.querySelector('dialog[open]')) return;
    const waiting = await request('GET', '/api/pairings').catch(() => null);
    if (waiting && JSON.stringify(waiting) !== JSON.stringify(this.#waiting)) this.refresh();
  }

  leave() {
    clearInterval(this.#timer);
    super.leave();
  }

  async #read() {
    const [waiting, devices, roles] = await Promise.all(
      ['pairings', 'devices', 'roles'].map((name) => request('GET', `/api/${name}`)),
    );
    this.#roles = roles;
    this.#waiting = waiting;
    const add = (/** @type {string} */ label, /** @type {'program' | 'door'} */ kind) =>
      button(label, () => this.#add(label, kind), { icon: 'plus', name: `add-${kind}` });
    return [
      adminList(
        text.waiting,
        waiting.map((/** @type {Waiting} */ one) => this.#waitingRow(one)),
        text.noneWaits,
        button(text.invite, () => this.#invite(), { icon: 'plus', name: 'invite' }),
      ),
      adminList(
        text.known,
        devices.map((/** @type {Device} */ one) => this.#row(one)),
        '',
        add(text.addProgram, 'program'),
        add(text.addDoor, 'door'),
      ),
    ];
  }

  /** @param {Waiting} waiting */
  #waitingRow(waiting) {
    const { id, name } = waiting;
    const about = name || text.kinds.browser;
    const refuse = () => this.after(request('POST', `/api/pairings/${id}/refuse`, {}));
    return adminRow(
      about,
      whence(waiting),
      button(text.confirm, () => this.#confirm(waiting), { look: 'strong', name: 'let-in', about }),
      button(text.refuse, refuse, { look: 'danger', about }),
    );
  }

  /** @param {Waiting} waiting @param {string} [read] digits that nobody has to type */
  async #confirm(waiting, read) {
    const { id, name: proposed, is_invited: isInvited } = waiting;
    const code = h('input', { name: 'code', inputMode: 'numeric', autocomplete: 'off', maxLength: DIGITS + 1 });
    const name = h('input', { name: 'name', value: proposed ?? '', autocomplete: 'off' });
    const role = selectOf('role', this.#roles, null, text.noRole);
    const letIn = () => {
      const digits = isInvited ? undefined : (read ?? code.value.replace(/\D/g, ''));
      const said = { code: digits, name: name.value.trim(), role: chosenId(role) };
      return request('POST', `/api/pairings/${id}/confirm`, said);
    };
    const content = [
      read ? h('p', text.shows(read)) : null,
      h('p.quiet', whence(waiting)),
      isInvited || read ? null : field(text.digits, code, text.digitsHint),
      field(text.name, name),
      field(text.role, role),
    ];
    if (await openTask(text.confirm, content.filter(Boolean), text.confirm, letIn)) this.refresh();
  }

  async #invite() {
    const made = await request('POST', '/api/pairings', {}).catch((error) => this.after(Promise.reject(error)));
    if (made) await showOnce(text.address, text.inviteAdvice, made.url, made.qr);
  }

  /** @param {Device} device */
  #row(device) {
    const { name, kind, role, person, last_seen: seen, address, is_this: isThis } = device;
    const quiet = [
      isThis && text.isThis,
      text.kinds[kind],
      role?.name,
      person?.name,
      seen ? text.seen(clock(seen)) : text.never,
      address,
    ];
    const edit = button(text.edit, () => this.#edit(device), { icon: 'edit', isIconOnly: true, about: name });
    const revoke = button(text.revoke, () => this.#revoke(device), { look: 'danger', name: 'revoke', about: name });
    return adminRow(name, quiet.filter(Boolean).join(' · '), edit, revoke);
  }

  /** @param {Device} device */
  async #edit({ id, name: known, kind, role: limit }) {
    const name = h('input', { name: 'name', value: known, autocomplete: 'off' });
    const isBrowser = kind === 'browser';
    const none = limit ? undefined : text.chooseRole;
    const role = selectOf('role', this.#roles, limit?.id, isBrowser ? text.noRole : none);
    const save = () => request('PUT', `/api/devices/${id}`, { name: name.value.trim(), role: chosenId(role) ?? null });
    const content = [field(text.name, name), field(isBrowser ? text.role : words.people.role, role)];
    if (await openTask(text.edit, content, words.people.save, save)) this.refresh();
  }

  /** @param {Device} device */
  async #revoke({ id, name }) {
    if (!(await confirm(text.revokeAsk(name), text.revokeGoes, text.revoke))) return;
    await this.after(request('DELETE', `/api/devices/${id}`));
  }

  /** @param {string} title @param {'program' | 'door'} kind */
  async #add(title, kind) {
    const name = h('input', { name: 'name', autocomplete: 'off' });
    // None is chosen before somebody does: the first one may do everything.
    const role = selectOf('role', this.#roles, null, text.chooseRole);
    const person = selectOf('person', this.#session.people, null, text.noPerson);
    const content = [field(text.name, name), field(words.people.role, role), field(text.person, person)];
    // The same attempt twice makes one device, whose token is told once.
    const key = { 'Idempotency-Key': newKey() };
    const add = async () => {
      if (!chosenId(role)) throw new Unfit(text.roleMissing);
      const said = { name: name.value.trim(), kind, role: chosenId(role), person: chosenId(person) };
      return request('POST', '/api/devices', said, key);
    };
    const made = await openTask(title, content, text.add, add);
    if (!made) return;
    if (kind === 'program') await showOnce(text.token, text.tokenAdvice, made.token);
    else await showOnce(text.address, text.doorAdvice, made.url);
    this.refresh();
  }
}

/** @param {Waiting} waiting */
const whence = ({ address, at, is_invited: isInvited }) =>
  [isInvited && text.invited, address && text.from(address), clock(at)].filter(Boolean).join(' · ');

/** @param {string} at */
const clock = (at) => wallTime(stamp(new Date(at)));
