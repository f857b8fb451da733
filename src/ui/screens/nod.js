// A manager's nod: what was refused for want of a right is allowed in place by somebody who may, with the PIN or the
// password. It says what that is, so that nobody allows what was not meant.

import { money } from '../kit/format.js';
import { h } from '../kit/dom.js';
import { button, field } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { parseObject } from '../data/storage.js';
import { isMissing, request } from '../net/api.js';
import { chosenId, openTask, passwordInput, pinInput, selectOf } from './secrets.js';
import { titleOf } from './unsent.js';

/** @typedef {import('../data/commands.js').Entry} Entry */
/** @typedef {import('../data/people.js').Named} Person */

const text = words.nod;

/**
 * @param {string[]} may roles of those who may allow it
 * @param {Entry} entry what is to be allowed
 * @param {readonly Person[]} people those who may, if the server names them
 * @param {readonly Person[]} all for the names of others in what is to be allowed
 * @param {() => Promise<boolean>} repeat sends it once more; false if no nod is needed any more, or none helps
 * @returns {Promise<boolean>} whether it is allowed now
 */
export async function askNod(may, entry, people, all, repeat) {
  // Nobody is chosen for them: a PIN that is typed for somebody else counts as a wrong one.
  const person = selectOf('person', people, null, people.length > 1 ? text.choose : undefined);
  const secret = h('div');
  let input = pinInput('pin');
  const ask = (/** @type {boolean} */ isPassword) => {
    input = isPassword ? passwordInput() : pinInput('pin');
    const otherWay = () => {
      ask(!isPassword);
      input.focus();
    };
    secret.replaceChildren(
      field(isPassword ? words.login.passwordOf : words.people.pin, input),
      button(isPassword ? words.login.usePin : words.login.password, otherWay, { look: 'bare', name: 'other-way' }),
    );
  };
  ask(false);
  const allow = () =>
    request('POST', '/api/override', { person: chosenId(person), [input.name]: input.value, for: entry.key });
  const insist = async () => {
    try {
      return await allow();
    } catch (error) {
      // A server that was started anew does not remember what it has refused.
      if (!isMissing(error)) throw error;
      return (await repeat()) ? allow() : { allowed: false };
    }
  };
  const what = [titleOf(entry), ...detailsOf(entry, all)].join(' · ');
  const asked = h('p', { data: { nod: 'what' } }, h('strong', what));
  const content = [asked, h('p', text.who(may)), field(text.person, person), secret];
  const answer = await openTask(text.title, content, text.allow, insist);
  return answer?.allowed === true;
}

/** What the title of a command does not say. @param {Entry} entry @param {readonly Person[]} people */
function detailsOf({ what, path, body }, people) {
  const said = parseObject(body) ?? {};
  if (what === 'status') return [new URLSearchParams(path.split('?')[1]).get('status')].filter(Boolean);
  if (what === 'give') return [people.find(({ id }) => id === said.person)?.name].filter(Boolean);
  // The title of what is new has the amount.
  const total = what === 'create' || !Number.isFinite(said.total) ? '' : money(said.total);
  const items = Array.isArray(said.items) ? said.items : [];
  const off = Math.max(0, ...items.map((/** @type {any} */ item) => Number(item?.discount) || 0));
  return [total, billDiscount(said), off > 0 && text.lineDiscount(off)].filter(Boolean);
}

/** @param {Record<string, any>} said */
function billDiscount({ discount_amount: off, is_percentage_discount: isPercent }) {
  if (!(off > 0)) return '';
  return text.discount(isPercent ? `${off} %` : money(off));
}
