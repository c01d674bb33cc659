// Takes some units away on the drawn prompt, here: the likeliest tokens before and after, beside random units.
import { ask, unitOf } from "./units.js";

const MOST = 256; // edits of one request

function make(name, text = "", properties = {}) {
  const element = Object.assign(document.createElement(name), properties);
  if (text) element.append(text);
  return element;
}

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const two = (number) => number.toFixed(2).replace("-", "−");
const visible = (text) => text.replaceAll("\n", "⏎");

export function makeAblating(root, scene) {
  const { ablate: address, ablation } = root.dataset;
  const results = new Map(); // what was found stays when the list is drawn anew

  // A button and the place of its answer; none where nothing can be asked.
  return (ids, name) => {
    const units = [...new Set(ids.map((id) => scene.byId.get(id)).filter((node) => node?.unit).map((node) => node.name))].sort();
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
    const table = make("table", "", { className: "data" });
    const head = make("tr");
    for (const title of ["token", "before", "after", "random units"]) head.append(make("th", title, { scope: "col", className: title === "token" ? "" : "num" }));
    const body = make("tbody");
    for (const token of [...top].sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after))) {
      const row = make("tr");
      const name = make("th", "", { scope: "row" });
      name.append(make("code", visible(token.text), { className: "token" }));
      row.append(name, ...[token.before, token.after, token.controls[0] ?? token.before].map((share) => make("td", percent(share), { className: "num" })));
      body.append(row);
    }
    const header = make("thead");
    header.append(head);
    table.append(header, body);
    return [make("p", said + (numbers || ""), { className: "note" }), table];
  }
}
