// A token strip tells the token under the pointer or the cursor: text, id, exact value, position.
import { showAttention } from "./attention.js";

const readout = document.querySelector("[data-readout]");
const placement = new CSSStyleSheet();
document.adoptedStyleSheets.push(placement);
let marked = null;

const tokensOf = (strip) => [...strip.querySelectorAll("i")];
const isShown = (token) => token.getClientRects().length > 0;

function select(strip, index) {
  const token = tokensOf(strip)[index];
  if (!token) return;
  clear();
  marked = { strip, token, index };
  token.classList.add("at");
  fill(strip, token, index);
  place(token);
  showAttention(strip, index);
}

function clear() {
  if (!marked) return;
  marked.token.classList.remove("at");
  showAttention(marked.strip, Number(marked.strip.dataset.peak));
  marked = null;
  readout.hidden = true;
}

function fill(strip, token, index) {
  const value = strip.dataset.values.split(" ")[index];
  const name = document.createElement("b");
  name.textContent = token.textContent.replace(/^ /, "·");
  const left = index < Number(strip.dataset.counted) ? "  ·  not counted" : "";
  const shown = value === "x" ? "not finite" : value.replace("-", "−");
  const id = strip.dataset.ids.split(" ")[index];
  readout.replaceChildren(name, `  ${shown}  ·  id ${id}  ·  position ${index}${left}`);
  readout.hidden = false;
}

function place(token) {
  const at = token.getClientRects()[0];
  if (!at) return;
  const box = readout.getBoundingClientRect();
  const left = Math.max(4, Math.min(at.left, innerWidth - box.width - 8));
  const above = at.top - box.height - 6;
  const top = above > 4 ? above : at.bottom + 6;
  placement.replaceSync(`.readout { transform: translate(${left}px, ${top}px); }`);
}

function nextShown(strip, from, step) {
  const tokens = tokensOf(strip);
  let index = from + step;
  while (index >= 0 && index < tokens.length && !isShown(tokens[index])) index += step;
  return index >= 0 && index < tokens.length ? index : from;
}

function move(strip, key) {
  const tokens = tokensOf(strip);
  const peak = Number(strip.dataset.peak);
  const now = marked?.strip === strip ? marked.index : peak;
  if (key === "ArrowRight") select(strip, nextShown(strip, now, 1));
  if (key === "ArrowLeft") select(strip, nextShown(strip, now, -1));
  if (key === "Home") select(strip, tokens.findIndex(isShown));
  if (key === "End") select(strip, tokens.findLastIndex(isShown));
  if (key === "Escape") clear();
  if (key === "Enter") strip.parentElement.querySelector(".context > summary")?.click();
}

document.addEventListener("pointerover", (event) => {
  const token = event.target.closest?.("[data-strip] i");
  const strip = token?.closest("[data-strip]");
  if (strip) select(strip, tokensOf(strip).indexOf(token));
  else if (marked && document.activeElement !== marked.strip) clear();
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-strip]:focus-visible")) select(event.target, Number(event.target.dataset.peak));
});
document.addEventListener("focusout", (event) => {
  if (event.target.matches("[data-strip]")) clear();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!event.target.matches("[data-strip]")) return;
  if (!["ArrowLeft", "ArrowRight", "Home", "End", "Escape", "Enter"].includes(event.key)) return;
  event.preventDefault();
  move(event.target, event.key);
});
