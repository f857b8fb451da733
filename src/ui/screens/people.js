// The people of the shop: who they are, their roles, their PINs and passwords.

import { confirm } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { button, field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { request } from '../net/api.js';
import { AdminScreen, adminList, adminRow } from './admin.js';
import { checkbox, chosenId, openTask, pinInput, selectOf } from './secrets.js';

/** @typedef {import('../data/people.js').Named} Named */
/** @typedef {Named & { role: Named, is_active: boolean, has_pin: boolean, has_password: boolean }} Person */

const text = words.people;

export class PeopleScreen extends AdminScreen {
  /** @type {Named[]} */
  #roles = [];
  #session;

  /** @param {any} app */
  constructor(app) {
    super('people', text.title, () => this.#read());
    this.#session = app.session;
  }

  async #read() {
    const [people, roles] = await Promise.all([request('GET', '/api/people'), request('GET', '/api/roles')]);
    this.#roles = roles;
    const add = button(text.add, () => this.#edit(null), { icon: 'plus', look: 'strong', name: 'add-person' });
    return [
      adminList(
        '',
        people.map((/** @type {Person} */ one) => this.#row(one)),
        '',
        add,
      ),
    ];
  }

  /** @param {Person} person */
  #row(person) {
    const { name, role, is_active: isActive, has_pin: hasPin } = person;
    const missing = canLogIn(person) ? !hasPin && text.noPin : text.cannot;
    const quiet = [role?.name, !isActive && text.inactive, missing].filter(Boolean).join(' · ');
    return adminRow(
      name,
      quiet,
      button(text.edit, () => this.#edit(person), { icon: 'edit', isIconOnly: true, about: name }),
    );
  }

  /** @param {Person | null} person null for a new one */
  async #edit(person) {
    const name = h('input', { name: 'name', value: person?.name ?? '', autocomplete: 'off' });
    const role = selectOf('role', this.#roles, person?.role?.id ?? this.#roles.at(-1)?.id);
    const pin = pinInput('pin');
    const password = h('input', { name: 'password', type: 'password', autocomplete: 'new-password' });
    const active = checkbox(text.active, 'is_active', person?.is_active ?? true);
    const hints = (/** @type {string} */ hint) => [hint, person && text.keep].filter(Boolean).join('. ');
    const save = () => {
      const secrets = { pin: pin.value || undefined, password: password.value || undefined };
      const said = { name: name.value.trim(), role: chosenId(role), is_active: active.input.checked, ...secrets };
      return person ? request('PUT', `/api/people/${person.id}`, said) : request('POST', '/api/people', said);
    };
    const content = [
      field(text.name, name),
      field(text.role, role),
      field(text.pin, pin, hints(text.pinHint)),
      field(text.password, password, hints(text.passwordHint)),
      active.node,
    ];
    const remove = person && button(text.remove, (event) => this.#remove(event, person), { look: 'danger' });
    const others = remove ? [remove] : [];
    const saved = await openTask(person ? text.edit : text.add, content, text.save, save, others);
    if (!saved) return;
    this.say(canLogIn(saved) ? '' : text.cannotLogIn(saved.name));
    this.#session.read();
    this.refresh();
  }

  /** @param {Event} event @param {Person} person */
  async #remove(event, person) {
    /** @type {any} */ (event.target).closest('dialog').close();
    if (!(await confirm(text.removeAsk(person.name), text.removeGoes, text.remove))) return;
    await this.after(request('DELETE', `/api/people/${person.id}`));
    this.#session.read();
  }
}

/** Whether there is something by which somebody can log in. @param {Person} person */
const canLogIn = ({ has_pin: hasPin, has_password: hasPassword }) => hasPin || hasPassword;
