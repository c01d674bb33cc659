// What the server told of a circuit: its nodes with their links, the strongest link last.
const [MANY, AT_FIRST] = [4000, 1000]; // of units: so many are not drawn before the reader asks for them
const [FEWEST, MOST] = [100, 600]; // links that are drawn at first; more are a hairball, and the slider shows them

export function readScene(told) {
  const nodes = told.nodes.map((node, number) => ({ ...node, number, into: [], out: [] }));
  const links = told.links.map(([source, target, weight, ways]) => ({ source: nodes[source], target: nodes[target], weight, ways }));
  links.sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight));
  for (const link of links) {
    link.source.out.push(link);
    link.target.into.push(link);
  }
  const sizes = links.map((link) => Math.abs(link.weight));
  const turns = nodes.reduce((most, node) => (node.turn === null ? most : Math.max(most, node.turn + 1)), 0);
  const keep = turns > MANY ? AT_FIRST : turns;
  const top = nodes.some((node) => node.kind === "logit") ? null : Math.max(...nodes.map((node) => node.layer));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return {
    ...told,
    nodes,
    links,
    turns,
    keep,
    byId,
    given: givenOf(told, byId), // pins and groups as an imported file has them
    isEnd: (node) => (top === null ? node.kind === "logit" : node.layer === top),
    heaviest: sizes.at(-1) ?? 0,
    lightest: sizes.find((size) => size > 0) ?? 0,
    weight: firstWeight(nodes, links, keep),
    strongest: Math.max(1e-9, ...nodes.filter((node) => node.turn !== null).map((node) => Math.abs(node.effect))),
  };
}

function givenOf({ pinned, groups }, byId) {
  const taken = new Set();
  const free = (id) => byId.has(id) && !taken.has(id) && taken.add(id);
  return {
    pins: [...new Set(pinned)].filter((id) => byId.has(id)),
    groups: groups.map(({ name, ids }) => ({ name, ids: ids.filter(free) })).filter((group) => group.ids.length),
  };
}

// From which weight on links of what is kept at first are drawn.
function firstWeight(nodes, links, keep) {
  const stays = (node) => node.turn === null || node.turn < keep;
  const among = links.filter((link) => stays(link.source) && stays(link.target));
  const drawn = Math.min(MOST, Math.max(FEWEST, 2 * nodes.filter(stays).length));
  return among.length > drawn ? Math.abs(among[among.length - drawn].weight) : 0;
}

export const signed = (value) => `${value > 0 ? "+" : ""}${Number(value.toPrecision(3))}`.replace("-", "−");

function told(mark, { known }) {
  if (known === "influence") return `influence ${signed(mark.effect)}`;
  return `effect ${signed(mark.effect)} (${mark.place ? "estimate here" : known})`;
}

// A node in words, as it is read out and told under the pointer.
export function describe(mark, scene, state) {
  const [node] = mark.nodes;
  const parts = [mark.name];
  if (mark.group !== null) parts.push(`group of ${mark.nodes.length} nodes`);
  else if (mark.name !== node.name) parts.push(node.name);
  if (mark.layer >= 0 && mark.layer < scene.layers) parts.push(`layer ${mark.layer}`);
  parts.push(`at ${mark.at} “${scene.tokens[mark.at]}”`);
  if (mark.group !== null) parts.push(`effects together ${signed(mark.effect)}`);
  else if (node.kind !== "logit") parts.push(told(mark, node));
  if (mark.group === null && node.label) parts.push(`“${node.label}”`);
  for (const flag of mark.group === null ? (node.flags ?? []) : []) parts.push(flag);
  if (mark.nodes.some((one) => state.pins.includes(one.id))) parts.push("pinned");
  return parts;
}
