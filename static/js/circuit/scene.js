// What the server told of a circuit: its nodes with their links, the strongest link last.
const DRAWN_AT_FIRST = 600; // links; more are a hairball, and the slider shows them

export function readScene(told) {
  const nodes = told.nodes.map((node, number) => ({ ...node, number, into: [], out: [] }));
  const links = told.links.map(([source, target, weight]) => ({ source: nodes[source], target: nodes[target], weight }));
  links.sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight));
  for (const link of links) {
    link.source.out.push(link);
    link.target.into.push(link);
  }
  const sizes = links.map((link) => Math.abs(link.weight));
  const turns = nodes.reduce((most, node) => (node.turn === null ? most : Math.max(most, node.turn + 1)), 0);
  const top = nodes.some((node) => node.kind === "logit") ? null : Math.max(...nodes.map((node) => node.layer));
  return {
    ...told,
    nodes,
    links,
    turns,
    byId: new Map(nodes.map((node) => [node.id, node])),
    isEnd: (node) => (top === null ? node.kind === "logit" : node.layer === top),
    heaviest: sizes.at(-1) ?? 0,
    lightest: sizes.find((size) => size > 0) ?? 0,
    weight: links.length > DRAWN_AT_FIRST ? sizes[links.length - DRAWN_AT_FIRST] : 0,
    strongest: Math.max(1e-9, ...nodes.filter((node) => node.turn !== null).map((node) => Math.abs(node.effect))),
  };
}

export const signed = (value) => `${value > 0 ? "+" : ""}${Number(value.toPrecision(3))}`.replace("-", "−");

// A node in words, as it is read out and told under the pointer.
export function describe(mark, scene, state) {
  const [node] = mark.nodes;
  const parts = [mark.name];
  if (mark.group !== null) parts.push(`group of ${mark.nodes.length} nodes`);
  else if (mark.name !== node.name) parts.push(node.name);
  if (mark.layer >= 0 && mark.layer < scene.layers) parts.push(`layer ${mark.layer}`);
  parts.push(`at ${mark.at} “${scene.tokens[mark.at]}”`);
  if (mark.group !== null) parts.push(`effects together ${signed(mark.effect)}`);
  else if (node.kind !== "logit") parts.push(`effect ${signed(mark.effect)}${mark.main && node.exact ? " (exact)" : " (estimate)"}`);
  if (mark.group === null && node.label) parts.push(`“${node.label}”`);
  for (const flag of mark.group === null ? (node.flags ?? []) : []) parts.push(flag);
  if (mark.nodes.some((one) => state.pins.includes(one.id))) parts.push("pinned");
  return parts;
}
