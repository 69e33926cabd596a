// Lets a document be checked without a network. Only the pages of checking are kept; everything else goes its usual way.
// KEEP is written before this by the view: the addresses of the page, its script, style and font, and the keys.
const STORE = `toono-check-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(KEEP)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("toono-check-") && name !== STORE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  const checks = event.request.mode === "navigate" && (address.pathname.startsWith("/d/") || address.pathname === "/verify/offline");
  if (checks) {
    event.respondWith(fetch(event.request).catch(() => caches.match("/verify/offline")));
  } else if (KEEP.includes(address.pathname)) {
    event.respondWith(fetch(event.request).then((answer) => {
      if (answer.ok) {
        const copy = answer.clone();
        caches.open(STORE).then((store) => store.put(address.pathname, copy));
      }
      return answer;
    }).catch(() => caches.match(address.pathname)));
  }
});
