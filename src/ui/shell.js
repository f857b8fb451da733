// The frame around every screen: the menu, how the page stands with the server, messages, and what is not sent yet.

import { fromNumber, typedText } from './amounts.js';
import { arrange, h, part, setText } from './dom.js';
import { clockTime, stamp, wallTime } from './format.js';
import { icon } from './icons.js';
import { accept, cancel, closeDialog, confirm, openDialog } from './dialog.js';
import { draftOf, putDraft, readDraft } from './draft.js';
import { readJson } from './lossless.js';
import { GONE } from './recovery.js';
import { isSale, linkTo } from './wire.js';
import { button } from './widgets.js';
import { words } from './words.js';

/** @typedef {import('./outbox.js').Entry} Entry */

const TOAST_MS = 5_000;
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
  #pill = h('span.pill', { id: 'status', role: 'status' });
  #unsent = h('button.unsent', {
    type: 'button',
    hidden: true,
    onclick: () => this.showUnsent(),
    data: { action: 'unsent' },
  });
  #name = h('strong');
  #notice = h('div.notices', { role: 'status' });
  /** @type {any[]} */
  #links;
  #list = h('ul.unsent-list');
  #drawn = '';
  /** The commands that the list shows. @type {Entry[]} */
  #listed = [];

  /** @param {import('./store.js').Store} store @param {import('./outbox.js').Outbox} outbox */
  constructor(store, outbox) {
    this.#store = store;
    this.#outbox = outbox;
    this.#links = LINKS.map(([name, href, text]) =>
      h('a.nav-link', { href, data: { nav: name } }, icon(name), h('span', text)),
    );
    const nav = h('nav.nav', { 'aria-label': words.menu }, ...this.#links);
    part('rail').append(h('div.brand', this.#name), nav, h('div.standing', this.#unsent, this.#pill));
    part('notices').append(this.#notice);
    document.body.prepend(h('button.skip', { type: 'button', onclick: () => part('main').focus() }, words.skip));
  }

  /** @param {string} name of the screen in the menu @param {string} title */
  point(name, title) {
    for (const link of this.#links) link.setAttribute('aria-current', link.dataset.nav === name ? 'page' : 'false');
    document.title = `${title} · ${this.#store.settings.shop_name || words.product}`;
  }

  render() {
    const { connection, unsent, lost, settings, rightAt, warnings, isKeeping } = this.#store;
    setText(this.#name, settings.shop_name || words.product);
    // Never the colour of all is well while something is unsent.
    this.#pill.dataset.state = connection === 'live' && unsent.length > 0 ? 'unsent' : connection;
    // Of a lost server the notice speaks; the pill only of its return.
    this.#pill.setAttribute('aria-live', connection === 'live' ? 'polite' : 'off');
    setText(this.#pill, words.connection[connection]);
    this.#unsent.hidden = unsent.length === 0;
    setText(this.#unsent, words.unsent(unsent.length));
    const missing = lost.length > 0 ? words.lost.said(lost.length) : '';
    const notices = [
      missing,
      isKeeping ? '' : words.unkeeping,
      ...warnings,
      connection === 'offline' ? (rightAt ? words.stale(clockTime(rightAt)) : words.neverLoaded) : '',
    ].filter(Boolean);
    if (notices.join() !== this.#drawn) {
      this.#drawn = notices.join();
      arrange(
        this.#notice,
        notices.map((text) =>
          h('p.notice', text, text === missing && button(words.lost.show, () => this.#showLost(), { name: 'lost' })),
        ),
      );
    }
    if (this.#list.isConnected && this.#listed !== unsent) this.#drawUnsent();
  }

  /**
   * @param {string} text
   * @param {'' | 'bad'} [look]
   * @param {string} [link]
   * @param {{ text: string, act: () => void }} [action]
   */
  toast(text, look = '', link = '', action) {
    const close = () => node.remove();
    const node = h(
      `div.toast${look && `.${look}`}`,
      { data: { toast: '' } },
      link ? h('a', { href: link, onclick: close }, text) : h('span', text),
      action ? button(action.text, () => (close(), action.act()), { look: 'bare' }) : null,
      button(words.close, close, { icon: 'close', look: 'bare', isIconOnly: true }),
    );
    const toasts = part('toasts');
    for (const old of toasts.children) if (old.textContent === node.textContent) old.remove();
    toasts.append(node);
    while (toasts.children.length > 3) toasts.firstChild?.remove();
    const leave = () => (node.matches(':hover, :focus-within') ? setTimeout(leave, 1_000) : close());
    setTimeout(leave, look === 'bad' ? TOAST_MS * 2 : TOAST_MS);
  }

  showUnsent() {
    this.#drawUnsent();
    return openDialog(words.outbox.title, [this.#list], [cancel(words.close)]);
  }

  #drawUnsent() {
    this.#listed = this.#store.unsent;
    const items = this.#outbox.entries.map((entry) => this.#item(entry));
    this.#list.replaceChildren(...(items.length > 0 ? items : [h('li.quiet', words.outbox.none)]));
  }

  /** Asks what is to become of what the server has lost. */
  async #showLost() {
    const items = this.#store.lost.map((entry) =>
      h(
        'li',
        h('strong', titleOf(entry)),
        h('span.quiet', [wallTime(stamp(new Date(entry.at))), entry.again?.reason].filter(Boolean).join(' · ')),
      ),
    );
    const leave = (/** @type {Event} */ event) => (closeDialog(event), this.#outbox.settleLost(false));
    const isEnteredAgain = await openDialog(
      words.lost.title,
      [h('p', words.lost.text), h('ul.unsent-list', ...items)],
      [button(words.lost.leave, leave, { look: 'danger', name: 'leave' }), accept(words.lost.again)],
    );
    if (isEnteredAgain) await this.#outbox.settleLost(true);
  }

  /** @param {Entry} entry */
  #item(entry) {
    const isParked = entry.state === 'parked';
    const why = !isParked
      ? (entry.reason ?? words.outbox.waits)
      : entry.status === 412
        ? words.outbox.changed
        : (entry.reason ?? '');
    const isGone = entry.status === GONE;
    const canEdit =
      isSale({ ...entry.record, ...JSON.parse(entry.body ?? '{}') }) &&
      ((entry.what === 'create' && (isParked || entry.tries === 0)) ||
        (entry.what === 'edit' && isParked && !isGone));
    return h(
      'li',
      { data: { entry: entry.key, state: entry.state } },
      h('strong', titleOf(entry)),
      h(`span${isParked ? '.error' : '.quiet'}`, `${clockTime(new Date(entry.at))} · ${why}`),
      h(
        'div.actions',
        isParked && entry.status !== 412 && !isGone
          ? button(words.outbox.retry, () => this.#outbox.retry(entry), { name: 'retry' })
          : null,
        canEdit ? button(words.outbox.edit, () => this.#edit(entry), { name: 'edit' }) : null,
        button(words.ask.discardIt, () => this.#discard(entry), { look: 'danger', name: 'discard' }),
      ),
    );
  }

  /** @param {Entry} entry */
  async #edit(entry) {
    if (!(await this.#outbox.hold(entry))) return this.toast(words.outbox.isLeaving);
    const isEdit = entry.what === 'edit';
    const said = readJson(entry.body ?? '{}');
    const draft = draftOf({ ...entry.record, ...said });
    const paid =
      said.amount_paid !== undefined && said.amount_paid !== said.total
        ? typedText(fromNumber(said.amount_paid))
        : '';
    // What is being typed gives way, and comes back when somebody asks for it.
    const typed = isEdit ? null : readDraft('');
    putDraft(isEdit ? (entry.id ?? '') : '', {
      ...draft,
      paid,
      base: isEdit ? entry.record : undefined,
      replaces: entry.place,
      made_at: entry.made_at ?? entry.at,
    });
    if (entry.current && entry.kind) this.#store.learn(entry.kind, [entry.current]);
    this.#list.closest('dialog')?.close();
    location.hash = isEdit ? `${linkTo('estimate', entry.id ?? '')}/edit` : '#/new';
    // An edit of the form that is open already starts again from the draft.
    dispatchEvent(new HashChangeEvent('hashchange'));
    if (typed) {
      this.toast(words.form.cleared, '', '', {
        text: words.form.undo,
        act: () => {
          putDraft('', typed);
          location.hash = '#/new';
          dispatchEvent(new HashChangeEvent('hashchange'));
        },
      });
    }
  }

  /** @param {Entry} entry */
  async #discard(entry) {
    if (await confirm(words.ask.discardIt, words.ask.discard, words.ask.discardIt)) await this.#outbox.discard(entry);
  }
}

/** What a command does, and to what. @param {Entry} entry */
function titleOf({ what, kind, title, number }) {
  const name = what === 'create' ? words.outbox.what.create[kind ?? 'order'] : words.outbox.what[what];
  return [name, what === 'create' ? number : '', title].filter(Boolean).join(' · ');
}
