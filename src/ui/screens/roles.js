// The roles of the shop: what each may do (the rights), how much of the records it sees, and what is hidden.

import { MICRO, parseMicros, toNumber } from '../kit/decimal.js';
import { confirm } from '../kit/dialog.js';
import { h } from '../kit/dom.js';
import { button, choice, field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { isPercentage } from '../data/amounts.js';
import { RIGHTS } from '../data/people.js';
import { request } from '../net/api.js';
import { AdminScreen, adminList, adminRow } from './admin.js';
import { Unfit } from './problem.js';
import { checkbox, openTask } from './secrets.js';

/**
 * @typedef {object} Role
 * @property {number} id
 * @property {string} name
 * @property {string[]} rights
 * @property {Record<string, string>} scope
 * @property {number | null} days_back
 * @property {number} discount_max
 * @property {string[]} masks
 * @property {boolean} is_fixed
 */

const text = words.roles;
/** Roles that every shop has. */
const BUILT_IN_MAX = 4;
const NEW = {
  rights: ['sell', 'estimate'],
  scope: { estimates: 'all', orders: 'all' },
  days_back: null,
  discount_max: 10,
  masks: [],
};

export class RolesScreen extends AdminScreen {
  constructor() {
    super('roles', text.title, () => this.#read());
  }

  async #read() {
    const roles = await request('GET', '/api/roles');
    const add = button(text.add, () => this.#edit(null), { icon: 'plus', look: 'strong', name: 'add-role' });
    return [
      adminList(
        '',
        roles.map((/** @type {Role} */ one) => this.#row(one)),
        '',
        add,
      ),
    ];
  }

  /** @param {Role} role */
  #row(role) {
    if (role.is_fixed) return adminRow(role.name, text.fixed);
    const edit = button(text.edit, () => this.#edit(role), { icon: 'edit', isIconOnly: true, about: role.name });
    return adminRow(role.name, text.count(role.rights.length), edit);
  }

  /** @param {Role | null} role null for a new one */
  async #edit(role) {
    const base = role ?? NEW;
    const name = h('input', { name: 'name', value: role?.name ?? '', autocomplete: 'off' });
    const days = h('input', {
      name: 'days_back',
      value: base.days_back ?? '',
      inputMode: 'numeric',
      autocomplete: 'off',
    });
    const limit = h('input', {
      name: 'discount_max',
      value: base.discount_max,
      inputMode: 'decimal',
      autocomplete: 'off',
    });
    const rights = checkboxes(RIGHTS, text.rights, base.rights);
    const masks = checkboxes(Object.keys(text.masks), text.masks, base.masks);
    const scope = /** @type {Record<string, string>} */ ({ ...base.scope });
    const scopes = Object.entries(text.scopes).map(([kind, label]) =>
      choice(label, `scope-${kind}`, text.scope, scope[kind], (chosen) => {
        scope[kind] = chosen;
      }),
    );
    const save = async () => {
      const said = {
        name: name.value.trim(),
        rights: rights.chosen(),
        scope,
        days_back: daysIn(days.value),
        discount_max: percentIn(limit.value),
        masks: masks.chosen(),
      };
      return role ? request('PUT', `/api/roles/${role.id}`, said) : request('POST', '/api/roles', said);
    };
    const content = [
      field(words.people.name, name),
      group(text.may, ...rights.nodes),
      group(text.sees, ...scopes, field(text.days, days, text.daysHint)),
      field(text.limit, limit),
      group(text.hides, ...masks.nodes),
    ];
    const isOwn = role && role.id > BUILT_IN_MAX;
    const others = isOwn ? [button(words.people.remove, (event) => this.#remove(event, role), { look: 'danger' })] : [];
    const saved = await openTask(role ? text.edit : text.add, content, words.people.save, save, others);
    if (saved) this.refresh();
  }

  /** @param {Event} event @param {Role} role */
  async #remove(event, role) {
    /** @type {any} */ (event.target).closest('dialog').close();
    if (!(await confirm(text.removeAsk(role.name), text.removeGoes, words.people.remove))) return;
    await this.after(request('DELETE', `/api/roles/${role.id}`));
  }
}

/** How many days back, as typed; null for all. @param {string} typed @returns {number | null} */
function daysIn(typed) {
  if (typed.trim() === '') return null;
  const micros = parseMicros(typed);
  if (micros === null || micros < 0n || micros % MICRO !== 0n) throw new Unfit(text.daysWrong);
  return toNumber(micros);
}

/** @param {string} typed @returns {number} */
function percentIn(typed) {
  const micros = parseMicros(typed);
  if (micros === null || !isPercentage(micros)) throw new Unfit(text.limitWrong);
  return toNumber(micros);
}

/** @param {string} title @param {...any} content */
const group = (title, ...content) => h('fieldset.group', h('legend.field-label', title), ...content);

/**
 * @param {readonly string[]} names
 * @param {Record<string, string>} labels
 * @param {readonly string[]} checked
 */
function checkboxes(names, labels, checked) {
  const boxes = names.map((name) => ({ name, ...checkbox(labels[name], name, checked.includes(name)) }));
  return {
    nodes: boxes.map(({ node }) => node),
    chosen: () => boxes.filter(({ input }) => input.checked).map(({ name }) => name),
  };
}
