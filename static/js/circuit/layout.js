// Where marks stand: token positions across, layers up; in a cell the heads below what reads them, the strongest first.
export const SPACE = 22;
const GAP = 12;
const EMPTY_COLUMN = 13;
const EMPTY_ROW = 9;
const MANY_TOKENS = 64; // from there on, positions without nodes take hardly any room
const MOST_IN_LINE = 8;
const RANK = { error: 1 };

const byStrength = (a, b) => (RANK[a.kind] ?? 0) - (RANK[b.kind] ?? 0) || Math.abs(b.effect) - Math.abs(a.effect);

// Each mark gets the middle of its cell (cx, cy), its distance from it (dx, dy), and the width of its column; y grows downwards.
export function layOut(marks, nTokens, nLayers, tight) {
  const cells = new Map();
  for (const mark of marks) {
    const key = (mark.layer + 1) * (nTokens + 1) + columnOf(mark, nTokens);
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(mark);
  }
  const widths = new Array(nTokens).fill(tight || nTokens > MANY_TOKENS ? 0 : EMPTY_COLUMN);
  widths.push(0);
  const heights = new Array(nLayers + 2).fill(tight ? 0 : EMPTY_ROW);
  for (const [key, cell] of cells) {
    const lower = cell.filter((mark) => mark.kind === "head").sort(byStrength);
    const upper = cell.filter((mark) => mark.kind !== "head").sort(byStrength);
    const most = Math.max(lower.length, upper.length);
    const perLine = Math.min(MOST_IN_LINE, most, Math.ceil(Math.sqrt(2.5 * most)));
    const lines = [...inLines(lower, perLine), ...inLines(upper, perLine)];
    lines.forEach((line, number) => {
      const dy = (lines.length - 1) / 2 - number;
      line.forEach((mark, n) => Object.assign(mark, { alone: line.length === 1, dx: (n - (line.length - 1) / 2) * SPACE, dy: dy * SPACE }));
    });
    const row = Math.floor(key / (nTokens + 1));
    const column = key % (nTokens + 1);
    widths[column] = Math.max(widths[column], perLine * SPACE + GAP);
    heights[row] = Math.max(heights[row], lines.length * SPACE + GAP);
  }
  const columns = middles(widths);
  const rows = middles(heights);
  const height = rows.total;
  for (const mark of marks) Object.assign(mark, { room: widths[columnOf(mark, nTokens)], cx: columns.at[columnOf(mark, nTokens)], cy: height - rows.at[mark.layer + 1] });
  return {
    width: columns.total,
    height,
    columns: widths.map((width, at) => ({ at, x: columns.at[at], width })).filter((column) => column.width > 0),
    rows: heights.map((tall, n) => ({ layer: n - 1, y: height - rows.at[n], height: tall })).filter((row) => row.height > 0),
  };
}

// What is left of a layer is of all positions, and stands behind the last.
const columnOf = (mark, nTokens) => (mark.kind === "rest" && mark.group === null ? nTokens : mark.at);

function inLines(marks, perLine) {
  const lines = [];
  for (let start = 0; start < marks.length; start += perLine) lines.push(marks.slice(start, start + perLine));
  return lines;
}

function middles(sizes) {
  let total = 0;
  const at = sizes.map((size) => {
    total += size;
    return total - size / 2;
  });
  return { at, total };
}
