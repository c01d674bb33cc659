// The whole state in the address behind #, as names and values; what cannot be read is told and left out.
import { START } from "./state.js";

const FLAGS = ["split", "only", "tight"];
const LONGEST_NAME = 200;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Pins and groups as an imported file has them are not told again; others of the reader's are, after `own`.
export function write(state, view, given) {
  const said = new URLSearchParams();
  const own = !same(state.pins, given.pins) || !same(state.groups, given.groups);
  if (own && given.pins.length + given.groups.length) said.set("own", 1);
  if (state.keep !== null) said.set("keep", state.keep);
  if (state.weight !== null) said.set("weight", Number(state.weight.toPrecision(4)));
  for (const flag of FLAGS) if (state[flag]) said.set(flag, 1);
  if (state.path !== null) said.set("path", state.path);
  if (state.selected !== null) said.set("select", state.selected);
  for (const id of own ? state.pins : []) said.append("pin", id);
  for (const id of state.hidden) said.append("hide", id);
  for (const { name, ids } of own ? state.groups : []) {
    said.append("group", name);
    for (const id of ids) said.append("in", id);
  }
  for (const [id, name] of Object.entries(state.names)) {
    said.append("node", id);
    said.append("as", name);
  }
  if (view) said.set("view", view.map((number) => Number(number.toFixed(3))).join(","));
  return said.toString();
}

// Links to another view of the same circuit take the state along.
export function carryAlong() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-same-circuit]");
    if (link) link.hash = location.hash;
  });
}

// `faults`: what of the address was not understood, in the reader's words.
export function read(text, scene) {
  const { pins, groups } = scene.given;
  const state = { ...START, pins: [...pins], groups: groups.map((group) => ({ ...group, ids: [...group.ids] })), hidden: [], names: {} };
  const faults = [];
  let view = null;
  let node = null;
  const known = (id) => scene.byId.has(id) || (faults.push(`node ${id.slice(0, 60)}`), false);
  const number = (name, value, low, high, whole = true) => {
    const read = value.trim() === "" ? NaN : Number(value);
    if (read >= low && read <= high && (!whole || Number.isInteger(read))) return read;
    faults.push(`${name}=${value.slice(0, 60)}`);
    return null;
  };
  const clear = () => Object.assign(state, { pins: [], groups: [] });
  const readers = {
    own: clear,
    keep: (value) => (state.keep = number("keep", value, 0, scene.turns)),
    weight: (value) => (state.weight = number("weight", value, 0, Number.MAX_VALUE, false)),
    path: (value) => (state.path = number("path", value, 0, scene.tokens.length - 1)),
    select: (id) => known(id) && (state.selected = id),
    pin: (id) => known(id) && !state.pins.includes(id) && state.pins.push(id),
    hide: (id) => known(id) && !state.hidden.includes(id) && state.hidden.push(id),
    group: (name) => state.groups.push({ name: name.slice(0, LONGEST_NAME), ids: [] }),
    in: (id) => {
      if (!state.groups.length) faults.push("a node of no group");
      else if (known(id) && !state.groups.some((group) => group.ids.includes(id))) state.groups.at(-1).ids.push(id);
    },
    node: (id) => (node = known(id) ? id : null),
    as: (name) => node !== null && name.trim() && (state.names = { ...state.names, [node]: name.slice(0, LONGEST_NAME) }),
    view: (value) => (view = place(value) ?? (faults.push(`view=${value.slice(0, 60)}`), null)),
  };
  for (const flag of FLAGS) readers[flag] = (value) => (value === "1" ? (state[flag] = true) : faults.push(`${flag}=${value.slice(0, 60)}`));
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(readers, name)) readers[name](value);
    else faults.push(name.slice(0, 60));
  }
  state.groups = state.groups.filter((group) => group.ids.length || (faults.push(`group ${group.name.slice(0, 60)}`), false));
  return { state, view, faults };
}

function place(value) {
  const numbers = value.split(",").map(Number);
  const sound = numbers.length === 3 && numbers.every((one) => Math.abs(one) < 1e6) && numbers[0] >= 0.2 && numbers[0] <= 40;
  return sound ? numbers : null;
}
