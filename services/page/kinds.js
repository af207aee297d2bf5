/** What the page asks for, shows and says, by the kind of the model. */
import { colour, css } from "/page/colours.js";
import { draw } from "/page/overlay.js";

export const percent = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const whole = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const make = (name, properties) => Object.assign(document.createElement(name), properties);

/** A row of a list: name, figure, and a bar as long as the share. */
function row(name, figure, share, tint) {
  const item = make("li");
  const bar = make("span");
  bar.style.width = `${100 * share}%`;
  if (tint) bar.style.background = tint;
  const track = make("span", { className: "track" });
  track.append(bar);
  item.append(make("span", { className: "of", textContent: name }), make("span", { textContent: figure }), track);
  return item;
}

class Classification {
  constructor(labels) {
    this.labels = labels;
  }

  controls(row) {
    this.top = make("input", { id: "top", type: "number", min: 1, max: this.labels.length, inputMode: "numeric" });
    this.top.value = Math.min(5, this.labels.length);
    row.prepend(make("label", { htmlFor: "top", textContent: "Labels to list" }), this.top);
  }

  valid() {
    return this.top.reportValidity();
  }

  options() {
    return { top: this.top.value };
  }

  show(card, answer) {
    card.querySelector(".label").textContent = answer.label;
    const bars = answer.top.map(({ label, score }) => row(label, percent.format(score), score));
    card.querySelector(".bars").replaceChildren(...bars);
  }

  say(answer) {
    return `${answer.label}, ${percent.format(answer.score)}`;
  }
}

/** Kinds whose answer is drawn over the image: a slider and a switch for each class decide what is shown. */
class Drawn {
  constructor(labels) {
    this.labels = labels;
    this.shown = new Set(labels);
    this.cards = new Map();
    this.resized = new ResizeObserver((entries) => {
      for (const { target } of entries) this.draw(target.closest(".card"));
    });
  }

  controls(row, again) {
    this.slider = make("input", { id: "score", type: "range", min: this.least, max: 1, step: 0.01, value: this.start });
    const told = make("span", { className: "told", textContent: whole.format(this.start) });
    this.slider.addEventListener("input", () => {
      told.textContent = whole.format(this.slider.value);
      this.refresh();
    });
    this.slider.addEventListener("change", () => this.asksAgain && again());
    row.prepend(make("label", { htmlFor: "score", textContent: this.question }), this.slider, told);
    this.switches = make("fieldset", { id: "classes", hidden: true });
    this.switches.append(make("legend", { textContent: "Classes" }));
    row.after(this.switches);
  }

  valid() {
    return true;
  }

  get score() {
    return Number(this.slider.value);
  }

  show(card, answer) {
    card.classList.add("drawn");
    const stage = card.querySelector(".stage");
    stage.style.aspectRatio = `${answer.width} / ${answer.height}`;
    stage.style.maxWidth = `calc(32rem * ${answer.width / answer.height})`;
    this.cards.set(card, { size: [answer.height, answer.width], things: this.things(answer), answer });
    for (const { label } of this.things(answer)) this.offer(label);
    this.resized.observe(card.querySelector("canvas"));
    this.list(card);
  }

  forget() {
    this.cards.clear();
    this.resized.disconnect();
  }

  /** A switch for a class, once it has been seen. */
  offer(label) {
    const id = `class-${this.labels.indexOf(label)}`;
    if (document.getElementById(id)) return;
    const box = make("input", { id, type: "checkbox", checked: true });
    box.style.accentColor = css(colour(this.labels.indexOf(label)));
    box.addEventListener("change", () => {
      this.shown[box.checked ? "add" : "delete"](label);
      this.refresh();
    });
    const name = make("label", { htmlFor: id });
    name.append(box, label);
    this.switches.append(name);
    this.switches.hidden = false;
  }

  refresh() {
    for (const card of this.cards.keys()) this.list(card);
  }

  list(card) {
    const visible = this.visible(card);
    card.querySelector(".label").textContent = this.title(visible, this.cards.get(card).answer);
    const items = visible.map((thing) => {
      const item = row(thing.label, this.figure(thing), thing.score ?? thing.share, css(colour(thing.position)));
      item.addEventListener("pointerenter", () => this.draw(card, thing));
      item.addEventListener("pointerleave", () => this.draw(card));
      return item;
    });
    card.querySelector(".bars").replaceChildren(...items);
    this.draw(card);
  }

  visible(card) {
    return this.cards.get(card).things.filter((thing) => this.shown.has(thing.label) && this.passes(thing));
  }

  draw(card, marked) {
    if (!this.cards.has(card)) return;
    draw(card.querySelector("canvas"), this.cards.get(card).size, this.visible(card), marked);
  }

  position(label) {
    return this.labels.indexOf(label);
  }
}

class Objects extends Drawn {
  question = "Score at least";
  least = 0.05;
  start = 0.5;

  options() {
    return { score: this.least };
  }

  things({ objects }) {
    return objects.map((one) => ({ ...one, position: this.position(one.label) }));
  }

  passes({ score }) {
    return score >= this.score;
  }

  figure({ score }) {
    return percent.format(score);
  }

  title(visible, { objects }) {
    const hidden = objects.length - visible.length;
    const count = `${visible.length || "No"} ${visible.length === 1 ? "object" : "objects"}`;
    return hidden ? `${count}, ${hidden} hidden` : count;
  }

  say({ objects }) {
    const found = objects.filter((one) => this.passes(one));
    const first = found.slice(0, 3).map(({ label, score }) => `${label} ${percent.format(score)}`);
    const more = found.length > 3 ? [`${found.length - 3} more`] : [];
    return found.length ? [...first, ...more].join(", ") : `no object of ${whole.format(this.score)} or more`;
  }
}

class Instances extends Objects {
  options() {
    return { score: this.least, masks: "rle" };
  }
}

class Segmentation extends Drawn {
  question = "Confidence at least";
  least = 0;
  start = 0;
  asksAgain = true;

  options() {
    return { score: this.score, masks: "rle" };
  }

  things({ classes }) {
    return classes.map((one) => ({ ...one, position: one.value }));
  }

  passes() {
    return true;
  }

  figure({ share, confidence }) {
    return `${percent.format(share)}, sure ${whole.format(confidence)}`;
  }

  title(visible, { left_out }) {
    const count = `${visible.length || "No"} ${visible.length === 1 ? "class" : "classes"}`;
    return left_out ? `${count}, ${percent.format(left_out)} left out` : count;
  }

  say({ classes, confidence }) {
    const first = classes.slice(0, 3).map(({ label, share }) => `${label} ${percent.format(share)}`);
    return `${first.join(", ") || "no class"}; mean confidence ${percent.format(confidence)}`;
  }
}

/** An image for an image: one over the other, and a slider that uncovers either. */
class Remade {
  controls() {}

  valid() {
    return true;
  }

  options() {
    return {};
  }

  show(card, answer) {
    card.classList.add("compared");
    const stage = card.querySelector(".stage");
    stage.style.aspectRatio = `${answer.width} / ${answer.height}`;
    stage.style.maxWidth = `calc(32rem * ${answer.width / answer.height})`;
    const source = `data:image/png;base64,${answer.image}`;
    const name = card.querySelector("figcaption").textContent;
    const after = make("img", { className: "after", alt: `Answer to ${name}`, src: source });
    const slider = make("input", { type: "range", min: 0, max: 100, value: 50, className: "split" });
    slider.setAttribute("aria-label", `Before and after: ${name}`);
    slider.addEventListener("input", () => stage.style.setProperty("--split", `${slider.value}%`));
    stage.style.setProperty("--split", "50%");
    stage.querySelectorAll(".after, .split").forEach((old) => old.remove());
    stage.append(after, slider);
    card.querySelector(".label").textContent = this.say(answer);
    const link = make("a", { href: source, download: `${name.replace(/\.[^.]*$/, "")}.answer.png` });
    link.textContent = "Save the answer as PNG";
    const item = make("li");
    item.append(link);
    card.querySelector(".bars").replaceChildren(item);
  }

  say({ width, height, colourfulness }) {
    return `${width} × ${height}, colourfulness ${colourfulness.toFixed(1)}`;
  }
}

export const KINDS = {
  classification: Classification,
  detection: Objects,
  instances: Instances,
  segmentation: Segmentation,
  image: Remade,
};
