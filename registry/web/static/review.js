// Keys, the switch between light and dark, and pictures at full size. Every page works without it.
const root = document.documentElement;

const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const theme = document.getElementById("theme");
function turn() {
  root.dataset.theme = dark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  theme.setAttribute("aria-pressed", String(dark()));
}
theme.hidden = false;
theme.setAttribute("aria-pressed", String(dark()));
theme.addEventListener("click", turn);

const stops = () => {
  const rows = [...document.querySelectorAll("main a.main")];
  return rows.length ? rows : [...document.querySelectorAll("main section > h2")];
};
function move(by) {
  const found = stops();
  if (!found.length) return;
  let at = found.indexOf(document.activeElement);
  if (at < 0) at = by > 0 ? -1 : found.length;
  const next = found[Math.min(found.length - 1, Math.max(0, at + by))];
  if (next.tagName === "H2") next.tabIndex = -1;
  next.focus({ preventScroll: true });
  const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  (next.closest("li, tr, section") ?? next).scrollIntoView({ block: next.tagName === "H2" ? "start" : "nearest", behavior: smooth ? "smooth" : "auto" });
}

function decide(act) {
  const button = document.querySelector(`button[data-act="${act}"]`);
  const reason = document.getElementById("reason");
  if (!button || !reason) return;
  document.querySelectorAll("button.meant").forEach((one) => one.classList.remove("meant"));
  button.classList.add("meant");
  reason.scrollIntoView({ block: "center" });
  reason.focus();
  reason.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) button.click();
  };
}

const help = document.getElementById("help");
const keys = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => { const field = document.getElementById("q"); if (field) { field.focus(); field.select(); } else location.assign("/versions"); },
  a: () => decide("approve"),
  r: () => decide("reject"),
  c: () => document.getElementById("text")?.focus(),
  w: () => location.assign("/"),
  t: turn,
  "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const large = document.getElementById("large");
const pictures = [...document.querySelectorAll("a.zoom")];
let at = 0;
function show(place) {
  at = (place + pictures.length) % pictures.length;
  const from = pictures[at];
  const image = large.querySelector("img");
  image.src = from.href;
  image.alt = from.querySelector("img")?.alt ?? from.textContent;
  large.querySelector("figcaption").textContent = image.alt;
}
for (const [place, link] of pictures.entries()) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(place);
    large.showModal();
  });
}
large.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight" || event.key === "j") show(at + 1);
  if (event.key === "ArrowLeft" || event.key === "k") show(at - 1);
});
for (const dialog of [help, large]) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

const thumb = document.querySelector(".thumb");
const decision = document.getElementById("decision");
if (thumb && decision) {
  new IntersectionObserver(([seen]) => { thumb.hidden = seen.isIntersecting; }).observe(decision);
}

// A form is sent once, however often its button is pressed.
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

for (const link of document.querySelectorAll('a[href^="#shown-"]')) {
  link.addEventListener("click", () => {
    const target = document.querySelector(link.hash);
    const closed = target?.closest("details");
    if (closed) closed.open = true;
    target?.querySelector("a")?.focus();
  });
}
