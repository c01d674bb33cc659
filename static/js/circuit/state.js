// What the reader has made of the graph: one value, replaced at each step, so that steps can be undone.
const MOST_STEPS = 500;

export const START = Object.freeze({
  keep: null, // how many units; null: as the page chose, mostly all
  weight: null, // of the weakest link that is drawn; null: as the page chose
  split: false, // nodes that act at several positions stand at each of them
  only: false, // no other nodes than what is pinned or grouped
  tight: false, // positions and layers without nodes take no room
  path: null, // the token whose ways to the output are lit
  pins: [],
  groups: [], // { name, ids }
  names: {},
  hidden: [],
  selected: null, // no step: it is neither undone nor redone
});

export function makeState() {
  let now = START;
  let before = null; // where a slider that is still held began
  const past = [];
  const future = [];
  const listeners = [];

  function show(next) {
    const last = now;
    now = Object.freeze(next);
    for (const listener of listeners) listener(now, last);
  }

  function travel(from, to) {
    if (!from.length) return false;
    to.push(now);
    show({ ...from.pop(), selected: now.selected });
    return true;
  }

  return {
    get now() {
      return now;
    },
    get steps() {
      return { back: past.length, forward: future.length };
    },
    onChange: (listener) => listeners.push(listener),
    change(parts) {
      past.push(before ?? now);
      before = null;
      if (past.length > MOST_STEPS) past.shift();
      future.length = 0;
      show({ ...now, ...parts });
    },
    slide(parts) {
      before ??= now;
      show({ ...now, ...parts });
    },
    select: (selected) => show({ ...now, selected }),
    restore: (parts) => show({ ...START, ...parts }),
    undo: () => travel(past, future),
    redo: () => travel(future, past),
  };
}

export const toggled = (list, item) => (list.includes(item) ? list.filter((one) => one !== item) : [...list, item]);

// The nodes become one; those that another group had leave it.
export function grouped(groups, ids, name) {
  const rest = groups.map((group) => ({ ...group, ids: group.ids.filter((id) => !ids.includes(id)) }));
  return [...rest.filter((group) => group.ids.length), { name, ids }];
}

export function freshName(groups) {
  const taken = new Set(groups.map((group) => group.name));
  let number = groups.length + 1;
  while (taken.has(`group ${number}`)) number += 1;
  return `group ${number}`;
}
