// What stands for the circuit under the reader's choices: marks (a node, a place of it, a group) and arcs between them.
export function marksOf(scene, state) {
  const taken = new Set(state.groups.flatMap((group) => group.ids));
  const marks = [];
  for (const node of scene.nodes) {
    if (taken.has(node.id)) continue;
    const places = state.split && node.kind !== "rest" && node.places?.length > 1 ? node.places : [[node.at, node.effect]];
    for (const [at, effect] of places) {
      marks.push({
        key: places.length > 1 ? `p:${at}:${node.id}` : `n:${node.id}`,
        kind: node.kind, layer: clamp(node.layer, scene), at, effect,
        name: nameOf(node, state), nodes: [node], group: null, main: at === node.at, place: places.length > 1,
      });
    }
  }
  state.groups.forEach((group, number) => {
    const nodes = group.ids.map((id) => scene.byId.get(id)).filter(Boolean);
    if (!nodes.length) return;
    const lead = nodes.reduce((best, node) => (Math.abs(node.effect) > Math.abs(best.effect) ? node : best));
    const effect = nodes.reduce((sum, node) => sum + node.effect, 0);
    marks.push({
      key: `g:${number}`, kind: "group", layer: clamp(lead.layer, scene), at: lead.at, effect,
      name: group.name, nodes, group: number, main: true, place: false,
    });
  });
  return marks;
}

export const nameOf = (node, state) => (Object.hasOwn(state.names, node.id) ? state.names[node.id] : node.name);
const clamp = (layer, scene) => Math.min(scene.layers, Math.max(-1, layer));

export function shownOf(marks, scene, state) {
  const hidden = new Set(state.hidden);
  const pins = new Set(state.pins);
  const keep = state.keep ?? scene.keep;
  return marks.filter((mark) => {
    if (mark.group !== null) return mark.nodes.some((node) => !hidden.has(node.id));
    const [node] = mark.nodes;
    if (hidden.has(node.id)) return false;
    if (pins.has(node.id)) return true;
    if (state.only) return node.kind === "logit";
    return node.turn === null || node.turn < keep;
  });
}

// Links of the marks that are shown, the weakest first; those of a group's members add up. Where nodes stand at each of
// their positions, a link goes its ways on the drawn prompt; from a position that has no mark of its own, the node's first.
export function arcsOf(shown, scene, state) {
  const least = state.weight ?? scene.weight;
  const [mains, placed] = [new Array(scene.nodes.length), new Map()];
  for (const mark of shown) {
    for (const node of mark.nodes) {
      if (mark.main) mains[node.number] = mark;
      if (mark.place) placed.set(`${node.number}@${mark.at}`, mark);
    }
  }
  const found = new Map();
  const arcs = [];
  function add(from, to, weight) {
    if (!from || !to || from === to) return;
    const key = `${from.key}\n${to.key}`;
    if (found.has(key)) found.get(key).weight += weight;
    else found.set(key, { from, to, weight });
  }
  for (const { source, target, weight, ways } of scene.links) {
    const [from, to] = [mains[source.number], mains[target.number]];
    if (state.split && ways) {
      for (const [at, there, part] of ways) add(placed.get(`${source.number}@${at}`) ?? from, placed.get(`${target.number}@${there}`) ?? to, part);
    } else if (from?.group === null && to?.group === null) {
      if (from !== to && Math.abs(weight) >= least) arcs.push({ from, to, weight });
    } else add(from, to, weight);
  }
  if (!found.size) return arcs;
  for (const arc of found.values()) if (Math.abs(arc.weight) >= least) arcs.push(arc);
  return arcs.sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight));
}
