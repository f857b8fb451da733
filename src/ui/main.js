// Starts the page: makes the parts, ties them together, and shows the screen that the address names. What is shown
// follows the store, at most once per frame.

import { Actions } from './actions.js';
import { Book } from './book.js';
import { Catalogue } from './catalogue.js';
import { Db } from './db.js';
import { showKeys } from './dialog.js';
import { part } from './dom.js';
import { Form } from './form.js';
import { Home } from './home.js';
import { Outbox, localId } from './outbox.js';
import { PrintScreen } from './print.js';
import { SettingsScreen, setTheme } from './settings.js';
import { Shell } from './shell.js';
import { local } from './storage.js';
import { Store } from './store.js';
import { Sync } from './sync.js';
import { usableSettings } from './wire.js';
import { words } from './words.js';

setTheme(local.read('theme') ?? '');

const store = new Store();
const outbox = new Outbox(new Db(), unsentChanged, stored);
const sync = new Sync(store, `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/sync`);
const shell = new Shell(store, outbox);
const toast = shell.toast.bind(shell);
const app = {
  store,
  outbox,
  sync,
  toast,
  renderSoon,
  search,
  catalogue: new Catalogue(store),
  actions: new Actions(store, outbox, toast),
};

/** Screens are made when they are first shown and keep their place. @type {Record<string, () => any>} */
const SCREENS = {
  home: () => new Home(app),
  estimate: () => new Book(app, 'estimate'),
  order: () => new Book(app, 'order'),
  form: () => new Form(app),
  settings: () => new SettingsScreen(app),
  print: () => new PrintScreen(app),
};
/** @type {Map<string, any>} */
const screens = new Map();
/** @type {any} */
let screen = null;
let isRenderWaiting = false;

function unsentChanged() {
  store.unsent = outbox.entries;
  store.lost = outbox.lost;
  store.isKeeping = outbox.isKeeping;
  store.changed();
}

/**
 * What was only here has a number now, and the server may have something to say; if it is open, its address is
 * another one.
 * @param {import('./outbox.js').Entry} entry
 * @param {any} body
 */
function stored(entry, body) {
  // What the server did otherwise than it was asked, such as a time that it does not believe.
  for (const note of Array.isArray(body?.notes) ? body.notes : []) toast(String(note));
  const id = body?.order_id ?? body?.estimate_id;
  if (id && location.hash.includes(localId(entry.key)))
    location.replace(location.hash.replace(localId(entry.key), id));
}

function render() {
  isRenderWaiting = false;
  shell.render();
  screen?.render();
  shell.point(route().menu, screen?.title);
  store.fresh.clear();
}

function renderSoon() {
  if (isRenderWaiting) return;
  isRenderWaiting = true;
  const act = () => isRenderWaiting && render();
  requestAnimationFrame(act);
  // A page behind others has no frames, but what it knows must not wait.
  setTimeout(act, 200);
}

/** Text that was encoded for an address; as it stands if it was not. @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What the address asks for: the screen, its place in the menu, and the rest of the address. */
function route() {
  const [first = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decoded);
  const kind = first === 'estimates' ? 'estimate' : first === 'orders' ? 'order' : '';
  if (kind && rest[1] === 'print') return { name: 'print', menu: kind, rest, kind };
  if (kind === 'estimate' && rest[1] === 'edit') return { name: 'form', menu: kind, rest, kind };
  if (kind) return { name: kind, menu: kind, rest, kind };
  if (first === 'new') return { name: 'form', menu: 'plus', rest, kind };
  return {
    name: first === 'settings' ? 'settings' : 'home',
    menu: first === 'settings' ? 'settings' : 'home',
    rest,
    kind,
  };
}

function navigate() {
  const { name, rest, kind } = route();
  if (!screens.has(name)) screens.set(name, SCREENS[name]());
  const next = screens.get(name);
  if (screen !== next) {
    screen?.leave?.();
    screen = next;
    part('main').replaceChildren(screen.node);
  }
  // What a screen has to keep in sight it says itself.
  part('toasts').classList.remove('high');
  store.shown = kind ? (rest[0] ?? '') : '';
  screen.show(rest, kind);
  render();
}

/** @param {KeyboardEvent & { target: any }} event */
function shortcut(event) {
  if (document.querySelector('dialog[open]')) return;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== 'radio';
  if (event.key === 'Escape') stepBack(isTyping ? event.target : null);
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'n') location.hash = '#/new';
  else if (event.key === '?') showKeys();
  else if (event.key === '/') search();
  else if (event.key === 'p' && screen.open) location.hash += '/print/now';
  else return;
  event.preventDefault();
}

/** @param {HTMLElement | null} field */
function stepBack(field) {
  const { name, rest, kind } = route();
  if (field && name !== 'form') field.blur();
  else if (name === 'form' || name === 'print') history.back();
  else if (kind && rest[0]) location.hash = `#/${kind}s`;
}

function search() {
  if (!screen.focusSearch) location.hash = '#/orders';
  requestAnimationFrame(() => screen.focusSearch?.());
}

/** Has the page kept for when the server is away, where the browser allows that. */
async function keepPage() {
  try {
    await navigator.serviceWorker?.register('/sw.js');
  } catch {
    // Then the page comes from the server alone.
  }
}

store.subscribe(renderSoon);
store.subscribe(() => outbox.setOpen(store.connection === 'live'));
outbox.onHeld = (why) => toast(words.outbox.held(why), 'bad');
sync.onConverted = (frame) => {
  if (!outbox.isOwn(frame.origin))
    toast(words.said.converted(frame.data?.estimate_number ?? '', frame.order_number ?? ''));
};
sync.onRead = (wasReset) => outbox.recover(wasReset);
addEventListener('hashchange', navigate);
addEventListener('keydown', /** @type {any} */ (shortcut));
addEventListener('beforeunload', (event) => outbox.waiting > 0 && event.preventDefault());
// What the shop had chosen is known before the server answers, and without it.
let settings = { ...usableSettings(local.readObject('settings'), store.settings), rev: 0 };
store.setSettings(settings);
store.subscribe(() => {
  if (settings !== store.settings) local.writeObject('settings', (settings = store.settings));
});
outbox.start();
navigate();
sync.start();
keepPage();
