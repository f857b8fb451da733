// The audit: who logged in, was refused, allowed or changed something, the newest first, by day, person and kind.

import { h } from '../kit/dom.js';
import { stamp, wallTime } from '../kit/format.js';
import { button, field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { request } from '../net/api.js';
import { AdminScreen, adminRow } from './admin.js';
import { selectOf } from './secrets.js';

/** @typedef {import('../data/people.js').Named} Named */
/**
 * @typedef {object} AuditEntry
 * @property {number} place
 * @property {string} at
 * @property {Named | null} person
 * @property {Named | null} device
 * @property {string | null} address
 * @property {string} kind
 * @property {any} target
 * @property {any} detail
 */

const text = words.audit;
const PAGE = 100;

export class AuditScreen extends AdminScreen {
  /** @type {AuditEntry[]} */
  #entries = [];
  #isWhole = false;
  #filters;

  constructor() {
    super('audit', text.title, () => this.#read());
    const kinds = Object.entries(text.kinds).map(([value, label]) => h('option', { value }, label));
    this.#filters = {
      day: h('input', { type: 'date', name: 'day' }),
      person: selectOf('person', [], null, text.all),
      kind: h('select', { name: 'kind' }, h('option', { value: '' }, text.all), ...kinds),
    };
  }

  show() {
    this.#entries = [];
    return super.show();
  }

  async #read() {
    await this.#readPeople();
    if (this.#entries.length === 0) await this.#readMore();
    return this.#content();
  }

  /** Whoever is new since the screen was made is among the names. */
  async #readPeople() {
    const { person } = this.#filters;
    const chosen = person.value;
    const people = await request('GET', '/api/people');
    person.replaceChildren(...selectOf('person', people, null, text.all).childNodes);
    person.value = chosen;
  }

  #content() {
    const again = () => this.show();
    const { day, person, kind } = this.#filters;
    const filters = h(
      'div.audit-filters',
      { onchange: again },
      field(text.day, day),
      field(text.person, person),
      field(text.kind, kind),
    );
    const rows = this.#entries.map(entryRow);
    return [
      filters,
      h('section.card', rows.length > 0 ? h('ol', ...rows) : h('p.quiet', text.none)),
      h(
        'div.actions',
        this.#isWhole ? null : button(text.more, () => this.#more(), { name: 'more' }),
        button(text.check, () => this.#check(), { name: 'verify' }),
      ),
    ];
  }

  async #more() {
    await this.after(this.#readMore());
  }

  async #readMore() {
    const { day, person, kind } = this.#filters;
    const said = { from: day.value, to: day.value, person: person.value, kind: kind.value };
    const query = new URLSearchParams({
      ...said,
      before: String(this.#entries.at(-1)?.place ?? ''),
      limit: String(PAGE),
    });
    for (const [name, value] of [...query]) if (value === '') query.delete(name);
    const page = await request('GET', `/api/audit?${query}`);
    this.#entries = [...this.#entries, ...page];
    this.#isWhole = page.length < PAGE;
  }

  async #check() {
    await this.after(
      request('GET', '/api/audit/verify').then(({ is_whole: isWhole, entries, broken_at: place }) => {
        this.#verdict = isWhole ? text.whole(entries) : text.broken(place);
      }),
    );
    if (this.#verdict) this.say(this.#verdict);
    this.#verdict = '';
  }

  #verdict = '';
}

/** @param {AuditEntry} entry */
function entryRow({ at, person, device, address, kind, target, detail }) {
  const name = /** @type {Record<string, string>} */ (text.kinds)[kind] ?? kind;
  const what = [name, plain(target), plain(detail)].filter(Boolean).join(' · ');
  const known = [person?.name, device?.name, address].filter(Boolean).join(' · ');
  const who = known || (kind === 'strangers' ? '' : text.machine);
  return adminRow(what, who, h('time.quiet', { dateTime: at }, wallTime(stamp(new Date(at)))));
}

/** @param {any} value a text, something named, or more than that */
const plain = (value) => (typeof value === 'object' && value !== null ? (value.name ?? JSON.stringify(value)) : value);
