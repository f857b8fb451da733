// The service worker: keeps the page and the help at hand, so that they open also while the server is away; where
// browsers allow that (https, and this computer's own address). It is only asked for these. While the server answers,
// whatever it says, the page is the server's; each version of the page keeps its own files and drops those of the
// others.

const NAME = '{{assets}}';

async function keep() {
  const cache = await caches.open(NAME);
  const page = await get('/');
  const files = new Set((await page.clone().text()).match(/\/ui\/[^"]+/g));
  // It grows while it is gone through: each script names others.
  for (const path of files) {
    const file = await get(path);
    for (const script of scriptsOf(path, await file.clone().text())) files.add(script);
    await cache.put(path, file);
  }
  // Without the help the page is kept all the same.
  await keepHelp(cache).catch(() => {});
  await cache.put('/', page);
}

/** The help, as it was when this was sent: {{help}}. @param {Cache} cache */
async function keepHelp(cache) {
  const contents = await get('/help');
  const pages = new Set((await contents.clone().text()).match(/\/help\/[^"#]+/g));
  await Promise.all([...pages].map(async (path) => cache.put(path, await get(path))));
  await cache.put('/help', contents);
}

/** The scripts that a script names: `'../kit/dom.js'`. @param {string} path @param {string} text */
function scriptsOf(path, text) {
  const names = [...text.matchAll(/'(\.{1,2}\/[\w./]+\.js)'/g)].map(([, name]) => name);
  return names.map((name) => new URL(name, new URL(path, location.href)).pathname);
}

/**
 * Fails when it is not there, as for a shop that is closed; then the browser tries again the next time.
 * @param {string} path
 */
async function get(path) {
  const answer = await fetch(path, { headers: { Accept: 'text/html' } });
  if (!answer.ok) throw answer.status;
  return answer;
}

async function dropOthers() {
  const names = await caches.keys();
  const others = names.filter((name) => name !== NAME);
  await Promise.all(others.map((name) => caches.delete(name)));
}

/** What cannot be read is not kept. @param {any} key */
const kept = (key) => caches.match(key, { ignoreVary: true }).catch(() => undefined);

addEventListener('install', (/** @type {any} */ event) => {
  skipWaiting();
  event.waitUntil(keep());
});
addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(dropOthers()));
addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (pathname === '/') event.respondWith(fetch(request).catch(() => kept('/')));
  else if (pathname.startsWith('/help')) event.respondWith(fetch(request).catch(() => kept(pathname)));
  else if (pathname.startsWith('/ui/')) event.respondWith(kept(request).then((file) => file ?? fetch(request)));
});
