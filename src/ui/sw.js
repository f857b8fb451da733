// Keeps the page at hand, so that it opens also while the server is away; where browsers allow that (https, and this computer's
// own address). It is only asked for the page and its files. While the server answers, whatever it says, the page is the
// server's; each version of the page keeps its own files and drops those of the others.

const NAME = '{{assets}}';

async function keep() {
  const page = await fetch('/', { headers: { Accept: 'text/html' } });
  const cache = await caches.open(NAME);
  const files = (await page.clone().text()).match(/\/ui\/[^"]+/g);
  // What the closed shop says is not the page: this fails, and the browser tries again the next time.
  if (!page.ok) throw page.status;
  await cache.addAll(files);
  await cache.put('/', page);
}

async function dropOthers() {
  for (const name of await caches.keys()) if (name !== NAME) await caches.delete(name);
}

/** @param {any} key */
const kept = (key) => caches.match(key, { ignoreVary: true });

addEventListener('install', (/** @type {any} */ event) => {
  skipWaiting();
  event.waitUntil(keep());
});
addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(dropOthers()));
addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (pathname === '/') event.respondWith(fetch(request).catch(() => kept('/')));
  else if (pathname.startsWith('/ui/')) event.respondWith(kept(request).then((file) => file ?? fetch(request)));
});
