// What is remembered of earlier sales: customers, and items with their last rate. It learns from every record that
// the page knows, and asks the server for those that it does not. What the page forgets, it forgets too.

import { fold } from '../kit/fold.js';
import { KINDS, idOf } from '../data/records.js';
import { Needle } from '../data/search.js';
import * as api from './api.js';

/** @typedef {{ name: string, phone: string, address: string }} Customer */
/** @typedef {{ name: string, rate: number }} SoldItem */

/** Suggestions at once. */
const SHOWN = 7;
/** Earlier sales and estimates that are read for their items. */
const LOOK_BACK = 300;
/** Records that the server has found for what was typed. */
const FOUND_MAX = 200;

export class Catalogue {
  #store;
  #version = -1;
  /** @type {Map<string, SoldItem>} */
  #items = new Map();
  /** @type {Map<string, Customer>} */
  #customers = new Map();
  /** @type {Promise<void> | null} */
  #reading = null;
  /** Grows each time it forgets: what was asked before is not wanted any more. */
  #turn = 0;
  /** @type {any[]} */
  #older = [];
  /** @type {any[]} */
  #found = [];

  /** @param {import('../data/store.js').Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** Something else may be seen from now on. */
  forget() {
    this.#turn += 1;
    this.#reading = null;
    this.#older = [];
    this.#found = [];
    this.#version = -1;
  }

  /** Of a record that may not be seen any more nothing is suggested. @param {string} id */
  drop(id) {
    const isAnother = (/** @type {any} */ record) => KINDS.every((kind) => idOf(kind, record) !== id);
    this.#older = this.#older.filter(isAnother);
    this.#found = this.#found.filter(isAnother);
    this.#version = -1;
  }

  /** Reads earlier records once; without a server those that are known must do. */
  read() {
    const turn = this.#turn;
    this.#reading ??= api.search({ limit: LOOK_BACK }).then(
      ({ body }) => {
        if (turn !== this.#turn) return;
        this.#older = body;
        this.#version = -1;
      },
      () => {
        if (turn === this.#turn) this.#reading = null;
      },
    );
  }

  /** @param {string} typed @returns {SoldItem[]} */
  items(typed) {
    this.#learn();
    return best(this.#items.values(), typed);
  }

  /** @param {string} typed @returns {Promise<Customer[]>} */
  async customers(typed) {
    this.#learn();
    const near = () => best(this.#customers.values(), typed);
    if (near().length >= SHOWN || typed.length < 2) return near();
    const turn = this.#turn;
    const { body } = await api.search({ q: typed, limit: 20 }).catch(() => ({ body: [] }));
    if (turn !== this.#turn) return [];
    this.#found = [...body, ...this.#found].slice(0, FOUND_MAX);
    for (const record of body) this.#learnFrom(record);
    return near();
  }

  #learn() {
    if (this.#version === this.#store.version) return;
    this.#version = this.#store.version;
    this.#items.clear();
    this.#customers.clear();
    for (const record of [...this.#older, ...this.#found]) this.#learnFrom(record);
    const known = KINDS.flatMap((kind) => [...this.#store.known(kind).values(), ...this.#store.own(kind)]);
    known
      .sort((one, other) => (one.created_at < other.created_at ? 1 : -1))
      .forEach((record) => this.#learnFrom(record));
  }

  /** The newest is learnt first, and keeps its rate. @param {any} record */
  #learnFrom({ items, customer_name: name, customer_phone: phone, customer_address: address, created_at: at }) {
    const keep = (/** @type {Map<string, any>} */ map, /** @type {string} */ key, /** @type {any} */ value) => {
      if ((map.get(key)?.at ?? '') < at) map.set(key, { ...value, at });
    };
    keep(this.#customers, fold(`${name} ${phone ?? ''}`), { name, phone: phone ?? '', address: address ?? '' });
    for (const item of items ?? []) {
      if (item?.name) keep(this.#items, fold(item.name), { name: item.name, rate: item.price });
    }
  }
}

/**
 * Those that are found; first those whose name begins with what was typed.
 * @template {{ name: string, phone?: string }} T
 * @param {Iterable<T>} all
 * @param {string} typed
 * @returns {T[]}
 */
function best(all, typed) {
  const needle = new Needle(typed);
  const start = fold(typed);
  const found = [...all].filter(({ name, phone }) => needle.finds(name, phone));
  const first = new Set(found.filter(({ name }) => fold(name).startsWith(start)));
  return [...first, ...found.filter((one) => !first.has(one))].slice(0, SHOWN);
}
