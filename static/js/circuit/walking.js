// The keyboard on the graph: arrows go from mark to mark, with Shift along the strongest link; letters act.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The next mark in a direction: first of its row, or of the nearest row, as near as can be.
function beside(mark, shown, [right, down]) {
  let best = null;
  let least = Infinity;
  for (const other of shown) {
    const along = right ? (other.x - mark.x) * right : (other.y - mark.y) * down;
    const across = right ? Math.abs(other.y - mark.y) : Math.abs(other.x - mark.x);
    if (along < 1 || other === mark) continue;
    const cost = right ? along + across * 12 : along * 4 + across;
    if (cost < least) [best, least] = [other, cost];
  }
  return best;
}

function linked(mark, arcs, down) {
  const [here, there] = down > 0 ? ["to", "from"] : ["from", "to"];
  return arcs.findLast((arc) => arc[here] === mark)?.[there] ?? null;
}

export function walk(stage, actions, told) {
  const drawing = stage.root.querySelector("[data-drawing]");
  const marks = drawing.querySelector("[data-marks]");

  // One mark is a stop of the Tab key: the one where the reader was, else the strongest.
  stage.onDraw(({ shown }, all) => {
    if (!all) return;
    const [kept, ...others] = marks.querySelectorAll('[tabindex="0"]');
    for (const other of others) other.setAttribute("tabindex", "-1");
    if (kept) return;
    const first = shown.filter((mark) => mark.main).reduce((a, b) => (!a || Math.abs(b.effect) > Math.abs(a.effect) ? b : a), null);
    if (first) stage.nodes.of(first).setAttribute("tabindex", "0");
  });

  function go(mark) {
    const element = mark && stage.nodes.of(mark);
    if (!element) return;
    marks.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    element.setAttribute("tabindex", "0");
    element.focus({ preventScroll: true });
  }

  drawing.addEventListener("focusin", (event) => {
    const mark = event.target.closest(".mark")?.mark;
    if (mark && event.target.matches(":focus-visible")) {
      stage.hover(mark);
      told(mark);
    }
  });
  drawing.addEventListener("focusout", () => stage.hover(null));
  drawing.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const token = event.target.closest("[data-at]");
    const mark = event.target.closest(".mark")?.mark;
    if (token) alongTokens(event, token);
    else if (mark && STEPS[event.key]) {
      event.preventDefault();
      const [, down] = STEPS[event.key];
      go(event.shiftKey && down ? linked(mark, stage.seen.arcs, down) : beside(mark, stage.seen.shown, STEPS[event.key]));
    } else if (mark) press(event, mark);
  });

  function press(event, mark) {
    const does = { Enter: actions.chooseOrGather, " ": actions.chooseOrGather, p: actions.pin, h: actions.hide }[event.key];
    if (!does || event.repeat) return;
    event.preventDefault();
    does(mark);
  }

  function alongTokens(event, token) {
    const next = { ArrowLeft: token.previousElementSibling, ArrowRight: token.nextElementSibling }[event.key];
    if (event.key === "Enter" || event.key === " ") actions.trace(Number(token.dataset.at));
    else if (!next) return;
    event.preventDefault();
    if (!next) return;
    token.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  return { go };
}
