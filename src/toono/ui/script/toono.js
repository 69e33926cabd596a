// Shortens the way; nothing needs it. Every page works the same with scripts off.
import { Button, CharacterCount, ErrorSummary, SkipLink, createAll } from "govuk-frontend";
import "./desk.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");

for (const form of document.forms) {
  form.noValidate = true;
  if (form.method === "post") {
    for (const button of form.querySelectorAll("button.govuk-button")) button.dataset.preventDoubleClick = "true";
  }
}

createAll(Button, { preventDoubleClick: true });
createAll(ErrorSummary);
createAll(SkipLink);
const counted = document.documentElement.lang === "mn"
  ? { charactersUnderLimit: { one: "%{count} тэмдэгт үлдлээ", other: "%{count} тэмдэгт үлдлээ" }, charactersAtLimit: "Тэмдэгт үлдсэнгүй", charactersOverLimit: { one: "%{count} тэмдэгтээр илүү байна", other: "%{count} тэмдэгтээр илүү байна" } }
  : {};
createAll(CharacterCount, { i18n: counted });

// A page that waits for a result asks quietly and reloads when there is one; without script its <meta> does.
const waits = document.querySelector("[data-waits-for]");
if (waits) {
  const shown = waits.dataset.waitsFor;
  const pause = 1000 * (Number(waits.dataset.waitSeconds) || 1);
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const still = page.querySelector("[data-waits-for]");
      if (!still || still.dataset.waitsFor !== shown) return location.reload();
    } catch { /* the network is away; ask again */ }
    setTimeout(look, pause);
  };
  setTimeout(look, Math.min(pause, 700));
}

// Copy an address with one press; the text stands beside it for those without script.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.querySelector("[aria-live]").textContent = button.dataset.copied;
  });
}

// A question about a place: the person's own position on request. Only pages that ask for a point are allowed to ask the device.
for (const button of document.querySelectorAll("button[data-place]")) {
  if (!navigator.geolocation) continue;
  const field = (part) => document.getElementById(`${button.dataset.place}-${part}`);
  button.hidden = false;
  button.addEventListener("click", () => {
    field("place").textContent = "…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field("lat").value = coords.latitude.toFixed(5);
        field("lon").value = coords.longitude.toFixed(5);
        field("place").textContent = `± ${Math.round(coords.accuracy)} m`;
      },
      () => { field("place").textContent = button.dataset.refused; },
      { enableHighAccuracy: true, timeout: 20000 },
    );
  });
}

// Files: a camera where there is one, and a word about a file that is too large before it travels.
for (const place of document.querySelectorAll("[data-camera]")) {
  if (!matchMedia("(pointer: coarse)").matches) continue;
  const input = place.querySelector("input");
  input.name = input.dataset.name;
  place.hidden = false;
}
for (const input of document.querySelectorAll("input[type=file][data-most-bytes]")) {
  const word = input.nextElementSibling;
  input.addEventListener("change", () => {
    const large = [...input.files].some((file) => file.size > Number(input.dataset.mostBytes));
    word.textContent = large ? input.dataset.tooLarge : "";
    word.hidden = !large;
    if (large) input.value = "";
  });
}

// An answer that goes on to the system that asked for it (form_post).
document.querySelector("form[data-send-now]")?.requestSubmit();

// A large file: how much of it has been sent. Then the page of the answer takes this one's place. Smaller ones travel as without script.
const WORTH_A_BAR = 1_000_000;
for (const form of document.querySelectorAll("form[data-upload-progress]")) {
  form.addEventListener("submit", (event) => {
    const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
    if (files.reduce((sum, file) => sum + file.size, 0) < WORTH_A_BAR) return;
    event.preventDefault();
    const bar = document.createElement("progress");
    bar.className = "toono-progress";
    bar.setAttribute("aria-label", form.dataset.uploadProgress);
    form.append(bar);
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const sent = new XMLHttpRequest();
    sent.upload.addEventListener("progress", (step) => {
      if (step.lengthComputable) [bar.max, bar.value] = [step.total, step.loaded];
    });
    sent.upload.addEventListener("load", () => bar.removeAttribute("value")); // all is there: now it is being looked at
    sent.addEventListener("load", () => {
      const page = new DOMParser().parseFromString(sent.responseText, "text/html");
      document.title = page.title;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      scrollTo(0, 0);
    });
    sent.addEventListener("error", () => HTMLFormElement.prototype.submit.call(form));
    sent.open("POST", form.action);
    sent.send(new FormData(form));
  });
}
