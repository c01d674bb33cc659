// What the reader made: pinned nodes, groups with their names, hidden ones; each can be changed and taken back.
import { makeAblating } from "./ablating.js";
import { makeCarrying } from "./carrying.js";
import { make } from "./elements.js";

const MOST_EDITS = 64; // of one address of the playground

export function makePanel(root, scene, state, actions) {
  const list = root.querySelector("[data-made]");
  const asking = [makeAblating(root, scene), makeCarrying(root, scene)];

  function button(text, does, label = text) {
    const made = make("button", text, { type: "button" });
    made.setAttribute("aria-label", label);
    made.addEventListener("click", does);
    return made;
  }

  // What can be asked of them here: buttons, and below them the places of the answers.
  function askedHere(ids, name) {
    const parts = asking.map((part) => part(ids, name)).filter((part) => part.length);
    return [...parts.map(([button]) => button), ...parts.map(([, place]) => place)];
  }

  function ablation(ids, name) {
    const edits = ids.map((id) => scene.byId.get(id)?.edit).filter(Boolean);
    if (!edits.length) return make("span", "no units to ablate", { className: "note" });
    const address = new URL(root.dataset.editsAt, location.href);
    for (const edit of edits.slice(0, MOST_EDITS)) address.searchParams.append("edit", edit);
    const left = edits.length > MOST_EDITS ? ` (the first ${MOST_EDITS} of ${edits.length})` : "";
    const link = make("a", `ablate${left}`, { href: address.href });
    link.setAttribute("aria-label", `Ablate ${name} in the playground${left}`);
    return link;
  }

  function groupItem(group, number) {
    const item = make("li");
    const field = make("input", "", { value: group.name, maxLength: 200 });
    field.setAttribute("aria-label", `Name of group ${number + 1}`);
    field.addEventListener("change", () => actions.renameGroup(number, field.value));
    const members = group.ids.map((id) => scene.byId.get(id)?.name).join(", ");
    item.append(field, make("span", members, { className: "note members", title: members }), ablation(group.ids, group.name));
    item.append(button("ungroup", () => actions.ungroup(number), `Ungroup ${group.name}`), ...askedHere(group.ids, group.name));
    return item;
  }

  function pinItem(id) {
    const item = make("li");
    const node = scene.byId.get(id);
    const choose = button(state.now.names[id] ?? node.name, () => state.select(id), `Show ${node.name}`);
    choose.className = "bare";
    item.append(make("span", "pinned", { className: "note" }), choose, ablation([id], node.name), button("unpin", () => actions.togglePin(id), `Unpin ${node.name}`), ...askedHere([id], node.name));
    return item;
  }

  function draw() {
    const { groups, pins, hidden } = state.now;
    const items = [...groups.map(groupItem), ...pins.filter((id) => scene.byId.has(id)).map(pinItem)];
    if (pins.length > 1) {
      const all = make("li");
      all.append(make("span", `all ${pins.length} pinned`, { className: "note" }), ablation(pins, "all pinned nodes"), ...askedHere(pins, "all pinned nodes"));
      items.push(all);
    }
    if (hidden.length) {
      const item = make("li");
      item.append(make("span", `${hidden.length} hidden`, { className: "note" }), button("show again", actions.showAll, `Show ${hidden.length} hidden nodes again`));
      items.push(item);
    }
    list.replaceChildren(...items);
    list.hidden = !items.length;
  }

  state.onChange((now, last) => {
    if (["groups", "pins", "hidden", "names"].some((name) => now[name] !== last[name])) draw();
  });
  draw();
}
