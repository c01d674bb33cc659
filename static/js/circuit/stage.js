// Draws the graph: marks and axes in SVG, arcs on canvases below; once a frame, and only what has changed.
import { makeArcs } from "./arcs.js";
import { makeAxes } from "./axes.js";
import { makeColours } from "./colours.js";
import { layOut } from "./layout.js";
import { makeLight } from "./lighting.js";
import { arcsOf, marksOf, shownOf } from "./marks.js";
import { makeNodes } from "./nodes.js";
import { waysFrom } from "./tracing.js";
import { makeView } from "./view.js";

export function makeStage(root, scene, state) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const view = makeView();
  const colours = makeColours(part("probe"), () => need("place"));
  const nodes = makeNodes(part("marks"), scene);
  const axes = makeAxes(part("tokens-axis"), part("layers-axis"), scene);
  const [below, above] = [makeArcs(part("arcs"), colours), makeArcs(part("lit"), colours)];
  const light = makeLight(root, nodes, above, scene);
  const listeners = [];
  const [marksLayer, tokensLayer, layersLayer] = [part("marks"), part("tokens-axis"), part("layers-axis")];
  const seen = { marks: [], shown: [], arcs: [], ways: null, hovered: null };
  const due = new Set();
  let made = null; // of which groups, names and places the marks are
  let frame = 0;
  let version = 0;

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
    if (!same || tight || made.tight !== tight) {
      view.world = layOut(tight ? seen.shown : seen.marks, scene.tokens.length, scene.layers, tight);
      due.add("place");
    }
    if (made?.path !== now.path) due.add("axes");
    made = { ...now, tight };
    seen.ways = now.path === null ? null : waysFrom(now.path, seen.shown, seen.arcs, scene);
    const still = seen.hovered && seen.shown.find((mark) => mark.key === seen.hovered.key);
    seen.hovered = still || null;
    nodes.show(seen.shown, now);
  }

  function draw() {
    frame = 0;
    const all = due.has("marks");
    if (all) gather();
    if (due.has("place")) {
      version += 1;
      view.bottom = axes.room(view);
    }
    if (all || due.has("place")) nodes.place(view, seen.shown, version);
    if (due.has("place") || due.has("axes")) axes.draw(view, state.now);
    if (all || due.has("place") || due.has("move")) {
      const { x, y } = view;
      marksLayer.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      tokensLayer.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
      layersLayer.setAttribute("transform", `translate(0 ${y.toFixed(1)})`);
      below.draw(view, seen.arcs, scene.heaviest);
    }
    light(view, seen, state.now);
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
