// Marks as elements of the drawing: each can be focused, and says in words what it is.
import { describe } from "./scene.js";
import { outline, radius } from "./shapes.js";
import { MARGIN } from "./view.js";

export const SVG = "http://www.w3.org/2000/svg";
const LONGEST = 22;
const ASLANT = 17; // letters that fit above the output
const LABELLED = new Set(["rest", "embedding"]); // by the axes
const LETTER = 6.1; // wide
const shortened = (text, most = LONGEST) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export function makeNodes(layer, scene) {
  const oneOutput = scene.nodes.filter((node) => node.kind === "logit").length === 1;
  const elements = new Map(); // by key; those that are not shown now wait here
  let there = new Set();

  function make(mark) {
    const element = document.createElementNS(SVG, "g");
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.append(document.createElementNS(SVG, "path"));
    elements.set(mark.key, element);
    return element;
  }

  // Elements of what is shown; of those that are the same as before, nothing is touched.
  function show(marks, state) {
    const before = there;
    there = new Set();
    for (const mark of marks) {
      const element = elements.get(mark.key) ?? make(mark);
      there.add(element);
      const { pins, selected } = state;
      if (element.mark !== mark || element.pins !== pins || element.selected !== selected) {
        if (element.mark !== mark) element.placed = null;
        Object.assign(element, { mark, pins, selected });
        dress(element, mark, state);
      }
      if (!before.has(element)) layer.append(element);
    }
    for (const element of before) if (!there.has(element)) element.remove();
  }

  function dress(element, mark, state) {
    const chosen = state.selected !== null && mark.nodes.some((node) => node.id === state.selected);
    const pinned = mark.nodes.some((node) => state.pins.includes(node.id));
    mark.pinned = pinned;
    mark.special = pinned || chosen || mark.group !== null || mark.kind === "logit";
    const classes = { pinned, chosen, place: !mark.main, near: element.classList.contains("near") };
    set(element, "class", ["mark", `kind-${mark.kind}`, mark.effect < 0 ? "minus" : "plus", ...Object.keys(classes).filter((name) => classes[name])].join(" "));
    set(element.firstChild, "d", outline(mark, scene.strongest));
    set(element, "aria-label", describe(mark, scene, state).join(", "));
    set(element, "aria-pressed", String(chosen));
  }

  // `version`: of layout and zoom; what stands where it stood is not touched.
  function place(view, marks, version) {
    const scale = view.scale;
    const scaled = `scale(${scale.toFixed(3)})`;
    for (const mark of marks) {
      const element = elements.get(mark.key);
      if (element.placed === version && element.dressed === mark.special) continue;
      Object.assign(element, { placed: version, dressed: mark.special });
      view.place(mark);
      set(element, "transform", `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})`);
      set(element.firstChild, "transform", scaled);
      name(element, mark, mark.special || (!LABELLED.has(mark.kind) && view.hasRoom(mark)), radius(mark, scene.strongest) * scale);
    }
  }

  // The name of the output stands beside it, where its layer has room: all of it that fits. Of many outputs, which stand
  // side by side at the last position, it stands aslant above.
  function name(element, mark, wanted, r) {
    if (!wanted) return element.children[1]?.remove();
    const text = element.children[1] ?? element.appendChild(document.createElementNS(SVG, "text"));
    const output = mark.kind === "logit";
    const beside = output && oneOutput;
    set(text, "class", output ? "name end" : "name middle");
    if (beside) set(text, "transform", `translate(${(-r - 5).toFixed(1)} 3.5)`);
    else set(text, "transform", output ? `translate(0 ${(-r - 4).toFixed(1)}) rotate(48)` : `translate(0 ${(r + 10).toFixed(1)})`);
    const bare = mark.kind === "embedding" || output ? mark.name.replace(/^(embedding of|logit of|output:) /, "") : mark.name;
    const words = beside ? shortened(bare, Math.max(LONGEST / 2, Math.floor((mark.x - r - MARGIN.left) / LETTER))) : shortened(bare, output ? ASLANT : LONGEST);
    if (text.textContent !== words) text.textContent = words;
    return text;
  }

  return { show, place, of: (mark) => elements.get(mark.key), all: () => there };
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
