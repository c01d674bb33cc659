// The circuit's page: fetches what is drawn, brings its parts together, and keeps the address in step.
import { makeActions } from "./actions.js";
import { makeCard } from "./card.js";
import { listenToKeys } from "./keys.js";
import { makePanel } from "./panel.js";
import { carryAlong, read, write } from "./permalink.js";
import { pictureOf, pngFile, save, svgFile } from "./picture.js";
import { followPointer } from "./pointer.js";
import { describe, readScene } from "./scene.js";
import { makeSliders } from "./sliders.js";
import { makeStage } from "./stage.js";
import { makeState } from "./state.js";
import { walk } from "./walking.js";

const LATER = 250; // browsers refuse an address that changes all the time

async function open(root) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const response = await fetch(root.dataset.circuit, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const scene = readScene(await response.json());
  const state = makeState();
  const tell = (text) => (part("told").textContent = text);

  root.querySelectorAll("[data-with-graph]").forEach((element) => (element.hidden = false));
  part("loading").remove();
  const stage = makeStage(root, scene, state);
  const actions = makeActions(stage, scene, state, tell);
  restore();
  makeSliders(root, scene, state, stage);
  makePanel(root, scene, state, actions);
  makeCard(root, scene, state, actions, tell);
  actions.moved = keepAddress;
  const keys = listenToKeys(stage, state, actions, tell, keepAddress);
  followPointer(stage, actions, () => actions.isGrouping);
  walk(stage, actions, (mark) => tell(describe(mark, scene, state.now).join(", ")));

  // The line above the graph tells what is pointed at.
  const readout = part("readout-line");
  const hint = readout.textContent;
  stage.onDraw(({ hovered, ways }) => {
    const line = hovered ? describe(hovered, scene, state.now).join(" · ") : ways ? `Ways from token ${state.now.path} “${scene.tokens[state.now.path]}” to the output: ${ways.arcs.length} links between ${ways.marks.size} nodes.` : hint;
    if (readout.textContent !== line) readout.textContent = line;
  });

  // The address holds the whole state.
  let timer = null;
  let own = location.hash;
  function keepAddress() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { k, x, y, width, height, isFitted } = stage.view;
      const said = write(state.now, isFitted ? null : [k, x / width, y / height], scene.given);
      own = said ? `#${said}` : "";
      history.replaceState(history.state, "", location.pathname + location.search + own);
    }, LATER);
  }
  function restore() {
    const { state: parts, view, faults } = read(location.hash.slice(1), scene);
    state.restore(parts);
    const { width, height } = stage.view;
    stage.view.fit();
    if (view) Object.assign(stage.view, { k: view[0], x: view[1] * width, y: view[2] * height });
    stage.view.hold();
    stage.need("place");
    const notice = part("notice");
    notice.hidden = !faults.length;
    notice.textContent = faults.length ? `Part of this link was not understood and is left out: ${faults.slice(0, 5).join(", ")}${faults.length > 5 ? `, and ${faults.length - 5} more` : ""}.` : "";
  }
  state.onChange(keepAddress);
  carryAlong();
  addEventListener("hashchange", () => location.hash !== own && restore());

  const does = {
    undo: () => keys.undo(true), redo: () => keys.undo(false),
    fit: () => stage.view.fit(), nearer: () => stage.view.zoom(1.25), farther: () => stage.view.zoom(0.8),
    svg: () => save(svgFile(picture()), `${root.dataset.slug}.svg`),
    png: async () => save(await pngFile(picture()), `${root.dataset.slug}.png`),
    copy: async () => (await navigator.clipboard.writeText(location.href), tell("the link is copied")),
  };
  const picture = () => pictureOf(stage, scene, document.title);
  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-does]")?.dataset.does;
    if (!name) return;
    Promise.resolve(does[name]()).catch((error) => tell(`That did not work: ${error.message}`));
    if (["fit", "nearer", "farther"].includes(name)) stage.need("place"), keepAddress();
  });
  const steps = () => ["undo", "redo"].forEach((name) => (root.querySelector(`[data-does=${name}]`).disabled = !state.steps[name === "undo" ? "back" : "forward"]));
  state.onChange(steps);
  steps();
  root.dataset.ready = "";
}

for (const root of document.querySelectorAll("[data-circuit]")) {
  open(root).catch((error) => {
    root.querySelector("[data-loading]")?.replaceChildren(`The graph could not be drawn: ${error.message}. The table below has the same content.`);
    console.info(error);
  });
}
