// Starts the page: makes the parts, ties them together, and shows the screen that the address names. What is shown
// follows the store, at most once per frame.

import { closeDialogs } from './kit/dialog.js';
import { part } from './kit/dom.js';
import { closeSuggestions } from './kit/suggest.js';
import { words } from './kit/words.js';
import { draftIds, dropDraft } from './data/draft.js';
import { viewOf } from './data/people.js';
import { isLocal, linkTo, localId, numberOf } from './data/records.js';
import { usableSettings } from './data/settings.js';
import { local } from './data/storage.js';
import { Store } from './data/store.js';
import * as api from './net/api.js';
import { Catalogue } from './net/catalogue.js';
import { Database } from './net/database.js';
import { Outbox } from './net/outbox.js';
import { Session } from './net/session.js';
import { Sync } from './net/sync.js';
import { Actions } from './screens/actions.js';
import { Form } from './screens/form.js';
import { Home } from './screens/home.js';
import { IdleLock } from './screens/idle.js';
import { showKeys } from './screens/keys.js';
import { ListScreen } from './screens/lists.js';
import { LoginScreen } from './screens/login.js';
import { OwnerScreen } from './screens/owner.js';
import { ClosedScreen, PairingScreen } from './screens/pairing.js';
import { PrintScreen } from './screens/print.js';
import { ENTRANCES, RIGHT_FOR, routeOf } from './screens/route.js';
import { SettingsScreen } from './screens/settings.js';
import { Shell } from './screens/shell.js';
import { savedTheme, setTheme } from './screens/theme.js';

/** A page behind others has no frames, but what it knows must not wait longer. */
const RENDER_WAIT_MS = 200;
/** A device that nobody has told yet who is there waits so long for the answer. */
const FIRST_ANSWER_WAIT_MS = 1_000;

setTheme(savedTheme());

const store = new Store();
const outbox = new Outbox(new Database(), unsentChanged, stored);
const sync = new Sync(store, `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/sync`);
const session = new Session(store, outbox);
const shell = new Shell(store, outbox, session, (entry) => actions.retry(entry));
/** Whoever was told that something is kept here until the device is let in is not told that it is kept. */
const toast = /** @type {Shell['toast']} */ (
  (text, ...how) => (isHeldSaid && text === words.said.queued ? undefined : shell.toast(text, ...how))
);
const actions = new Actions(store, outbox, session, toast);
const catalogue = new Catalogue(store);
/** What the screens are given. */
const app = { store, outbox, sync, session, toast, renderSoon, search, catalogue, actions };

/** Screens are made when they are first shown and keep their place. @type {Record<string, () => any>} */
const SCREENS = {
  home: () => new Home(app),
  estimate: () => new ListScreen(app, 'estimate'),
  order: () => new ListScreen(app, 'order'),
  form: () => new Form(app),
  settings: () => new SettingsScreen(app),
  print: () => new PrintScreen(app),
  login: () => new LoginScreen(app),
  pair: () => new PairingScreen(app),
  closed: () => new ClosedScreen(app),
  owner: () => new OwnerScreen(app),
};
/** Few ever open these, so their scripts come when they are asked for. @type {Record<string, () => Promise<any>>} */
const LATE = {
  people: async () => new (await import('./screens/people.js')).PeopleScreen(app),
  roles: async () => new (await import('./screens/roles.js')).RolesScreen(),
  devices: async () => new (await import('./screens/devices.js')).DevicesScreen(app),
  audit: async () => new (await import('./screens/audit.js')).AuditScreen(),
};
/** @type {Map<string, any>} */
const screens = new Map();
/** The one that is shown. @type {any} */
let screen = null;
let isRenderWaiting = false;
let isBegun = false;
let isKept = false;
let wasLive = false;
/** What is seen of the records; empty while nobody is there who may see them. */
let view = '';
/** Who was here when it was last looked at. */
let shownMe = store.me;
/** Whether whoever is not in was told that something waits here. */
let isHeldSaid = false;

tieTogether();
useKeptSettings();
outbox.start();
session.start();
// On its first visit a device hears first whether it is let in.
if (session.isKnown) meChanged();
else setTimeout(() => screen || meChanged(), FIRST_ANSWER_WAIT_MS);
new IdleLock(session, store).start();
sync.attendance.start();
keepPage();

function tieTogether() {
  store.subscribe(renderSoon);
  store.subscribe(() => {
    if (store.connection === 'live' && !wasLive) keepPage();
    wasLive = store.connection === 'live';
  });
  // While nobody is logged in, the server is there if it answers who is.
  store.subscribe(() => outbox.setOpen(store.connection === 'live' || (view === '' && session.isReached)));
  outbox.onHeld = sayHeld;
  session.onChange = meChanged;
  sync.onVoid = showNothingSeen;
  sync.onHidden = hideRecord;
  sync.onDoubt = askWhoIsHere;
  sync.onConverted = sayConverted;
  sync.onRead = (/** @type {boolean} */ wasReset) => outbox.recover(wasReset);
  addEventListener('hashchange', navigate);
  addEventListener('keydown', /** @type {any} */ (shortcut));
  addEventListener('beforeunload', (event) => {
    if (outbox.waiting > 0) event.preventDefault();
  });
}

/** A device that is out says it once, whatever the server answers then. @param {string} why */
function sayHeld(why) {
  if (view === '' && isHeldSaid) return;
  isHeldSaid = view === '';
  toast(words.outbox.held(why), 'bad');
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

/** Asks who is here, and fails if the server does not say. */
async function askWhoIsHere() {
  await session.read();
  if (!session.isReached) throw new Error('The server does not say who is here');
}

/** What was seen may not be seen any more; what shows nothing of it, such as a new sale, stays as it is. */
function showNothingSeen() {
  closeDialogs();
  closeSuggestions();
  part('toasts').replaceChildren();
  leaveScreens(({ isOwnWork }) => isOwnWork);
  if (screen) catalogue.read();
  else navigate();
  dropUnseenDrafts();
}

/** Of one record nothing is left. @param {string} id */
function hideRecord(id) {
  dropDraft(id, store.me.person);
  catalogue.drop(id);
  closeSuggestions();
  for (const link of part('toasts').querySelectorAll(`[href$="/${CSS.escape(id)}"]`)) link.closest('.toast')?.remove();
  if (store.shown === id) closeDialogs();
}

/** Of what is not to be seen any more no edits are kept either. */
async function dropUnseenDrafts() {
  const { person } = store.me;
  for (const id of draftIds().filter((one) => !isLocal(one))) {
    await sync.read('estimate', id).catch((error) => api.isMissing(error) && dropDraft(id, person));
  }
}

/** Somebody else is here, or sees something else: what was shown before is not shown on. */
function meChanged() {
  isBegun = true;
  const before = view;
  const was = shownMe;
  shownMe = store.me;
  const isIn = session.standing === 'in' || session.isWanted;
  view = isIn ? viewOf(store.me) : '';
  unsentChanged();
  if (before === view && screen) return navigateIfMoved();
  isHeldSaid = false;
  // Neither a dialog nor a message is left for whoever comes next.
  closeDialogs();
  part('toasts').replaceChildren();
  leaveScreens();
  if (view === '' || store.me.isUnconfirmed) sync.stop();
  else sync.start(store.me.is_cut);
  if (store.me.isUnconfirmed) store.setConnection('offline');
  navigate();
  if (before !== '' && isOfSamePerson(was, store.me)) toast(words.said.role(store.me.role?.name ?? ''));
}

/** Screens are made anew from now on. @param {(made: any) => boolean} stays */
function leaveScreens(stays = () => false) {
  for (const [name, made] of screens) {
    if (stays(made)) continue;
    if (made === screen) {
      made.leave?.();
      screen = null;
    }
    made.end?.();
    screens.delete(name);
  }
  catalogue.forget();
}

/**
 * Whether somebody works on, with another role or rights.
 * @param {import('./data/people.js').Me} was
 * @param {import('./data/people.js').Me} is
 */
function isOfSamePerson(was, is) {
  const isSame = was.person !== null && was.person.id === is.person?.id;
  return isSame && !was.isUnconfirmed && !is.isUnconfirmed && rightsOf(was) !== rightsOf(is);
}

/** @param {import('./data/people.js').Me} me */
function rightsOf({ role, rights, masks, scope, days_back }) {
  return JSON.stringify([role?.id, rights, masks, scope, days_back]);
}

/** @param {string} name of a screen */
function mayShow(name) {
  if (name === 'form') return store.may('sell') || store.may('estimate');
  return !(name in RIGHT_FOR) || (store.me.has_owner && store.may(RIGHT_FOR[name]));
}

/** Without a change of what is seen another screen may be due, such as the names of those who log in. */
function navigateIfMoved() {
  if (screens.get(screenName()) === screen) renderSoon();
  else navigate();
}

/** The screen that is due: that of the address, or how somebody gets in. */
function screenName() {
  const { name } = routeOf(location.hash);
  const { standing } = session;
  if (name === 'owner') return name;
  if (standing === 'in') return !ENTRANCES.has(name) && mayShow(name) ? name : 'home';
  return standing === 'pair' && name === 'login' ? name : standing;
}

function unsentChanged() {
  const { me } = store;
  // Of what others have given, a person who sees a part of the records sees nothing; nor does anybody who is not in.
  const isPart = me.is_cut || me.isUnconfirmed || view === '';
  store.unsent = isPart ? outbox.entries.filter(({ by }) => by && by.id === me.person?.id) : outbox.entries;
  store.unsentCount = outbox.entries.length;
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
  if (entry.merged && !entry.merged.isSaid) sayMerged(entry, body?.data);
  const id = body?.order_id ?? body?.estimate_id;
  const own = localId(entry.key);
  if (id && location.hash.includes(own)) location.replace(location.hash.replace(own, id));
}

/**
 * An edit was merged with what others had changed: says once what that is, and from whom.
 * @param {import('./data/commands.js').Entry} entry
 * @param {any} record as it is stored
 */
async function sayMerged({ id = '', merged, record: base }, record) {
  const number = numberOf('estimate', record ?? base ?? {});
  const taken = merged?.taken ?? [];
  if (taken.length === 0) return toast(words.said.edited(number));
  const isTheirs = (/** @type {any} */ step) => step.rev > (merged?.since ?? 0) && !(step.rev >= record?.rev);
  const steps = await api.history('estimate', id).then(
    ({ body }) => body.filter(isTheirs),
    () => [],
  );
  const names = [...new Set(steps.map(nameOf).filter(Boolean))];
  toast(words.said.merged(number, names.join(', ') || words.conflict.another, taken), '', linkTo('estimate', id));
}

/** Who has done a step; what the same person has done elsewhere is known by the device. @param {any} step */
const nameOf = ({ person, device, by }) =>
  (person && person.id !== store.me.person?.id ? person.name : device?.name) ?? by;

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
  if (!isBegun) return;
  const { name: asked, rest, kind } = routeOf(location.hash);
  const name = screenName();
  if (name === 'home' && asked in RIGHT_FOR && rest[0]) sayRefused(asked);
  const next = screens.get(name) ?? SCREENS[name]?.();
  if (!next) return fetchScreen(name);
  screens.set(name, next);
  document.body.classList.toggle('is-out', session.standing !== 'in');
  if (screen !== next) {
    screen?.leave?.();
    screen = next;
    part('main').replaceChildren(screen.node);
  }
  // What a screen has to keep in sight it says itself.
  part('toasts').classList.remove('high');
  store.shown = kind ? (rest[0] ?? '') : '';
  sayWhere(name);
  screen.show(rest, kind);
  render();
}

/** The server is told at which record this page is. @param {string} name of the screen */
function sayWhere(name) {
  const isAtRecord = store.shown !== '' && !isLocal(store.shown) && name === routeOf(location.hash).name;
  sync.attendance.go(isAtRecord ? store.shown : '', name === 'form' ? 'edit' : 'view');
}

/** Somebody has read a code that is not for this person. @param {string} asked */
function sayRefused(asked) {
  history.replaceState(null, '', '#/');
  toast(words.nod.wants(RIGHT_FOR[asked], []), 'bad');
}

/** @param {string} name of a screen whose script is not here yet */
async function fetchScreen(name) {
  try {
    const made = await LATE[name]();
    if (!screens.has(name)) screens.set(name, made);
    if (screenName() === name) navigate();
  } catch {
    toast(words.unreached, 'bad');
  }
}

/** @param {KeyboardEvent & { target: any }} event */
function shortcut(event) {
  if (!screen || document.querySelector('dialog[open], .is-out')) return;
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

/**
 * Has the page kept for when the server is away, where the browser allows that. A server that goes away in the middle
 * is asked again when it is back.
 */
async function keepPage() {
  if (isKept) return;
  try {
    const worker = await navigator.serviceWorker?.register('/sw.js');
    isKept = Boolean(worker?.active);
  } catch {
    // Then the page comes from the server alone.
  }
}
