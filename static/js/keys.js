// Keys of the page: neighbours by arrows, r for random, a to ablate, s to steer, b to bookmark, / for the jump box, ? for this list.
const typing = "input, select, textarea, [contenteditable]";
const ownArrows = "[data-strip], [data-cell]";

function follow(key) {
  document.querySelector(`main [data-key="${key}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches(typing) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") document.querySelector("[data-keys-help]")?.showModal();
  else if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[data-jump]")?.focus();
  } else if (["r", "a", "s", "b"].includes(event.key)) follow(event.key);
  else if (["ArrowLeft", "ArrowRight"].includes(event.key)) {
    const scrolls = event.target.closest(".scroller");
    if (!event.target.closest(ownArrows) && !scrolls) follow(event.key);
  }
});
