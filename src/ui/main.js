// Starts the page: makes the parts, ties them together, and shows the screen that the address names. What is shown
// follows the store, at most once per frame.

import { part } from './kit/dom.js';
import { words } from './kit/words.js';
import { localId } from './data/records.js';
import { usableSettings } from './data/settings.js';
import { local } from './data/storage.js';
import { Store } from './data/store.js';
import { Catalogue } from './net/catalogue.js';
import { Database } from './net/database.js';
import { Outbox } from './net/outbox.js';
import { Sync } from './net/sync.js';
import { Actions } from './screens/actions.js';
import { Form } from './screens/form.js';
import { Home } from './screens/home.js';
import { showKeys } from './screens/keys.js';
import { ListScreen } from './screens/lists.js';
import { PrintScreen } from './screens/print.js';
import { routeOf } from './screens/route.js';
import { SettingsScreen } from './screens/settings.js';
import { Shell } from './screens/shell.js';
import { savedTheme, setTheme } from './screens/theme.js';

/** A page behind others has no frames, but what it knows must not wait longer. */
const RENDER_WAIT_MS = 200;

setTheme(savedTheme());

const store = new Store();
const outbox = new Outbox(new Database(), unsentChanged, stored);
const sync = new Sync(store, `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/sync`);
const shell = new Shell(store, outbox);
const toast = shell.toast.bind(shell);
const actions = new Actions(store, outbox, toast);
const catalogue = new Catalogue(store);
/** What the screens are given. */
const app = { store, outbox, sync, toast, renderSoon, search, catalogue, actions };

/** Screens are made when they are first shown and keep their place. @type {Record<string, () => any>} */
const SCREENS = {
  home: () => new Home(app),
  estimate: () => new ListScreen(app, 'estimate'),
  order: () => new ListScreen(app, 'order'),
  form: () => new Form(app),
  settings: () => new SettingsScreen(app),
  print: () => new PrintScreen(app),
};
/** @type {Map<string, any>} */
const screens = new Map();
/** The one that is shown. @type {any} */
let screen = null;
let isRenderWaiting = false;

tieTogether();
useKeptSettings();
outbox.start();
navigate();
sync.start();
keepPage();

function tieTogether() {
  store.subscribe(renderSoon);
  store.subscribe(() => outbox.setOpen(store.connection === 'live'));
  outbox.onHeld = (/** @type {string} */ why) => toast(words.outbox.held(why), 'bad');
  sync.onConverted = sayConverted;
  sync.onRead = (/** @type {boolean} */ wasReset) => outbox.recover(wasReset);
  addEventListener('hashchange', navigate);
  addEventListener('keydown', /** @type {any} */ (shortcut));
  addEventListener('beforeunload', (event) => {
    if (outbox.waiting > 0) event.preventDefault();
  });
}

/** What the shop had chosen is known before the server answers, and without it. */
function useKeptSettings() {
  let settings = { ...usableSettings(local.readObject('settings'), store.settings), rev: 0 };
  store.setSettings(settings);
  store.subscribe(() => {
    if (settings === store.settings) return;
    settings = store.settings;
    local.writeObject('settings', settings);
  });
}

function unsentChanged() {
  store.unsent = outbox.entries;
  store.lost = outbox.lost;
  store.isKeeping = outbox.isKeeping;
  store.changed();
}

/**
 * What was only here has a number now, and the server may have something to say; if it is open, its address is
 * another one.
 * @param {import('./data/commands.js').Entry} entry
 * @param {any} body
 */
function stored(entry, body) {
  // What the server did otherwise than it was asked, such as a time that it does not believe.
  const notes = Array.isArray(body?.notes) ? body.notes : [];
  for (const note of notes) toast(String(note));
  const id = body?.order_id ?? body?.estimate_id;
  const own = localId(entry.key);
  if (id && location.hash.includes(own)) location.replace(location.hash.replace(own, id));
}

/** Of a conversion on another device. @param {import('./data/records.js').Change} change */
function sayConverted({ origin, data, order_number }) {
  if (outbox.isOwn(origin)) return;
  toast(words.said.converted(data?.estimate_number ?? '', order_number ?? ''));
}

function render() {
  isRenderWaiting = false;
  shell.render();
  screen?.render();
  shell.point(routeOf(location.hash).menu, screen?.title);
  store.fresh.clear();
}

function renderSoon() {
  if (isRenderWaiting) return;
  isRenderWaiting = true;
  const renderOnce = () => {
    if (isRenderWaiting) render();
  };
  requestAnimationFrame(renderOnce);
  setTimeout(renderOnce, RENDER_WAIT_MS);
}

function navigate() {
  const { name, rest, kind } = routeOf(location.hash);
  const next = screens.get(name) ?? SCREENS[name]();
  screens.set(name, next);
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

/** @param {HTMLElement | null} field that has the focus */
function stepBack(field) {
  const { name, rest, kind } = routeOf(location.hash);
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
