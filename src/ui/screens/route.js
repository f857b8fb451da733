// The addresses of the page: which screen an address asks for, and its place in the menu.

/**
 * @typedef {object} Route
 * @property {string} name of the screen
 * @property {string} menu the place in the menu
 * @property {string[]} rest of the address
 * @property {'estimate' | 'order' | ''} kind
 */

/** How somebody gets in who is not. */
export const ENTRANCES = new Set(['owner', 'pair', 'login']);
/** The right for each of the screens that the settings lead to. @type {Record<string, 'people' | 'export'>} */
export const RIGHT_FOR = { people: 'people', roles: 'people', devices: 'people', audit: 'export' };

/** @param {string} hash the address behind the document's: `#/orders/ORD-1/print` @returns {Route} */
export function routeOf(hash) {
  const [first = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  const kind = kindOf(first);
  if (kind && rest[1] === 'print') return { name: 'print', menu: kind, rest, kind };
  if (kind === 'estimate' && rest[1] === 'edit') return { name: 'form', menu: kind, rest, kind };
  if (kind) return { name: kind, menu: kind, rest, kind };
  if (first === 'new') return { name: 'form', menu: 'plus', rest, kind };
  // Codes stand in the address alone: `#owner=CODE`, `#pair=INVITE`.
  const [word, code] = first.split('=');
  if (code && ENTRANCES.has(word)) return { name: word, menu: '', rest: [code], kind };
  // The device that waits, and its digits: `#confirm=ID.DIGITS`.
  if (code && word === 'confirm') return { name: 'devices', menu: 'settings', rest: [code], kind };
  if (ENTRANCES.has(first)) return { name: first, menu: '', rest, kind };
  if (first === 'settings' || first in RIGHT_FOR) return { name: first, menu: 'settings', rest, kind };
  return { name: 'home', menu: 'home', rest, kind };
}

/** @param {string} first part of an address */
function kindOf(first) {
  if (first === 'estimates') return 'estimate';
  return first === 'orders' ? 'order' : '';
}

/** Text that was encoded for an address; as it stands if it was not. @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
