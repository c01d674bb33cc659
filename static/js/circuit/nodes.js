// Marks as elements of the drawing: each can be focused, and says in words what it is.
import { describe } from "./scene.js";
import { outline, radius } from "./shapes.js";

export const SVG = "http://www.w3.org/2000/svg";
const LONGEST = 22;
const shortened = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

export function makeNodes(layer, scene) {
  const elements = new Map();

  function make(mark) {
    const element = document.createElementNS(SVG, "g");
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.append(document.createElementNS(SVG, "path"));
    elements.set(mark.key, element);
    layer.append(element);
    return element;
  }

  // Elements of what is shown, with shape, colour and words; others go.
  function show(marks, state) {
    const keys = new Set(marks.map((mark) => mark.key));
    for (const [key, element] of elements) {
      if (keys.has(key)) continue;
      element.remove();
      elements.delete(key);
    }
    for (const mark of marks) {
      const element = elements.get(mark.key) ?? make(mark);
      element.mark = mark;
      const chosen = state.selected !== null && mark.nodes.some((node) => node.id === state.selected);
      mark.pinned = mark.nodes.some((node) => state.pins.includes(node.id));
      mark.special = mark.pinned || chosen || mark.group !== null || mark.kind === "logit";
      const sign = mark.effect < 0 ? "minus" : "plus";
      set(element, "class", ["mark", `kind-${mark.kind}`, sign, mark.pinned && "pinned", chosen && "chosen", mark.main || "place"].filter((one) => typeof one === "string").join(" "));
      set(element.firstChild, "d", outline(mark, scene.strongest));
      set(element, "aria-label", describe(mark, scene, state).join(", "));
      set(element, "aria-pressed", String(chosen));
    }
  }

  function place(view, marks) {
    const scale = view.scale;
    for (const mark of marks) {
      const element = elements.get(mark.key);
      if (!element) continue;
      element.setAttribute("transform", `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})`);
      element.firstChild.setAttribute("transform", `scale(${scale.toFixed(3)})`);
      name(element, mark, mark.special || view.roomy, radius(mark, scene.strongest) * scale);
    }
  }

  // Names of the output stand aslant above it: there are many side by side.
  function name(element, mark, wanted, r) {
    if (!wanted) return element.children[1]?.remove();
    const text = element.children[1] ?? element.appendChild(document.createElementNS(SVG, "text"));
    const aslant = mark.kind === "logit";
    set(text, "class", aslant ? "name" : "name middle");
    set(text, "transform", aslant ? `translate(2 ${(-r - 4).toFixed(1)}) rotate(-32)` : `translate(0 ${(r + 10).toFixed(1)})`);
    const words = shortened(mark.kind === "embedding" || mark.kind === "logit" ? mark.name.replace(/^(embedding|logit) of /, "") : mark.name);
    if (text.textContent !== words) text.textContent = words;
    return text;
  }

  return { show, place, of: (mark) => elements.get(mark.key), all: () => elements.values() };
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
