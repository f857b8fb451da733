// The addresses of the page: which screen an address asks for, and its place in the menu.

/**
 * @typedef {object} Route
 * @property {'home' | 'estimate' | 'order' | 'form' | 'settings' | 'print'} name of the screen
 * @property {string} menu the place in the menu
 * @property {string[]} rest of the address
 * @property {'estimate' | 'order' | ''} kind
 */

/** @param {string} hash the address behind the document's: `#/orders/ORD-1/print` @returns {Route} */
export function routeOf(hash) {
  const [first = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  const kind = kindOf(first);
  if (kind && rest[1] === 'print') return { name: 'print', menu: kind, rest, kind };
  if (kind === 'estimate' && rest[1] === 'edit') return { name: 'form', menu: kind, rest, kind };
  if (kind) return { name: kind, menu: kind, rest, kind };
  if (first === 'new') return { name: 'form', menu: 'plus', rest, kind };
  const name = first === 'settings' ? 'settings' : 'home';
  return { name, menu: name, rest, kind };
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
