// Keys of the whole page: hold g to group, undo and redo, Escape closes, + − 0 for the view.
const typing = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]";

export function listenToKeys(stage, state, actions, tell, moved) {
  const zooms = { "+": 1.25, "=": 1.25, "-": 0.8 };

  function undo(back) {
    const done = back ? state.undo() : state.redo();
    tell(done ? (back ? "undone" : "done again") : `nothing to ${back ? "undo" : "do again"}`);
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.(typing) || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && (key === "z" || key === "y")) {
      event.preventDefault();
      return undo(key === "z" && !event.shiftKey);
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "g") return event.repeat || actions.beginGroup();
    if (key === "escape") return escape();
    if (!stage.root.contains(event.target) && event.target !== document.body) return;
    if (key === "0") stage.view.fit();
    else if (zooms[event.key]) stage.view.zoom(zooms[event.key]);
    else return;
    event.preventDefault();
    stage.need("place");
    moved();
  });
  document.addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() === "g" && actions.isGrouping) actions.endGroup();
  });
  addEventListener("blur", () => actions.isGrouping && actions.endGroup());

  // The innermost first: what is chosen, then the ways from a token.
  function escape() {
    if (state.now.selected !== null) {
      const mark = stage.find(state.now.selected);
      actions.close();
      if (mark) stage.nodes.of(mark)?.focus({ preventScroll: true });
    } else if (state.now.path !== null) actions.trace(state.now.path);
  }

  return { undo };
}
