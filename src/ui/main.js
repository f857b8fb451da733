// Starts the page: makes the parts and ties them together. What is shown follows the store, at most once per frame.

import { part } from './dom.js';
import { RecordList } from './list.js';
import { Shell } from './shell.js';
import { Store } from './store.js';
import { Sync } from './sync.js';
import { Warnings } from './warnings.js';
import { KINDS } from './wire.js';

/** Records of each kind on this page. */
const NEWEST_MAX = 50;

const store = new Store(NEWEST_MAX);
const shell = new Shell();
const lists = KINDS.map((kind) => ({ kind, list: new RecordList(kind) }));

let isRenderWaiting = false;

function render() {
  isRenderWaiting = false;
  shell.render(store);
  for (const { kind, list } of lists) list.render(store.shelf(kind));
}

function renderSoon() {
  if (isRenderWaiting) return;
  isRenderWaiting = true;
  requestAnimationFrame(render);
}

part('lists').append(...lists.map(({ list }) => list.node));
store.subscribe(renderSoon);
render();
new Sync(store, `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`).start();
new Warnings().start();
