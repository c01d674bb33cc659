// The graph as it is seen, as a file: SVG, or PNG made from it at twice the size.
import { SVG } from "./nodes.js";
import { bend, faintness, outline, radius, thickness } from "./shapes.js";
import { MARGIN } from "./view.js";

const TIMES = 2;
// What XML cannot hold; labels may come from files of others.
const sound = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, typeof value === "number" ? Number(value.toFixed(2)) : value);
  if (text) element.textContent = sound(text);
  return element;
}

export function pictureOf(stage, scene, title) {
  const { view, colours, seen } = stage;
  const svg = make("svg", { xmlns: SVG, width: view.width, height: view.height, viewBox: `0 0 ${view.width} ${view.height}`, "font-family": "monospace", "font-size": 11 });
  svg.append(make("title", {}, title), make("rect", { width: view.width, height: view.height, fill: colours.paper }));
  const clip = make("clipPath", { id: "inner" });
  clip.append(make("rect", { x: MARGIN.left - 8, y: 0, width: view.width, height: view.height - view.bottom + 10 }));
  const clipped = make("g", { "clip-path": "url(#inner)" });
  const inner = make("g", { transform: `translate(${view.x.toFixed(1)} ${view.y.toFixed(1)})` });
  clipped.append(inner);
  svg.append(clip, clipped);
  for (const { from, to, weight } of seen.arcs) {
    const middle = bend(from, to);
    inner.append(make("path", {
      d: `M${[from.x, from.y].map((n) => n.toFixed(1)).join(" ")}C${[from.x, middle, to.x, middle, to.x, to.y].map((n) => n.toFixed(1)).join(" ")}`,
      fill: "none", stroke: weight < 0 ? colours.negative : colours.positive,
      "stroke-width": thickness(weight, scene.heaviest), "stroke-opacity": faintness(weight, scene.heaviest),
    }));
  }
  for (const mark of seen.shown) inner.append(...marked(mark, stage, scene));
  for (const part of ["tokens-axis", "layers-axis"]) {
    const layer = stage.root.querySelector(`[data-${part}]`);
    const axis = make("g", { transform: layer.getAttribute("transform") });
    axis.append(...[...layer.querySelectorAll("text")].map((text) => axisText(text, colours)));
    svg.append(axis);
  }
  return svg;
}

function marked(mark, { view, nodes, colours }, scene) {
  const scale = view.scale;
  const fill = mark.effect < 0 ? colours.negative : colours.positive;
  const shape = make("path", {
    d: outline(mark, scene.strongest), transform: `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)}) scale(${scale.toFixed(3)})`,
    fill: mark.kind === "error" || !mark.main ? colours.paper : fill, stroke: mark.kind === "error" || !mark.main ? fill : mark.pinned ? colours.ink : colours.paper,
    "stroke-width": (mark.pinned ? 2 : 1) / scale,
  });
  const name = nodes.of(mark)?.children[1];
  if (!name) return [shape];
  const at = `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)}) ${name.getAttribute("transform")}`;
  return [shape, make("text", { transform: at, fill: colours.ink, "font-size": 10, "text-anchor": mark.kind === "logit" ? "end" : "middle" }, name.textContent)];
}

function axisText(text, colours) {
  const of = text.parentNode;
  const place = of.matches(".token-label") ? { transform: of.getAttribute("transform") } : { x: text.getAttribute("x"), y: text.getAttribute("y") };
  const anchor = getComputedStyle(text).textAnchor;
  return make("text", { ...place, fill: colours["ink-2"], "text-anchor": anchor }, text.textContent);
}

const written = (svg) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}`;

export const svgFile = (svg) => new Blob([written(svg)], { type: "image/svg+xml" });

export async function pngFile(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(written(svg))}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: TIMES * image.width, height: TIMES * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
