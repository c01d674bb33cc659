// The map of the network: arrow keys move a cursor from cell to cell, the readout tells the cell.
const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const placeOf = (cell) => {
  const box = cell.firstElementChild;
  return { x: Number(box.getAttribute("x")), y: Number(box.getAttribute("y")) };
};

function neighbour(cell, [right, down]) {
  const here = placeOf(cell);
  let best = null;
  let least = Infinity;
  for (const other of cell.closest("svg").querySelectorAll("[data-cell]")) {
    const there = placeOf(other);
    const along = right ? (there.x - here.x) * right : (there.y - here.y) * down;
    const across = right ? Math.abs(there.y - here.y) : Math.abs(there.x - here.x);
    if (along <= 0.5 || (right && across > 0.5)) continue;
    const distance = right ? along : along * 100 + across;
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

function tell(cell) {
  const readout = cell.closest("figure")?.querySelector("[data-cell-readout]");
  if (readout) readout.textContent = cell.getAttribute("aria-label");
}

function makeReachable(root = document) {
  for (const map of root.querySelectorAll("[data-network]")) {
    if (map.querySelector('[data-cell][tabindex="0"]')) continue;
    map.querySelector("[data-cell]")?.setAttribute("tabindex", "0");
  }
}

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-cell]");
  if (!cell || !keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const next = neighbour(cell, keys[event.key]);
  if (!next) return;
  cell.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
});
document.addEventListener("focusin", (event) => {
  const cell = event.target.closest?.("[data-cell]");
  if (cell) tell(cell);
});
document.addEventListener("pointerover", (event) => {
  const cell = event.target.closest?.("[data-cell]");
  if (cell) tell(cell);
});
document.addEventListener("htmx:after:swap", () => makeReachable());
makeReachable();
