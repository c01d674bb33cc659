// What keeping so many units is worth: from the stored curves, and where the server can, measured anew.
import { ask } from "./units.js";

export function pointAt(curve, n) {
  if (!curve?.length || n < curve[0][0] || n > curve.at(-1)[0]) return null;
  const after = curve.find(([size]) => size >= n);
  if (after[0] === n) return { exact: true, faithfulness: after.slice(1, 4), completeness: after.slice(4, 7) };
  const before = curve[curve.indexOf(after) - 1];
  const share = (Math.log1p(n) - Math.log1p(before[0])) / (Math.log1p(after[0]) - Math.log1p(before[0]));
  const between = (from) => {
    const [a, b] = [before.slice(from, from + 3), after.slice(from, from + 3)];
    if (a[0] === null || b[0] === null) return [null, null, null];
    const interval = a[1] === null || b[1] === null ? [null, null] : [Math.min(a[1], b[1]), Math.max(a[2], b[2])];
    return [a[0] + share * (b[0] - a[0]), ...interval];
  };
  return { exact: false, sizes: [before[0], after[0]], faithfulness: between(1), completeness: between(4) };
}

// The same, run for these very units.
export function prove(units, { address, signal, more } = {}) {
  return ask(address, { units, ...more }, signal);
}

const two = (number) => number.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−");
const told = ([value, low, high], about) =>
  value === null ? ["not measured", ""] : [`${about ? "≈ " : ""}${two(value)}`, low === null ? "no interval" : `[${two(low)}, ${two(high)}]`];

// At the size that was proved these are the numbers of the circuit as it is drawn; else of the curves.
function numbersAt(proof, ranks, n) {
  if (proof && n === proof.kept && n === ranks.length) return { ...proof.own, note: `measured of the ${n.toLocaleString("en")} units drawn`, about: false };
  const own = pointAt(proof?.curves.circuit, n);
  const random = pointAt(proof?.curves.random, n);
  const drawn = ranks.filter((rank) => rank !== null && rank < n).length;
  const left = own && drawn < n ? `; of the ranking's first ${n.toLocaleString("en")}, of which ${drawn.toLocaleString("en")} are drawn` : "";
  const where = !own ? "" : own.exact ? `measured at ${n.toLocaleString("en")} units` : `between measured sizes ${own.sizes.map((size) => size.toLocaleString("en")).join(" and ")}; the interval spans both`;
  return { faithfulness: own?.faithfulness, completeness: own?.completeness, random: random?.faithfulness, note: where + left, about: own && !own.exact };
}

export function showProof(root, proof, ranks, n) {
  const { note: said, about, ...numbers } = numbersAt(proof, ranks, n);
  for (const [name, numbersOf] of Object.entries(numbers)) fill(root, name, numbersOf ?? [null], about);
  const note = root.querySelector("[data-proof-note]");
  if (note) note.textContent = said;
  for (const drawing of document.querySelectorAll("[data-curves]")) point(drawing, n);
}

export function fill(root, name, numbers, about) {
  const cell = root.querySelector(`[data-number="${name}"]`);
  if (!cell) return;
  const [value, interval] = told(numbers, about);
  cell.firstElementChild.textContent = value;
  cell.lastElementChild.textContent = interval;
}

function point(drawing, n) {
  const { most, left, right } = drawing.dataset;
  const x = Number(left) + (Number(right) - Number(left)) * (Math.log1p(Math.min(n, most)) / Math.log1p(Number(most)));
  const here = drawing.querySelector("[data-here]");
  here.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
  here.setAttribute("visibility", "visible");
}
