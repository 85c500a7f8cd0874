// Keeps the page itself, and nothing else: opened while no studio runs, it says so, and goes on when one does.
const PAGE = "impasto-page";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** Back to the page that told it. */
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(([page]) => (page ? page.focus() : self.clients.openWindow("/"))));
});

self.addEventListener("fetch", (event) => {
  const { pathname, search } = new URL(event.request.url);
  if (event.request.method !== "GET" || search) return;
  if (event.request.mode === "navigate" && pathname === "/") event.respondWith(newest(event));
  else if (pathname.startsWith("/assets/")) event.respondWith(known(event));
});

/** The page of the studio that runs; without one, the last that did. */
async function newest(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.ok && !answer.redirected) event.waitUntil(keep(answer.clone()).catch(() => undefined));
    return answer;
  } catch (error) {
    const page = await caches.match("/");
    if (page) return page;
    throw error;
  }
}

/** A script, a style or an icon: their names change with their contents. */
const known = async (event) => (await caches.match(event.request)) ?? fetch(event.request);

/** Keep a page with all that it names, and nothing of the page before. */
async function keep(answer) {
  const cache = await caches.open(PAGE);
  const text = await answer.clone().text();
  const named = [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  for (const old of await cache.keys()) if (!["/", ...named].includes(new URL(old.url).pathname)) await cache.delete(old);
  for (const path of named) if (!(await cache.match(path))) await cache.add(path);
  await cache.put("/", answer);
}
