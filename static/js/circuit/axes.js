// The axes: the prompt's tokens below, layers at the left. They move with the view and stay at its edge.
import { SVG } from "./nodes.js";
import { MARGIN } from "./view.js";

const LETTER = 6.7;
const LONGEST = 12;
const LEAST_ROW = 11;
const LEAST_COLUMN = 9;

export function makeAxes(tokensLayer, layersLayer, scene) {
  function draw(view, state) {
    drawTokens(view, state);
    drawLayers(view);
  }

  function drawTokens(view, state) {
    const shown = view.world.columns.filter((column) => {
      const x = view.columnAt(column.x);
      return x > MARGIN.left - 4 && x < view.width;
    });
    const room = (column) => column.width * view.across;
    const words = (column) => shortened(scene.tokens[column.at]);
    const aslant = shown.some((column) => words(column).length * LETTER > room(column) - 4);
    let last = -Infinity;
    const labels = [];
    for (const column of shown) {
      const x = view.columnAt(column.x);
      if (x - last < LEAST_COLUMN) continue;
      last = x;
      labels.push({ column, x });
    }
    match(tokensLayer, labels.length, makeToken);
    const y = view.height - MARGIN.bottom + 20;
    labels.forEach(({ column, x }, n) => {
      const element = tokensLayer.children[n];
      element.dataset.at = column.at;
      element.setAttribute("transform", `translate(${x.toFixed(1)} ${y})${aslant ? " rotate(-42)" : ""}`);
      element.setAttribute("aria-label", `Ways from token ${column.at} “${scene.tokens[column.at]}” to the output`);
      element.setAttribute("aria-pressed", String(state.path === column.at));
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
      if (last - y < LEAST_ROW || y < 8 || y > view.height - MARGIN.bottom + 8) continue;
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

  return { draw };
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
