// Proves the units that are shown as they change, with the loaded model; until then the curves' numbers stand.
import { fill, prove } from "./proof.js";
import { unitOf, unitsAmong } from "./units.js";

const PATIENCE = 150;
const MOST = 5000;
const count = (n) => n.toLocaleString("en");

export function makeProving(root, scene, stage) {
  const { prove: address, prompts, ablation } = root.dataset;
  if (!address) return;
  const note = root.querySelector("[data-proof-note]");
  const keeper = root.querySelector("[data-keep-proof]");
  const kept = root.querySelector("[data-kept-proof]");
  const own = unitsAmong(scene.nodes);
  const stored = scene.proofs[root.dataset.proof];
  let waiting = null;
  let asking = null;
  let asked = null; // the units that are being run, as one text
  let live = null; // the last answer; with its units, once it is whole

  const ask = (units, more, signal) => prove(units.map(unitOf), { address, signal, more: { prompts, ablation, ...more } });

  function follow(shown) {
    const units = unitsAmong(shown.flatMap((mark) => mark.nodes));
    const key = units.join();
    if (key !== asked) stop();
    const known = live?.key === key;
    offer(known && live.units && !live.kept);
    if (known && (live.units || key === asked)) return show();
    kept.replaceChildren();
    if (stored?.whole && stored.kept === own.length && key === own.join()) return;
    if (units.length > MOST) return tell(`More than ${count(MOST)} units are not run at once.`);
    tell(`From the curve; the ${count(units.length)} units shown are being run.`);
    if (key === asked) return;
    asked = key;
    asking = new AbortController();
    waiting = setTimeout(run, PATIENCE, units, key, asking.signal);
  }

  function stop() {
    clearTimeout(waiting);
    asking?.abort();
    asked = null;
  }

  // Faithfulness first: it is one run per batch of prompts, the others are three more.
  async function run(units, key, signal) {
    try {
      const first = await ask(units, { parts: ["faithfulness"] }, signal);
      live = { key, n: units.length, answer: first };
      show();
      const more = await ask(units, { parts: ["completeness", "random"] }, signal);
      live = { key, n: units.length, units, answer: { ...first, ...more, faithfulness: first.faithfulness } };
      show();
      offer(true);
    } catch (error) {
      if (error.name === "AbortError") return;
      tell(`From the curve. These units could not be run: ${error.message}`);
    }
    if (asked === key) asked = null;
  }

  function show() {
    const { answer, n } = live;
    const done = ["faithfulness", "completeness", "random"].filter((name) => answer[name]);
    for (const name of done) fill(root, name, [answer[name].value, answer[name].low, answer[name].high], false);
    const on = answer.prompts === "held_out" ? "held-out prompts" : "prompts that it was found on";
    const rest = done.length < 3 ? " The rest is from the curve, and being run." : "";
    tell(`Run just now: the ${count(n)} units shown, ${answer.ablation} ablation, ${answer.n_prompts} ${on}.${rest}`);
  }

  // It keeps its room, so that the graph stays where it is while sliders move.
  function offer(whole) {
    keeper.hidden = false;
    keeper.classList.toggle("unseen", !whole);
  }

  function tell(text) {
    note.textContent = text;
  }

  keeper.addEventListener("click", async () => {
    keeper.disabled = true;
    try {
      const asked = live;
      const answer = await ask(asked.units, { keep: true });
      asked.kept = true;
      offer(live.units && !live.kept);
      const link = Object.assign(document.createElement("a"), { href: `?proof=${answer.proof_id}#proof`, textContent: "see it among the proofs" });
      kept.replaceChildren(`kept as proof ${answer.proof_id}: `, link);
    } catch (error) {
      kept.replaceChildren(`It was not kept: ${error.message}`);
    }
    keeper.disabled = false;
  });

  stage.onDraw(({ shown }, all) => all && follow(shown));
}
