// Pruning: how many units are kept, and from which weight on links are drawn. The proof's numbers follow.
import { showProof } from "./proof.js";
import { makeProving } from "./proving.js";

const STEPS = 200; // of the weight's slider, which is logarithmic
const counted = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

export function makeSliders(root, scene, state, stage) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [keep, number, weight] = [part("keep"), part("keep-number"), part("weight")];
  const [said, weightSaid] = [part("shown"), part("weight-said")];
  const proof = scene.proofs[root.dataset.proof];

  for (const field of [keep, number]) Object.assign(field, { min: 0, max: scene.turns, step: 1 });
  Object.assign(weight, { min: 0, max: STEPS, step: 1 });

  const ratio = Math.log(scene.heaviest / scene.lightest || 1);
  const weightOf = (step) => (step <= 0 ? 0 : scene.lightest * Math.exp((ratio * step) / STEPS) * (1 - 1e-9));
  const stepOf = (size) => (size <= 0 || !ratio ? 0 : Math.round((STEPS * Math.log(size / scene.lightest)) / ratio));
  const kept = () => state.now.keep ?? scene.keep;

  function follow(field, parts) {
    field.addEventListener("input", () => field.value !== "" && state.slide(parts()));
    field.addEventListener("change", () => {
      if (field.value !== "") state.change(parts());
      sync();
    });
  }
  const keeping = (field) => () => {
    const n = Math.min(scene.turns, Math.max(0, Math.round(Number(field.value))));
    return { keep: n === scene.keep ? null : n };
  };
  follow(keep, keeping(keep));
  follow(number, keeping(number));
  follow(weight, () => ({ weight: weightOf(Number(weight.value)) }));
  for (const box of root.querySelectorAll("[data-flag]")) {
    box.addEventListener("change", () => state.change({ [box.dataset.flag]: box.checked }));
  }

  function sync() {
    const n = kept();
    const least = state.now.weight ?? scene.weight;
    keep.value = n;
    if (document.activeElement !== number) number.value = n;
    keep.setAttribute("aria-valuetext", `${n} of ${scene.turns} units`);
    weight.value = stepOf(least);
    weight.setAttribute("aria-valuetext", `links of at least ${least.toPrecision(2)}`);
    for (const box of root.querySelectorAll("[data-flag]")) box.checked = state.now[box.dataset.flag];
    showProof(root, proof, scene.ranks, n);
  }

  state.onChange(sync);
  stage.onDraw(({ shown, arcs }, all) => {
    if (!all) return;
    const units = shown.filter((mark) => mark.main).reduce((n, mark) => n + mark.nodes.filter((node) => node.turn !== null).length, 0);
    const links = state.now.split ? `${counted(arcs.length, "way")} of their links` : `${arcs.length.toLocaleString("en")} of ${counted(scene.links.length, "link")}`;
    said.textContent = `${counted(units, "node")} and ${links} are drawn.${shown.length ? "" : " Nothing is left: keep more."}`;
    weightSaid.textContent = (state.now.weight ?? scene.weight).toPrecision(2);
  });
  sync();
  makeProving(root, scene, stage);
}
