// Ways through the graph: what lies between a token's nodes and the output.
function reached(starts, arcs, from, to) {
  const next = new Map();
  for (const arc of arcs) {
    if (!next.has(arc[from])) next.set(arc[from], []);
    next.get(arc[from]).push(arc[to]);
  }
  const seen = new Set(starts);
  const waiting = [...starts];
  while (waiting.length) {
    for (const mark of next.get(waiting.pop()) ?? []) {
      if (seen.has(mark)) continue;
      seen.add(mark);
      waiting.push(mark);
    }
  }
  return seen;
}

// All arcs on ways from the marks that act at a position to the output, and the marks on them.
export function waysFrom(at, shown, arcs, scene) {
  const acts = (node) => node.at === at || (node.places ?? []).some(([place]) => place === at);
  const starts = shown.filter((mark) => (mark.at === at || (!mark.place && mark.nodes.some(acts))) && !mark.nodes.some(scene.isEnd));
  const ends = shown.filter((mark) => mark.nodes.some(scene.isEnd));
  const ahead = reached(starts, arcs, "from", "to");
  const behind = reached(ends, arcs, "to", "from");
  return {
    arcs: arcs.filter((arc) => ahead.has(arc.from) && behind.has(arc.to)),
    marks: new Set([...ahead].filter((mark) => behind.has(mark))),
    starts: starts.length,
  };
}

// What marks are linked to, and by which arcs.
export function around(marks, arcs) {
  const own = arcs.filter((arc) => marks.includes(arc.from) || marks.includes(arc.to));
  return { arcs: own, marks: new Set([...marks, ...own.flatMap((arc) => [arc.from, arc.to])]) };
}
