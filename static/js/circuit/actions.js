// What readers do to nodes: choose, pin, hide, trace, and group while g is held.
import { freshName, grouped, toggled } from "./state.js";

export function makeActions(stage, scene, state, tell) {
  let gathered = null; // ids, while g is held

  const ids = (mark) => mark.nodes.map((node) => node.id);
  const lead = (mark) => mark.nodes.reduce((best, node) => (Math.abs(node.effect) > Math.abs(best.effect) ? node : best)).id;

  const actions = {
    choose: (mark) => state.select(lead(mark)),
    close: () => state.select(null),
    pin(mark) {
      const now = state.now.pins;
      const all = ids(mark).every((id) => now.includes(id));
      const rest = now.filter((id) => !ids(mark).includes(id));
      state.change({ pins: all ? rest : [...rest, ...ids(mark)] });
      tell(`${mark.name} ${all ? "is no longer pinned" : "pinned"}`);
    },
    hide(mark) {
      const { hidden, pins, selected } = state.now;
      state.change({
        hidden: [...new Set([...hidden, ...ids(mark)])],
        pins: pins.filter((id) => !ids(mark).includes(id)),
        selected: ids(mark).includes(selected) ? null : selected,
      });
      tell(`${mark.name} hidden`);
    },
    trace(at) {
      const path = state.now.path === at ? null : at;
      state.change({ path });
      tell(path === null ? "no token is followed" : `ways from token ${at} “${scene.tokens[at]}” to the output`);
    },
    toggle: (flag) => state.change({ [flag]: !state.now[flag] }),
    togglePin: (id) => state.change({ pins: toggled(state.now.pins, id) }),
    ungroup: (number) => state.change({ groups: state.now.groups.filter((_, n) => n !== number) }),
    showAll: () => state.change({ hidden: [] }),
    rename(id, name) {
      const { [id]: _, ...rest } = state.now.names;
      const said = name.trim();
      state.change({ names: said && said !== scene.byId.get(id).name ? { ...rest, [id]: said } : rest });
    },
    renameGroup(number, name) {
      const groups = state.now.groups.map((group, n) => (n === number ? { ...group, name: name.trim() || group.name } : group));
      state.change({ groups });
    },

    get isGrouping() {
      return gathered !== null;
    },
    beginGroup() {
      gathered ??= [];
      stage.root.classList.add("gathering");
    },
    gather(mark) {
      gathered.push(...ids(mark).filter((id) => !gathered.includes(id)));
      stage.nodes.of(mark)?.classList.add("gathered");
      tell(`${mark.name} is the ${gathered.length === 1 ? "first" : `last of ${gathered.length}`} of a group; let go of g to make it`);
    },
    // One node alone is no group; a group among them takes in the others, and keeps its name.
    endGroup() {
      const members = gathered;
      gathered = null;
      stage.root.classList.remove("gathering");
      for (const element of stage.nodes.all()) element.classList.remove("gathered");
      if (!members || members.length < 2) return;
      const { groups } = state.now;
      const joined = groups.find((group) => group.ids.some((id) => members.includes(id)));
      state.change({ groups: grouped(groups, members, joined?.name ?? freshName(groups)) });
      tell(`group of ${members.length} nodes made`);
    },
    chooseOrGather: (mark) => (gathered ? actions.gather(mark) : actions.choose(mark)),
  };
  return actions;
}
