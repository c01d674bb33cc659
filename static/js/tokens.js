// The prompt's tokens choose where the selected edit acts: click, shift-click a range, or space.
import { rerun } from "./playground.js";

const DELAY = 350;
let last = null;
let waiting = null;

const rows = () => [...document.querySelectorAll("[data-edit-row]:not(.kept)")];
const selected = () => rows().find((row) => row.classList.contains("selected")) ?? rows()[0];
const strip = () => document.querySelector("[data-tokens]");

// The positions that a field names: all, new, last 2, or 3, 5-8.
function positions(text, n) {
  const said = text.trim().toLowerCase();
  if (said === "" || said === "all") return new Set(Array(n).keys());
  if (said === "new") return new Set();
  const tail = said.match(/^last\s*(\d*)$/);
  if (tail) return new Set([...Array(n).keys()].slice(-Number(tail[1] || 1)));
  return new Set(said.split(/[\s,]+/).flatMap((part) => {
    const [from, to = from] = part.split(/[-–]/).map(Number);
    return Array.from({ length: Math.min(to, n) - from + 1 || 0 }, (_, i) => from + i);
  }));
}

function written(chosen, n) {
  const sorted = [...chosen].sort((a, b) => a - b);
  if (!sorted.length || sorted.length === n) return "all";
  const parts = [];
  for (const at of sorted) {
    const open = parts.at(-1);
    if (open && open[1] === at - 1) open[1] = at;
    else parts.push([at, at]);
  }
  return parts.map(([a, b]) => (a === b ? a : `${a}-${b}`)).join(", ");
}

function paint() {
  const tokens = [...(strip()?.querySelectorAll("[data-token]") ?? [])];
  const field = selected()?.querySelector("[data-where]");
  for (const row of rows()) row.classList.toggle("selected", row === selected());
  const chosen = field ? positions(field.value, tokens.length) : new Set();
  strip()?.toggleAttribute("data-all", chosen.size === tokens.length);
  tokens.forEach((token, at) => token.setAttribute("aria-pressed", chosen.has(at)));
}

// From "all", the first click chooses one token; later ones add and take away.
function choose(at, range) {
  const field = selected()?.querySelector("[data-where]");
  if (!field) return;
  const n = strip().querySelectorAll("[data-token]").length;
  const whole = ["", "all"].includes(field.value.trim().toLowerCase());
  const chosen = whole ? new Set() : positions(field.value, n);
  if (range && last !== null) {
    for (let i = Math.min(last, at); i <= Math.max(last, at); i += 1) chosen.add(i);
  } else if (!chosen.delete(at)) chosen.add(at);
  last = at;
  field.value = written(chosen, n);
  paint();
  clearTimeout(waiting); // several clicks are one question
  waiting = setTimeout(rerun, DELAY);
}

document.addEventListener("click", (event) => {
  const token = event.target.closest?.("[data-token]");
  if (token) choose(Number(token.dataset.token), event.shiftKey);
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-edit-row]");
  if (!row || row.classList.contains("kept")) return;
  for (const other of rows()) other.classList.toggle("selected", other === row);
  last = null;
  paint();
});
document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-where]")) paint();
});
document.addEventListener("htmx:after:swap", paint);
paint();
