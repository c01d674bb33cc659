// What stands out: what is pointed at with its links, else the ways from a token, else what is chosen.
import { around } from "./tracing.js";

export function makeLight(root, nodes, arcs, scene) {
  let lit = null;

  function pick({ hovered, ways, shown, arcs: all }, { selected }) {
    if (hovered) return around([hovered], all);
    if (ways) return ways;
    const chosen = selected === null ? [] : shown.filter((mark) => mark.nodes.some((node) => node.id === selected));
    return chosen.length ? around(chosen, all) : null;
  }

  return function light(view, seen, state) {
    const before = lit;
    lit = pick(seen, state);
    root.classList.toggle("focusing", lit !== null);
    for (const element of nodes.all()) {
      const near = lit?.marks.has(element.mark) ?? false;
      if (near !== (element.near ?? false)) element.classList.toggle("near", (element.near = near));
    }
    if (before || lit) arcs.draw(view, lit?.arcs ?? [], scene.heaviest, { bold: true });
  };
}
