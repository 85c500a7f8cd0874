// Keeps the page itself, and nothing else: opened while no studio runs, it says so, and goes on when one does.
const PAGE = "impasto-page";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { pathname, search } = new URL(event.request.url);
  if (event.request.method !== "GET" || search) return;
  if (event.request.mode === "navigate" && pathname === "/") event.respondWith(newest(event.request));
  else if (pathname.startsWith("/assets/")) event.respondWith(kept(event.request));
});

/** The page of the studio that runs; without one, the last that did. */
async function newest(request) {
  const cache = await caches.open(PAGE);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) {
      const text = await answer.clone().text();
      for (const old of await cache.keys()) if (!text.includes(new URL(old.url).pathname)) await cache.delete(old);
      await cache.put("/", answer.clone());
    }
    return answer;
  } catch (error) {
    const page = await cache.match("/");
    if (page) return page;
    throw error;
  }
}

/** A script, a style or an icon: their names change with their contents. */
async function kept(request) {
  const cache = await caches.open(PAGE);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
