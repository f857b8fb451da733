// The frame around every screen: the menu, how the page stands with the server, notices, and messages that pass.

import { arrange, h, part, setText } from '../kit/dom.js';
import { clockTime } from '../kit/format.js';
import { icon } from '../kit/icons.js';
import { adviceLink, button } from '../kit/widgets.js';
import { words } from '../kit/words.js';
import { initial } from './login.js';
import { UnsentList, askLost } from './unsent.js';

const TOAST_MS = 5_000;
/** A message on which somebody rests stays; it is looked again so often. */
const TOAST_LOOK_MS = 1_000;
const TOASTS_MAX = 3;
/** @type {ReadonlyArray<[any, string, string]>} */
const LINKS = [
  ['home', '#/', words.nav.home],
  ['plus', '#/new', words.nav.new],
  ['estimate', '#/estimates', words.nav.estimate],
  ['order', '#/orders', words.nav.order],
  ['settings', '#/settings', words.nav.settings],
];

export class Shell {
  #store;
  #outbox;
  #session;
  #who = h('button.who-is', { type: 'button', onclick: () => this.#whoPressed(), data: { action: 'who' } });
  /** Who stands on that button. */
  #shownWho = '';
  #pill = h('span.pill', { id: 'status', role: 'status' });
  #unsent = h('button.unsent', {
    type: 'button',
    hidden: true,
    onclick: () => this.#list.open(),
    data: { action: 'unsent' },
  });
  #name = h('strong');
  #notices = h('div.notices', { role: 'status' });
  /** The notices that are drawn. */
  #drawn = '';
  /** @type {any[]} */
  #links;
  #list;

  /**
   * @param {import('../data/store.js').Store} store
   * @param {import('../net/outbox.js').Outbox} outbox
   * @param {import('../net/session.js').Session} session
   * @param {(entry: import('../data/commands.js').Entry) => void} retry
   */
  constructor(store, outbox, session, retry) {
    this.#store = store;
    this.#outbox = outbox;
    this.#session = session;
    this.#list = new UnsentList(store, outbox, this.toast.bind(this), retry);
    this.#links = LINKS.map(([name, href, text]) =>
      h('a.nav-link', { href, data: { nav: name } }, icon(name), h('span', text)),
    );
    const nav = h('nav.nav', { 'aria-label': words.menu }, ...this.#links);
    part('rail').append(h('div.brand', this.#name), nav, h('div.standing', this.#unsent, this.#pill, this.#who));
    part('notices').append(this.#notices);
    document.body.prepend(h('button.skip', { type: 'button', onclick: () => part('main').focus() }, words.skip));
  }

  /** @param {string} name of the screen in the menu @param {string} title */
  point(name, title) {
    for (const link of this.#links) link.setAttribute('aria-current', link.dataset.nav === name ? 'page' : 'false');
    document.title = `${title} · ${this.#store.settings.shop_name || words.product}`;
  }

  render() {
    const { connection, unsentCount, settings } = this.#store;
    setText(this.#name, settings.shop_name || words.product);
    // Never the colour of all is well while something is unsent.
    this.#pill.dataset.state = connection === 'live' && unsentCount > 0 ? 'unsent' : connection;
    // Of a lost server the notice speaks; the pill only of its return.
    this.#pill.setAttribute('aria-live', connection === 'live' ? 'polite' : 'off');
    setText(this.#pill, words.connection[connection]);
    this.#pill.hidden = this.#session.standing !== 'in';
    this.#unsent.hidden = unsentCount === 0;
    this.#unsent.disabled = this.#session.standing !== 'in';
    setText(this.#unsent, words.unsent(unsentCount));
    this.#drawWho();
    const canMake = this.#store.may('sell') || this.#store.may('estimate');
    for (const link of this.#links) if (link.dataset.nav === 'plus') link.hidden = !canMake;
    this.#drawNotices();
    this.#list.render();
  }

  /** Who is here; one tap locks. Where nobody has to log in, it says how somebody can. */
  #drawWho() {
    const { person, has_owner: hasOwner } = this.#store.me;
    this.#who.hidden = !hasOwner || this.#session.standing !== 'in';
    const name = person?.name ?? '';
    if (this.#shownWho === name && this.#who.childNodes.length > 0) return;
    this.#shownWho = name;
    this.#who.title = person ? words.login.lockOf(name) : '';
    this.#who.replaceChildren(
      ...(person ? [initial(name), h('span.who-name', name), icon('lock')] : [h('span', words.login.title)]),
    );
  }

  #whoPressed() {
    if (this.#store.me.person) this.#session.lock();
    else this.#session.want(true);
  }

  #drawNotices() {
    const { lost, warnings, isKeeping, connection } = this.#store;
    const missing = lost.length > 0 ? words.lost.said(lost.length) : '';
    const texts = [missing, isKeeping ? '' : words.unkeeping, ...warnings, this.#offlineText()].filter(Boolean);
    if (texts.join() === this.#drawn) return;
    this.#drawn = texts.join();
    const show = () => button(words.lost.show, () => askLost(this.#store.lost, this.#outbox), { name: 'lost' });
    const remedy = (/** @type {string} */ text) => (text === missing ? show() : adviceLink(connection, 'wrong'));
    const notices = texts.map((text) => h('p.notice', text, remedy(text)));
    arrange(this.#notices, notices);
  }

  #offlineText() {
    const { connection, rightAt } = this.#store;
    // The names of those who log in say it themselves.
    if (connection !== 'offline' || this.#session.standing !== 'in') return '';
    return rightAt ? words.stale(clockTime(rightAt)) : words.neverLoaded;
  }

  /**
   * Says something that passes.
   * @param {string} text
   * @param {'' | 'bad'} [look]
   * @param {string} [link]
   * @param {{ text: string, act: () => void }} [action]
   */
  toast(text, look = '', link = '', action) {
    const close = () => toast.remove();
    const act = () => {
      close();
      action?.act();
    };
    const toast = h(
      `div.toast${look && `.${look}`}`,
      { data: { toast: '' } },
      link ? h('a', { href: link, onclick: close }, text) : h('span', text),
      action ? button(action.text, act, { look: 'bare' }) : null,
      button(words.close, close, { icon: 'close', look: 'bare', isIconOnly: true }),
    );
    addToast(toast);
    const leave = () => {
      if (toast.matches(':hover, :focus-within')) setTimeout(leave, TOAST_LOOK_MS);
      else close();
    };
    setTimeout(leave, look === 'bad' ? TOAST_MS * 2 : TOAST_MS);
  }
}

/** Shows a message instead of one that says the same; the oldest make room. @param {HTMLElement} toast */
function addToast(toast) {
  const toasts = part('toasts');
  const same = [...toasts.children].filter((old) => old.textContent === toast.textContent);
  same.forEach((old) => old.remove());
  toasts.append(toast);
  while (toasts.children.length > TOASTS_MAX) toasts.firstChild?.remove();
}
