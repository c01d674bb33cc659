// Takes some units away on the drawn prompt, here: the likeliest tokens before and after, beside random units.
import { make, makeTable, two } from "./elements.js";
import { ask, unitOf, unitsAmong } from "./units.js";

const MOST = 256; // edits of one request

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const visible = (text) => text.replaceAll("\n", "⏎");

export function makeAblating(root, scene) {
  const { ablate: address, ablation } = root.dataset;
  const results = new Map(); // what was found stays when the list is drawn anew

  // A button and the place of its answer; none where nothing can be asked.
  return (ids, name) => {
    const units = unitsAmong(ids.map((id) => scene.byId.get(id)));
    if (!address || !units.length) return [];
    const key = units.join();
    if (!results.has(key)) results.set(key, make("div", "", { className: "ablated", role: "status" }));
    const place = results.get(key);
    const button = make("button", "ablate here", { type: "button" });
    button.setAttribute("aria-label", `Ablate ${name} here`);
    button.addEventListener("click", () => run(units, place, button));
    return [button, place];
  };

  async function run(units, place, button) {
    if (units.length > MOST) return place.replaceChildren(`At most ${MOST} units are ablated at once; these are ${units.length}.`);
    button.disabled = true;
    place.replaceChildren("running…");
    try {
      const body = { units: units.map(unitOf) };
      if (ablation) body.ablation = ablation;
      place.replaceChildren(...drawn(await ask(address, body)));
    } catch (error) {
      place.replaceChildren(`It could not be run: ${error.message}`);
    }
    button.disabled = false;
  }

  function drawn({ top, metric, n_units, ablation: how, kl }) {
    const units = n_units === 1 ? "1 unit" : `${n_units} units`;
    const said = `What follows the drawn prompt, ${units} ablated (${how}); KL ${kl.toPrecision(2)} nats.`;
    const numbers = metric && ` The metric goes from ${two(metric.before)} to ${two(metric.after)}; with as many random units, to ${two(metric.controls[0])}.`;
    const name = (token) => make("code", visible(token.text), { className: "token" });
    const likeliest = [...top].sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after));
    const table = makeTable(["token", "before", "after", "random units"], likeliest.map((token) => [name(token), ...[token.before, token.after, token.controls[0] ?? token.before].map(percent)]));
    return [make("p", said + (numbers || ""), { className: "note" }), table];
  }
}
