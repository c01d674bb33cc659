// The colours of the theme, as canvases and pictures need them; told again when the theme changes.
const NAMES = ["positive", "negative", "ink", "ink-2", "paper", "rule", "rule-2", "accent", "selected"];

export function makeColours(probe, changed) {
  const colours = {};
  function read() {
    for (const name of NAMES) {
      probe.className = `ink-${name}`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.className = "";
  }
  const again = () => {
    read();
    changed();
  };
  read();
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) matchMedia(query).addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return colours;
}
