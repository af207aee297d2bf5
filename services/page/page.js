"use strict";
const byId = (id) => document.getElementById(id);
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const atOnce = 4;

function say(text, bad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", bad);
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || `HTTP ${response.status}`);
  return body;
}

async function introduce() {
  try {
    const model = await ask("/model");
    const { kind, modality, labels } = model.contract;
    document.title = `${model.name} ${model.version} · Tatara`;
    byId("name").textContent = model.name;
    byId("about").textContent = `Version ${model.version} · ${modality} ${kind} into ${labels.length} classes`;
    byId("top").max = labels.length;
    byId("top").value = Math.min(5, labels.length);
    byId("digest").textContent = model.lineage;
    const chain = await ask("/lineage");
    for (const link of chain.links) byId("chain").append(chainItem(link));
  } catch (error) {
    byId("name").textContent = "Tatara";
    say(`${error.message}`, true);
  }
}

function chainItem(link) {
  const item = document.createElement("li");
  const facts = Object.entries(link.facts).filter(([, value]) => value === null || typeof value !== "object");
  item.textContent = [link.name, facts.map(([key, value]) => `${key} ${value}`).join(", ")].filter(Boolean).join(": ");
  return item;
}

function makeCard(file) {
  const card = byId("card").content.firstElementChild.cloneNode(true);
  const image = card.querySelector("img");
  image.alt = file.name;
  image.addEventListener("load", () => {
    image.classList.toggle("small", Math.max(image.naturalWidth, image.naturalHeight) < 112);
    URL.revokeObjectURL(image.src);
  });
  image.addEventListener("error", () => image.remove());
  image.src = URL.createObjectURL(file);
  card.querySelector("figcaption").textContent = file.name;
  card.querySelector(".label").textContent = "…";
  return card;
}

function showAnswer(card, answer) {
  card.querySelector(".label").textContent = answer.label;
  for (const { label, score } of answer.top) {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("span"), { className: "of", textContent: label });
    const value = Object.assign(document.createElement("span"), { textContent: percent.format(score) });
    const track = Object.assign(document.createElement("span"), { className: "track" });
    const bar = document.createElement("span");
    bar.style.width = `${100 * score}%`;
    track.append(bar);
    item.append(name, value, track);
    card.querySelector(".bars").append(item);
  }
}

function showRefusal(card, message) {
  card.classList.add("bad");
  card.querySelector(".label").textContent = message;
}

/** One request a file, so that a broken one refuses only itself; the service batches them. */
async function predict(file, card) {
  const form = new FormData();
  form.append("files", file, file.name);
  form.append("top", byId("top").value);
  try {
    const { answers } = await ask("/predict", { method: "POST", body: form });
    showAnswer(card, answers[0]);
    return { answered: 1, said: `${file.name}: ${answers[0].label}, ${percent.format(answers[0].score)}` };
  } catch (error) {
    showRefusal(card, error.message.replace(`${file.name}: `, ""));
    return { answered: 0, said: error.message };
  }
}

async function predictAll(files) {
  if (!files.length) return;
  if (!byId("top").reportValidity()) return;
  const waiting = files.map((file) => [file, makeCard(file)]);
  byId("answers").prepend(...waiting.map(([, card]) => card));
  byId("clear").hidden = false;
  const total = files.length;
  let [done, answered, last] = [0, 0, ""];
  const count = () => `${answered} of ${total} answered${done > answered ? `, ${done - answered} refused` : ""}`;
  say(total === 1 ? `Asking about ${files[0].name}…` : count());
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
  introduce();
}

start();
