// A row of many buttons or links is one stop of the Tab key; arrows, Home and End move within it.
const steps = { ArrowLeft: -1, ArrowRight: 1 };
const items = (group) => [...group.querySelectorAll("button, a")];

function makeReachable(root = document) {
  for (const group of root.querySelectorAll("[data-roving]")) {
    const all = items(group);
    const here = all.find((item) => item.getAttribute("aria-current")) ?? all[0];
    for (const item of all) item.tabIndex = item === here ? 0 : -1;
  }
}

document.addEventListener("keydown", (event) => {
  const group = event.target.closest?.("[data-roving]");
  if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = items(group);
  const here = all.indexOf(event.target);
  const ends = { Home: 0, End: all.length - 1 };
  const next = event.key in ends ? ends[event.key] : here + (steps[event.key] ?? 0);
  if (!(event.key in ends || event.key in steps)) return;
  event.preventDefault();
  if (!all[next]) return;
  all[here].tabIndex = -1;
  all[next].tabIndex = 0;
  all[next].focus();
});
// The position whose tokens are shown is marked at once, whatever the server still does.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".heat [data-position]");
  if (!link) return;
  link.parentElement.querySelector("[aria-current]")?.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
});
document.addEventListener("htmx:after:swap", () => makeReachable());
makeReachable();
