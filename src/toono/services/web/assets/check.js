// Checks the signed words behind the # of a document's address in the browser itself. Nothing is sent anywhere.
const KEYS = "/.well-known/toono-documents.json";
const place = document.getElementById("proof");

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const json = (text) => JSON.parse(new TextDecoder().decode(bytes(text)));

async function proof(words, code) {
  const parts = words.split(".");
  if (words.length > 2000 || parts.length !== 3) return null;
  const [head, told] = [json(parts[0]), json(parts[1])];
  const published = await (await fetch(KEYS)).json();
  const jwk = published.keys.find((key) => key.kid === head.kid);
  if (!jwk || head.alg !== "ES256" || head.typ !== "tdoc") return null;
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  if (!(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes(parts[2]), signed))) return null;
  if (code && told.c !== code.toUpperCase()) return null;
  const names = published.organisations[told.o];
  return { ...told, issuer: names ? names[document.documentElement.lang === "en" ? "en" : "mn"] : told.o };
}

const day = (seconds) => new Date(seconds * 1000).toLocaleDateString("sv-SE", { timeZone: "Asia/Ulaanbaatar" }).replaceAll("-", ".");

function row(list, label, value) {
  const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
  dt.textContent = label;
  dd.textContent = value;
  list.append(dt, dd);
}

async function show(words, code) {
  const say = place.dataset;
  let told = null;
  try {
    told = await proof(words, code);
  } catch { /* words that are none, or no keys at hand */ }
  place.replaceChildren();
  const verdict = document.createElement("p");
  const expired = told && told.u && told.u * 1000 < Date.now();
  verdict.className = `toono-verdict${told && !expired ? " toono-verdict--good" : told ? "" : " toono-verdict--bad"}`;
  verdict.dataset.proof = told ? (expired ? "expired" : "proven") : "unproven";
  verdict.textContent = told ? (expired ? say.expired : say.proven) : say.unproven;
  place.append(verdict);
  if (told) {
    const list = document.createElement("dl");
    list.className = "toono-facts";
    row(list, say.labelTitle, told.t);
    row(list, say.labelIssuer, told.issuer);
    row(list, say.labelHolder, told.h);
    row(list, say.labelIssued, day(told.i));
    row(list, say.labelUntil, told.u ? day(told.u) : say.noEnd);
    row(list, say.labelFingerprint, told.f.match(/.{1,4}/g).join(" "));
    place.append(list);
  }
  place.hidden = false;
}

if (place && crypto.subtle) {
  const words = location.hash.slice(1);
  const code = location.pathname.startsWith("/d/") ? location.pathname.split("/")[2] : "";
  if (words) show(words, code);
  const form = document.getElementById("proof-form");
  if (form) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = form.elements.words.value.trim();
      const [address, fragment] = typed.split("#");
      show(fragment ?? typed, fragment ? address.split("/").pop() : "");
    });
  }
}

// Keeps the means of checking on this device, so that the next document can be checked without a network.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/verify/worker.js", { scope: "/" }).catch(() => {});
