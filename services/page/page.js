/** Drop, choose or paste files; each gets a card with the answer. What is particular to a kind is in kinds.js. */
import { ask } from "/page/asking.js";
import { KINDS } from "/page/kinds.js";
import { showSound } from "/page/sounds.js";

const byId = (id) => document.getElementById(id);
const atOnce = 4;
const againMilliseconds = 1000;
const files = new Map();
const asked = new WeakMap();
let view;
let sounds = false;
let introduced;

function say(text, bad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", bad);
}

/** Until the service is ready: whoever opens the page early need not load it again. */
async function introduce() {
  for (;;) {
    try {
      const [model, chain] = await Promise.all([ask("/model"), ask("/lineage")]);
      say("");
      return show(model, chain);
    } catch (error) {
      byId("name").textContent = "Tatara";
      say(`${error.message}`, true);
      await new Promise((resolve) => setTimeout(resolve, againMilliseconds));
    }
  }
}

function show(model, chain) {
  const { kind, modality, labels } = model.contract;
  document.title = `${model.name} ${model.version} · Tatara`;
  byId("name").textContent = model.name;
  byId("about").textContent = `Version ${model.version} · ${what(modality, kind, labels.length)}`;
  view = new KINDS[kind](labels);
  if (modality === "audio") listen();
  view.controls(byId("row"), askAgain);
  byId("digest").textContent = model.lineage;
  for (const link of chain.links) byId("chain").append(chainItem(link));
}

/** The page was written for images; a model that listens takes sounds. */
function listen() {
  sounds = true;
  byId("files").accept = "audio/*,.wav,.flac";
  byId("drop").querySelector("strong").textContent = "Drop sounds here";
  byId("drop").querySelector("svg").innerHTML =
    '<path d="M6 24h4l4-12 6 26 6-32 6 28 4-10h6" stroke-linejoin="round" stroke-linecap="round"/>';
}

function what(modality, kind, classes) {
  if (!classes) return `${modality} to ${kind}`;
  return `${modality} ${kind}, ${classes} ${classes === 1 ? "class" : "classes"}`;
}

function chainItem(link) {
  const item = document.createElement("li");
  const facts = Object.entries(link.facts).filter(([, value]) => value === null || typeof value !== "object");
  item.textContent = [link.name, facts.map(([key, value]) => `${key} ${value}`).join(", ")].filter(Boolean).join(": ");
  return item;
}

function makeCard(file) {
  const card = byId("card").content.firstElementChild.cloneNode(true);
  card.querySelector("figcaption").textContent = file.name;
  card.querySelector(".label").textContent = "…";
  if (sounds) return card;
  const image = card.querySelector("img");
  image.alt = file.name;
  image.addEventListener("load", () => {
    image.classList.toggle("small", Math.max(image.naturalWidth, image.naturalHeight) < 112);
    URL.revokeObjectURL(image.src);
  });
  image.addEventListener("error", () => image.remove());
  image.src = URL.createObjectURL(file);
  return card;
}

function showRefusal(card, message) {
  card.classList.add("bad");
  card.querySelector(".label").textContent = message;
}

/** One request a file, so that a broken one refuses only itself; the service batches them. */
async function predict(file, card) {
  const turn = (asked.get(card) ?? 0) + 1;
  asked.set(card, turn);
  const form = new FormData();
  form.append("files", file, file.name);
  for (const [name, value] of Object.entries(view.options())) form.append(name, value);
  try {
    const { answers } = await ask("/predict", { method: "POST", body: form });
    if (asked.get(card) === turn) view.show(card, answers[0]);
    return { answered: 1, said: `${file.name}: ${view.say(answers[0])}` };
  } catch (error) {
    showRefusal(card, error.message.replace(`${file.name}: `, ""));
    return { answered: 0, said: error.message };
  }
}

/** The same files with what is set now. */
function askAgain() {
  predictEach([...files].map(([card, file]) => [file, card]));
}

async function predictAll(dropped) {
  await introduced;
  if (!dropped.length || !view?.valid()) return;
  const waiting = dropped.map((file) => [file, makeCard(file)]);
  for (const [file, card] of waiting) files.set(card, file);
  byId("answers").prepend(...waiting.map(([, card]) => card));
  if (sounds) for (const [file, card] of waiting) showSound(card, file);
  byId("clear").hidden = false;
  predictEach(waiting);
}

async function predictEach(waiting) {
  const total = waiting.length;
  if (!total) return;
  let [done, answered, last] = [0, 0, ""];
  const count = () => `${answered} of ${total} answered${done > answered ? `, ${done - answered} refused` : ""}`;
  say(total === 1 ? `Asking about ${waiting[0][0].name}…` : count());
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await predict(...next);
      done += 1;
      answered += outcome.answered;
      last = outcome.said;
      if (total > 1) say(count(), done === total && answered < total);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (total === 1) say(last, !answered);
}

function start() {
  const drop = byId("drop");
  byId("files").addEventListener("change", (event) => {
    predictAll([...event.target.files]);
    event.target.value = "";
  });
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    byId("answers").replaceChildren();
    files.clear();
    view?.forget?.();
    byId("clear").hidden = true;
    say("");
    byId("files").focus();
  });
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      if (name === "drop" || !event.relatedTarget) drop.classList.remove("over");
    });
  }
  document.addEventListener("drop", (event) => predictAll([...event.dataTransfer.files]));
  document.addEventListener("paste", (event) => predictAll([...event.clipboardData.files]));
  introduced = introduce();
}

start();
