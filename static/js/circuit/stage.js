// Draws the graph: marks and axes in SVG, arcs on canvases below; once a frame, and only what has changed.
import { makeArcs } from "./arcs.js";
import { makeAxes } from "./axes.js";
import { makeColours } from "./colours.js";
import { layOut } from "./layout.js";
import { arcsOf, marksOf, shownOf } from "./marks.js";
import { makeNodes } from "./nodes.js";
import { around, waysFrom } from "./tracing.js";
import { makeView } from "./view.js";

export function makeStage(root, scene, state) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const view = makeView();
  const colours = makeColours(part("probe"), () => need("place"));
  const nodes = makeNodes(part("marks"), scene);
  const axes = makeAxes(part("tokens-axis"), part("layers-axis"), scene);
  const [below, above] = [makeArcs(part("arcs"), colours), makeArcs(part("lit"), colours)];
  const listeners = [];
  const seen = { marks: [], shown: [], arcs: [], ways: null, hovered: null, lit: null };
  const due = new Set();
  let made = null; // of which groups, names and places the marks are
  let frame = 0;

  function need(...what) {
    for (const one of what) due.add(one);
    frame ||= requestAnimationFrame(draw);
  }

  function gather() {
    const now = state.now;
    const same = made && ["groups", "names", "split"].every((name) => made[name] === now[name]);
    if (!same) seen.marks = marksOf(scene, now);
    seen.shown = shownOf(seen.marks, scene, now);
    seen.arcs = arcsOf(seen.shown, scene, now);
    const tight = now.tight || now.only;
    if (!same || tight || made.tight !== tight) view.world = layOut(tight ? seen.shown : seen.marks, scene.tokens.length, scene.layers, tight);
    made = { ...now, tight };
    seen.ways = now.path === null ? null : waysFrom(now.path, seen.shown, seen.arcs, scene);
    const still = seen.hovered && seen.shown.find((mark) => mark.key === seen.hovered.key);
    seen.hovered = still || null;
    nodes.show(seen.shown, now);
  }

  // What is hovered, else the ways from a token, else what is chosen stands out.
  function light() {
    const chosen = state.now.selected && seen.shown.find((mark) => mark.main && mark.nodes.some((node) => node.id === state.now.selected));
    seen.lit = seen.hovered ? around(seen.hovered, seen.arcs) : (seen.ways ?? (chosen ? around(chosen, seen.arcs) : null));
    root.classList.toggle("focusing", seen.lit !== null);
    for (const element of nodes.all()) element.classList.toggle("near", seen.lit?.marks.has(element.mark) ?? false);
    above.draw(view, seen.lit?.arcs ?? [], scene.heaviest, { bold: true });
  }

  function draw() {
    frame = 0;
    const all = due.has("marks");
    if (all) gather();
    if (all || due.has("place")) {
      for (const mark of seen.shown) view.place(mark);
      nodes.place(view, seen.shown);
      axes.draw(view, state.now);
      below.draw(view, seen.arcs, scene.heaviest);
    }
    light();
    due.clear();
    for (const listener of listeners) listener(seen, all);
  }

  function resize() {
    const box = part("drawing").getBoundingClientRect();
    if (!box.width || (box.width === view.width && box.height === view.height)) return;
    Object.assign(view, { width: box.width, height: box.height });
    need("place");
  }
  new ResizeObserver(resize).observe(part("drawing"));
  resize();
  state.onChange(() => need("marks"));
  need("marks");

  return {
    root, view, nodes, seen, colours, need,
    onDraw: (listener) => listeners.push(listener),
    hover(mark) {
      if (mark === seen.hovered) return;
      seen.hovered = mark;
      need("light");
    },
    find: (id) => seen.shown.find((mark) => mark.main && mark.nodes.some((node) => node.id === id)),
  };
}
