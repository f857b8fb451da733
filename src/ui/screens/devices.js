// The devices of the shop: those that wait to be let in (pairing), those that are, and how programs and the old app get
// in, which cannot log in.

import { confirm } from '../kit/dialog.js';
import { h, setText } from '../kit/dom.js';
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
  #digits = h('input', { name: 'digits', inputMode: 'numeric', autocomplete: 'off', maxLength: DIGITS + 1 });
  #missing = h('p.error', { role: 'alert' });
  /** It stays while the lists are drawn anew, so that what is typed does. */
  #entrance = h(
    'section.card.admin-list',
    { data: { section: 'let-in' } },
    h('h2', text.letIn),
    h(
      'form.digits-form',
      { noValidate: true, onsubmit: (/** @type {Event} */ event) => this.#find(event) },
      field(text.digits, this.#digits),
      button(text.confirm, () => {}, { look: 'strong', type: 'submit', name: 'find' }),
    ),
    this.#missing,
    h('div.actions', button(text.invite, () => this.#invite(), { icon: 'plus', name: 'invite' })),
  );

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
    this.#digits.value = '';
    setText(this.#missing, '');
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
      this.#entrance,
      adminList(
        text.waiting,
        waiting.map((/** @type {Waiting} */ one) => this.#waitingRow(one)),
        text.noneWaits,
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

  /** One that shows digits is let in by them, so that nobody lets another one in. @param {Waiting} waiting */
  #waitingRow(waiting) {
    const { id, name, is_invited: isInvited } = waiting;
    const about = name || text.kinds.browser;
    const refuse = () => this.after(request('POST', `/api/pairings/${id}/refuse`, {}));
    const confirmIt = () => this.#confirm(waiting);
    return adminRow(
      about,
      whence(waiting),
      isInvited ? button(text.confirm, confirmIt, { look: 'strong', name: 'let-in', about }) : '',
      button(text.refuse, refuse, { look: 'danger', name: 'refuse', about }),
    );
  }

  /** @param {Event} event */
  async #find(event) {
    event.preventDefault();
    const digits = this.#digits.value.replace(/\D/g, '');
    setText(this.#missing, digits.length === DIGITS ? '' : text.digitsMissing);
    if (digits.length !== DIGITS) return this.#digits.focus();
    if (await this.#confirm(null, digits)) this.#digits.value = '';
  }

  /**
   * @param {Waiting | null} waiting null for the one that shows the digits
   * @param {string} [digits] of one that was not invited
   * @returns {Promise<boolean>} whether it is in
   */
  async #confirm(waiting, digits) {
    const shown = (this.#waiting ?? []).filter((one) => !one.is_invited);
    // Of several the server alone knows which one shows them.
    const proposed = waiting ?? (shown.length === 1 ? shown[0] : null);
    const name = h('input', { name: 'name', value: proposed?.name ?? '', autocomplete: 'off' });
    const role = selectOf('role', this.#roles, null, text.noRole);
    const path = waiting ? `/api/pairings/${waiting.id}/confirm` : '/api/pairings/confirm';
    const letIn = () => request('POST', path, { code: digits, name: name.value.trim(), role: chosenId(role) });
    const content = [
      digits ? h('p', text.shows(digits)) : null,
      waiting ? h('p.quiet', whence(waiting)) : null,
      field(text.name, name),
      field(text.role, role),
    ];
    const made = await openTask(text.confirm, content.filter(Boolean), text.confirm, letIn);
    if (made) this.refresh();
    return made !== null;
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
    else await showOnce(text.address, made.is_cut ? `${text.doorAdvice} ${text.doorCut}` : text.doorAdvice, made.url);
    this.refresh();
  }
}

/** @param {Waiting} waiting */
const whence = ({ address, at, is_invited: isInvited }) =>
  [isInvited && text.invited, address && text.from(address), clock(at)].filter(Boolean).join(' · ');

/** @param {string} at */
const clock = (at) => wallTime(stamp(new Date(at)));
