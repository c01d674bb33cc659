// The pointer on the graph: hovering tells, a click chooses, Ctrl-click pins, g-click groups, dragging moves, Ctrl-wheel zooms.
const NEAR = 14; // pixels within which a mark is meant
const LINGER = 90; // milliseconds
const MOVED = 4; // pixels from which on a press is a drag

export function nearest(shown, x, y) {
  let best = null;
  let least = NEAR * NEAR;
  for (const mark of shown) {
    const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
    if (distance < least) [best, least] = [mark, distance];
  }
  return best;
}

export function followPointer(stage, actions, isGrouping) {
  const drawing = stage.root.querySelector("[data-drawing]");
  let press = null;
  let click = null; // where the last click ended, for the browser's own click event

  const at = (event) => {
    const box = drawing.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const under = (event) => {
    const [x, y] = at(event);
    return nearest(stage.seen.shown, x - stage.view.x, y - stage.view.y);
  };

  // Between two marks the light stays on for a moment: it would flicker, and all would be drawn twice.
  let leaving = null;
  function point(mark) {
    clearTimeout(leaving);
    if (mark) stage.hover(mark);
    else leaving = setTimeout(() => stage.hover(null), LINGER);
  }

  drawing.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && !event.target.closest("[data-at]")) press = { x: event.clientX, y: event.clientY, dragged: false };
  });
  addEventListener("pointermove", (event) => {
    if (!press) return;
    const [dx, dy] = [event.clientX - press.x, event.clientY - press.y];
    if (!press.dragged && Math.hypot(dx, dy) < MOVED) return;
    press = { x: event.clientX, y: event.clientY, dragged: true };
    stage.root.classList.add("dragging");
    stage.view.move(dx, dy);
    stage.need("move");
  });
  addEventListener("pointerup", () => {
    click = press;
    press = null;
    stage.root.classList.remove("dragging");
    if (click?.dragged) actions.moved();
  });
  addEventListener("pointercancel", () => (press = null));

  drawing.addEventListener("pointermove", (event) => {
    if (press?.dragged) return;
    const mark = under(event);
    drawing.classList.toggle("over", mark !== null);
    point(mark);
  });
  drawing.addEventListener("pointerleave", () => point(null));
  drawing.addEventListener("click", (event) => {
    if (click?.dragged) return;
    const token = event.target.closest("[data-at]");
    if (token) return actions.trace(Number(token.dataset.at));
    const mark = event.detail === 0 ? event.target.closest(".mark")?.mark : under(event);
    if (!mark) return;
    if (isGrouping()) actions.gather(mark);
    else if (event.ctrlKey || event.metaKey) actions.pin(mark);
    else actions.choose(mark);
  });
  drawing.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    stage.view.zoom(Math.exp(-event.deltaY / 240), ...at(event));
    stage.need("place");
    actions.moved();
  }, { passive: false });
}
