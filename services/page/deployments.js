/** What serves, what is tried and what happened, read anew every two seconds. */
import { ask } from "/page/asking.js";

const byId = (id) => document.getElementById(id);
const bad = new Set(["refused", "withdrawn", "rolled back"]);
const everyMilliseconds = 2000;
let shown = "";

function when(at) {
  const time = document.createElement("time");
  time.dateTime = at;
  time.textContent = new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return time;
}

function add(table, ...cells) {
  const line = table.tBodies[0].insertRow();
  const names = table.tHead.rows[0].cells;
  cells.forEach((cell, place) => {
    const made = line.insertCell();
    made.dataset.name = names[place].textContent;
    made.append(cell);
  });
}

function chance(p) {
  return p >= 0.995 ? "1" : p.toPrecision(2);
}

function facts(list, pairs) {
  for (const [name, ...values] of pairs) {
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    value.append(...values);
    list.append(term, value);
  }
}

function section({ name, status, history }) {
  const one = byId("deployment").content.firstElementChild.cloneNode(true);
  one.querySelector("h2").textContent = status ? `${name} ${status.serving.version}` : name;
  if (!status) return one;
  const pairs = [["serves since", when(status.since)]];
  if (status.previous) pairs.push(["before", status.previous.version]);
  if (status.pinned) pairs.push(["pinned", `to ${status.pinned.version} by ${status.pinned.by}: ${status.pinned.reason}`]);
  if (status.withdrawn) pairs.push(["withdrawn", status.withdrawn[1]]);
  facts(one.querySelector("dl"), pairs);
  for (const refusal of status.refusals) {
    const item = document.createElement("li");
    item.textContent = `refused ${refusal.version ?? "record"}: ${refusal.reason}`;
    one.querySelector(".refused").append(item);
  }
  if (status.trial) trial(one.querySelector(".trial"), status);
  for (const event of history) happened(one.querySelector(".history"), event);
  return one;
}

function trial(table, { candidate, trial: { share, decision, reason, measures } }) {
  const how = share ? `answers ${(100 * share).toFixed(0)}% of the requests` : "is asked copies, answers none";
  table.hidden = false;
  table.caption.textContent = `Version ${candidate.version} ${how}. ${decision.replace("_", " ")}: ${reason}`;
  for (const [name, one] of Object.entries(measures)) {
    const line = one.observations ? one.line : "nothing yet";
    add(table, name, line, chance(one.p_worse), chance(one.p_not_worse));
  }
}

function happened(table, event) {
  const what = document.createElement("span");
  what.className = `what${bad.has(event.event) ? " bad" : ""}`;
  what.textContent = event.event;
  const took = event.seconds === null ? "" : `, in ${event.seconds.toFixed(2)} s`;
  const version = `${event.version ?? "–"}${event.before ? `, was ${event.before}` : ""}${took}`;
  add(table, when(event.at), what, version, event.by, event.reason);
}

async function look() {
  try {
    const { deployments } = await ask("/deployments.json");
    const text = JSON.stringify(deployments);
    byId("status").classList.remove("bad");
    if (text !== shown) {
      shown = text;
      byId("deployments").replaceChildren(...deployments.map(section));
      byId("status").textContent = deployments.length ? "" : "This server follows no deployment; `tatara deploy` makes one.";
    }
  } catch (error) {
    byId("status").textContent = `The server does not answer: ${error.message}`;
    byId("status").classList.add("bad");
  }
  setTimeout(look, everyMilliseconds);
}

look();
