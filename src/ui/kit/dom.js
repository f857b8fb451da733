// Building blocks of the document. Text only ever enters it as text, never as markup.

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Makes an element: `h('button.strong', { type: 'button', onclick }, 'Save')`. A key that begins with `on` is a
 * listener, any other a property where the element has one, else an attribute; nothing is set for null, undefined and
 * false.
 * @param {string} spec tag and classes
 * @param {...(Child | Record<string, any>)} parts children, and before them properties
 * @returns {any} the element; its exact type follows from the tag
 */
export function h(spec, ...parts) {
  const [tag, ...classes] = spec.split('.');
  const node = document.createElement(tag);
  if (classes.length > 0) node.className = classes.join(' ');
  const hasProps = parts[0] && typeof parts[0] === 'object' && !(parts[0] instanceof Node);
  for (const [name, value] of Object.entries(hasProps ? /** @type {any} */ (parts.shift()) : {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'data') Object.assign(node.dataset, value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== 'list' && name !== 'form') /** @type {any} */ (node)[name] = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(.../** @type {Child[]} */ (parts).filter(isShown));
  return node;
}

/** @param {Child} child @returns {child is Node | string} */
const isShown = (child) => child !== null && child !== undefined && child !== false;

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const node = /** @type {SVGElement} */ (document.createElementNS('http://www.w3.org/2000/svg', tag));
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** The part of the page that index.html promises. @param {string} id */
export const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Makes `parent` hold exactly `nodes`, moving none that is already in its place.
 * @param {Element} parent
 * @param {Child[]} nodes
 */
export function arrange(parent, nodes) {
  const shown = nodes.filter(isShown);
  const wanted = new Set(shown);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let present = parent.firstChild;
  for (const node of shown) {
    if (present === node) present = present.nextSibling;
    else if (typeof node === 'string') parent.insertBefore(document.createTextNode(node), present);
    else parent.insertBefore(node, present);
  }
}

/**
 * Sets text only if it differs, so that a screen reader is told of real changes alone.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Lights a node up for a moment; one that is still alight starts again. @param {HTMLElement} node */
export function glow(node) {
  node.classList.add('fresh');
  for (const animation of node.getAnimations()) animation.currentTime = 0;
  node.onanimationend = () => node.classList.remove('fresh');
}

/** Calls `act` once, `pause` ms after the last call. @param {number} pause @param {(...args: any[]) => void} act */
export function later(pause, act) {
  let timer = 0;
  return (/** @type {any[]} */ ...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), pause);
  };
}
