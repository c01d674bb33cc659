// The chosen node's card: what the store knows of it, fetched in place; its buttons act on the graph.
import { swapIn } from "../events.js";

export function makeCard(root, scene, state, actions, tell) {
  const card = () => document.getElementById("card");
  const of = () => card()?.dataset.node ?? null;
  let asked = of();
  let busy = false;

  function address(id) {
    const there = new URL(location.pathname, location.origin);
    there.searchParams.set("node", id);
    return there.pathname + there.search;
  }

  // One at a time: of many quick choices the last is what stays, whichever answer comes first.
  async function follow() {
    if (busy) return;
    busy = true;
    while (state.now.selected !== asked) {
      asked = state.now.selected;
      if (asked === null) empty();
      else {
        await Promise.resolve(swapIn(address(asked), "#card")).catch(() => {});
        if (of() === asked) tell(`the card of ${scene.byId.get(asked).name} is open`);
      }
    }
    busy = false;
    sync();
  }

  function empty() {
    card()?.replaceChildren();
    card()?.removeAttribute("data-node");
  }

  function sync() {
    const id = of();
    if (!id || !scene.byId.has(id)) return;
    const tools = card().querySelector("[data-card-tools]");
    if (!tools) return;
    tools.hidden = false;
    tools.querySelector("[data-pin]").setAttribute("aria-pressed", String(state.now.pins.includes(id)));
    const field = tools.querySelector("[data-name]");
    if (document.activeElement !== field) field.value = Object.hasOwn(state.now.names, id) ? state.now.names[id] : "";
  }

  const within = (event, what) => event.target.closest?.(`#card ${what}`);
  document.addEventListener("click", (event) => {
    const other = within(event, "[data-node-link]");
    if (other && !event.ctrlKey && !event.metaKey && scene.byId.has(other.dataset.nodeLink)) {
      event.preventDefault();
      state.select(other.dataset.nodeLink);
    }
    if (within(event, "[data-pin]")) actions.togglePin(of());
    if (within(event, "[data-close]")) actions.close();
    if (within(event, "[data-hide]")) actions.hide({ name: scene.byId.get(of()).name, nodes: [scene.byId.get(of())] });
  });
  document.addEventListener("change", (event) => {
    const field = within(event, "[data-name]");
    if (field) actions.rename(of(), field.value);
  });
  // Rows of the table choose, too.
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.("#nodes [data-node-link]");
    if (!row || event.ctrlKey || event.metaKey || !scene.byId.has(row.dataset.nodeLink)) return;
    event.preventDefault();
    state.select(row.dataset.nodeLink);
    root.scrollIntoView({ block: "nearest" });
  });
  state.onChange(() => {
    follow();
    sync();
  });
  if (of() && scene.byId.has(of()) && state.now.selected === null) state.select(of());
  follow();
}
