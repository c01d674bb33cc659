// Arcs on a canvas: width and strength by weight, colour by sign. Drawn apart from the marks, which move above them.
import { bend, faintness, thickness } from "./shapes.js";
import { MARGIN } from "./view.js";

const STEPS = 8; // of width: arcs of one step and sign are stroked at once
const FAINT = 0.16; // how much is left of what is not looked at

export function makeArcs(canvas, colours) {
  const pen = canvas.getContext("2d");

  function clear(view) {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  // `bold`: at full strength, above others.
  function draw(view, arcs, heaviest, { faint = false, bold = false } = {}) {
    clear(view);
    if (!arcs.length) return;
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left - 8, 0, view.width, view.height - view.bottom + 10);
    pen.clip();
    pen.translate(view.x, view.y);
    for (const { sign, share, some } of steps(arcs, heaviest)) {
      const weight = share * heaviest;
      pen.strokeStyle = colours[sign];
      pen.lineWidth = thickness(weight, heaviest) * (bold ? 1.15 : 1);
      pen.globalAlpha = bold ? 0.95 : faintness(weight, heaviest) * (faint ? FAINT : 1);
      pen.beginPath();
      for (const { from, to } of some) {
        const middle = bend(from, to);
        pen.moveTo(from.x, from.y);
        pen.bezierCurveTo(from.x, middle, to.x, middle, to.x, to.y);
      }
      pen.stroke();
    }
    pen.restore();
  }

  return { draw };
}

// The weakest first; each with the weight in its middle as a share of the heaviest.
function steps(arcs, heaviest) {
  const groups = new Map();
  for (const arc of arcs) {
    const step = Math.min(STEPS - 1, Math.floor(STEPS * Math.sqrt(Math.abs(arc.weight) / (heaviest || 1))));
    const key = 2 * step + (arc.weight < 0 ? 1 : 0);
    if (!groups.has(key)) groups.set(key, { sign: arc.weight < 0 ? "negative" : "positive", share: ((step + 0.5) / STEPS) ** 2, some: [] });
    groups.get(key).some.push(arc);
  }
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
}
