// The outline of each kind of node around its middle, and how large its effect makes it.
const [SMALLEST, LARGEST] = [3.6, 11];

export function radius(mark, strongest) {
  if (mark.kind === "logit") return 7;
  const share = Math.min(mark.kind === "group" ? 1.6 : 1, Math.abs(mark.effect) / strongest);
  return SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(share) + (mark.kind === "group" ? 3 : 0);
}

const polygon = (points) => `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`;
const box = (w, h) => polygon([[-w, -h], [w, -h], [w, h], [-w, h]]);
const circle = (r) => `M${-r.toFixed(2)} 0a${r.toFixed(2)} ${r.toFixed(2)} 0 1 0 ${(2 * r).toFixed(2)} 0a${r.toFixed(2)} ${r.toFixed(2)} 0 1 0 ${(-2 * r).toFixed(2)} 0Z`;

// Areas are alike for one effect, whatever the kind.
const OUTLINES = {
  neuron: circle,
  error: circle,
  head: (r) => box(0.89 * r, 0.89 * r),
  rest: (r) => box(1.4 * r, 0.4 * r),
  feature: (r) => polygon([[0, -1.25 * r], [1.25 * r, 0], [0, 1.25 * r], [-1.25 * r, 0]]),
  embedding: (r) => polygon([[0, -1.3 * r], [1.3 * r, 0.9 * r], [-1.3 * r, 0.9 * r]]),
  logit: (r) => polygon([0, 1, 2, 3, 4, 5].map((n) => [1.1 * r * Math.sin((n * Math.PI) / 3), -1.1 * r * Math.cos((n * Math.PI) / 3)])),
  group: (r) => `M${-r} ${-0.6 * r}a${0.4 * r} ${0.4 * r} 0 0 1 ${0.4 * r} ${-0.4 * r}h${1.2 * r}a${0.4 * r} ${0.4 * r} 0 0 1 ${0.4 * r} ${0.4 * r}v${1.2 * r}a${0.4 * r} ${0.4 * r} 0 0 1 ${-0.4 * r} ${0.4 * r}h${-1.2 * r}a${0.4 * r} ${0.4 * r} 0 0 1 ${-0.4 * r} ${-0.4 * r}Z`,
};

export const outline = (mark, strongest) => OUTLINES[mark.kind](radius(mark, strongest));

// An arc leaves upwards and arrives from below; the same in the drawing and in a picture of it.
export const bend = (from, to) => (from.y + to.y) / 2;
export const thickness = (weight, heaviest) => 0.5 + 4.5 * (Math.abs(weight) / (heaviest || 1)) ** 0.8;
export const faintness = (weight, heaviest) => 0.2 + 0.6 * Math.sqrt(Math.abs(weight) / (heaviest || 1));
