// The axes: the prompt's tokens below, layers at the left. The stage moves them, each along its edge.
import { SVG } from "./nodes.js";
import { MARGIN } from "./view.js";

const LETTER = 6.7;
const LONGEST = 12;
const LEAST_ROW = 11;
const LEAST_COLUMN = 9;
const REST = "rest";

export function makeAxes(tokensLayer, layersLayer, scene) {
  function draw(view, state) {
    drawTokens(view, state);
    drawLayers(view);
  }

  const words = (column) => shortened(scene.tokens[column.at] ?? REST);
  const isAslant = (view, across) => view.world.columns.some((column) => words(column).length * LETTER > column.width * across - 4);

  // How much room the tokens need below, as the graph is fitted.
  const room = (view) => (isAslant(view, view.across / view.k) ? 74 : 34);

  function drawTokens(view, state) {
    const shown = view.world.columns;
    const aslant = isAslant(view, view.across);
    let last = -Infinity;
    const labels = [];
    for (const column of shown) {
      const x = view.columnAt(column.x);
      if (x - last < LEAST_COLUMN) continue;
      last = x;
      labels.push({ column, x });
    }
    match(tokensLayer, labels.length, makeToken);
    const y = view.height - view.bottom + 20;
    labels.forEach(({ column, x }, n) => {
      const element = tokensLayer.children[n];
      const isToken = column.at < scene.tokens.length;
      if (isToken) element.dataset.at = column.at;
      else delete element.dataset.at;
      element.setAttribute("transform", `translate(${x.toFixed(1)} ${y})${aslant ? " rotate(-42)" : ""}`);
      element.setAttribute("role", isToken ? "button" : "presentation");
      element.setAttribute("aria-label", isToken ? `Ways from token ${column.at} “${scene.tokens[column.at]}” to the output` : REST);
      if (isToken) element.setAttribute("aria-pressed", String(state.path === column.at));
      else element.removeAttribute("aria-pressed");
      element.setAttribute("class", `token-label${aslant ? " aslant" : ""}${state.path === column.at ? " chosen" : ""}`);
      element.firstChild.textContent = words(column);
    });
    if (labels.length && !tokensLayer.querySelector('[tabindex="0"]')) tokensLayer.firstChild.setAttribute("tabindex", "0");
  }

  function drawLayers(view) {
    let last = Infinity;
    const labels = [];
    for (const row of view.world.rows) {
      const y = view.rowAt(row.y);
      if (last - y < LEAST_ROW) continue;
      last = y;
      labels.push({ row, y });
    }
    match(layersLayer, labels.length, () => document.createElementNS(SVG, "text"));
    labels.forEach(({ row, y }, n) => {
      const text = layersLayer.children[n];
      text.setAttribute("class", "label end");
      text.setAttribute("x", MARGIN.left - 14);
      text.setAttribute("y", (y + 3).toFixed(1));
      text.textContent = row.layer < 0 ? "embedding" : row.layer >= scene.layers ? "logits" : String(row.layer);
    });
  }

  return { draw, room };
}

function makeToken() {
  const element = document.createElementNS(SVG, "g");
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "-1");
  element.append(document.createElementNS(SVG, "text"));
  return element;
}

function match(layer, n, make) {
  while (layer.children.length > n) layer.lastChild.remove();
  while (layer.children.length < n) layer.append(make());
}

const shortened = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
