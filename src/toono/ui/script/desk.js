// The officer's desk by single keys. Everything they reach is a link or a field that Tab reaches too.
const list = document.querySelector("[data-desk-list]");
const typing = (at) => at.closest("textarea, select, input:not([type=radio], [type=checkbox])");

const move = (step) => {
  const links = [...list.querySelectorAll("a")];
  const from = links.indexOf(document.activeElement);
  const here = from >= 0 ? from : links.findIndex((link) => link.hasAttribute("aria-current"));
  links[Math.min(Math.max(here + step, 0), links.length - 1)]?.focus();
};

const press = (target) => {
  if (target.type === "radio") {
    target.focus();
    target.click();
  } else if (target.matches("a")) target.click();
  else target.focus();
};

if (list) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const inList = list.contains(event.target);
    if (event.key === "j" || (inList && event.key === "ArrowDown")) move(1);
    else if (event.key === "k" || (inList && event.key === "ArrowUp")) move(-1);
    else {
      const target = /^[a-z1-9]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
      if (!target) return;
      press(target);
    }
    event.preventDefault();
  });
}

// Of several actions only the fields of the chosen one are shown; without script all are, each under its action's name.
const parts = document.querySelectorAll("[data-of-action]");
if (parts.length) {
  const show = () => {
    const chosen = document.querySelector("input[name=action]:checked")?.value;
    for (const part of parts) part.hidden = part.dataset.ofAction !== chosen;
  };
  for (const radio of document.querySelectorAll("input[name=action]")) radio.addEventListener("change", show);
  show();
}
