// What some units carry, claimed by the reader and tested here: their values from other prompts that share it.
import { make, makeTable, two } from "./elements.js";
import { ask, unitOf, unitsAmong } from "./units.js";

const MOST = 5000;
const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
const estimate = ({ value, low, high }) => [two(value), low === null ? "none" : `${two(low)} to ${two(high)}`];

export function makeCarrying(root, scene) {
  const { scrub: address, features: offered, prompts } = root.dataset;
  const places = new Map(); // what was asked and found stays when the list is drawn anew
  let features = null;

  // A button and the place that it opens; none where nothing can be asked.
  return (ids, name) => {
    const units = unitsAmong(ids.map((id) => scene.byId.get(id)));
    if (!address || !units.length) return [];
    const key = units.join();
    if (!places.has(key)) places.set(key, make("div", "", { className: "carrying", hidden: true, id: `carrying-${places.size}` }));
    const place = places.get(key);
    const button = make("button", "what does it carry?", { type: "button" });
    button.setAttribute("aria-label", `What does it carry? Of ${name}`);
    button.setAttribute("aria-expanded", String(!place.hidden));
    button.setAttribute("aria-controls", place.id);
    button.addEventListener("click", () => {
      place.hidden = !place.hidden;
      button.setAttribute("aria-expanded", String(!place.hidden));
      if (!place.hidden && !place.hasChildNodes()) fill(place, units, name);
    });
    return [button, place];
  };

  async function fill(place, units, name) {
    const said = make("div", "looking up what the prompts share…");
    said.setAttribute("role", "status");
    place.replaceChildren(said);
    try {
      features ??= read();
      const form = makeForm((await features).features, units.length, name);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        run(units, form, said);
      });
      place.replaceChildren(form, said);
      said.replaceChildren();
    } catch (error) {
      features = null;
      said.replaceChildren(`It cannot be asked: ${error.message}`);
    }
  }

  async function read() {
    const response = await fetch(`${offered}?${new URLSearchParams({ prompts })}`, { headers: { Accept: "application/json" } });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.detail ?? `the server answered ${response.status}.`);
    return answer;
  }

  function makeForm(all, n, name) {
    const form = make("form");
    const label = make("label", n === 1 ? "it carries" : "they carry");
    const select = make("select", "", { name: "feature" });
    select.setAttribute("aria-label", `What ${name} carries`);
    for (const each of all) {
      const [kind, number] = each.feature.split(" ");
      if (kind === "token" && number >= scene.tokens.length) continue; // of no prompt that is drawn
      const here = kind === "token" ? scene.tokens[number] : each.here;
      const why = each.testable ? "" : each.n_values < 2 ? ": the same in all prompts" : ": few prompts share it";
      const text = `${each.text}${here === null ? "" : ` (here “${here.replaceAll("\n", "⏎")}”)`}${why}`;
      select.append(make("option", text, { value: each.feature, disabled: !each.testable }));
    }
    label.append(" ", select);
    form.append(label, make("button", "test it here"));
    return form;
  }

  async function run(units, form, said) {
    if (units.length > MOST) return said.replaceChildren(`At most ${count(MOST, "unit")} are asked about at once; these are ${count(units.length, "unit")}.`);
    const [select, button] = [form.elements.feature, form.querySelector("button")];
    button.disabled = true;
    said.replaceChildren("running…");
    try {
      const claims = [{ units: units.map(unitOf), feature: select.value }];
      said.replaceChildren(...drawn(await ask(address, { claims, prompts }), select.selectedOptions[0].textContent));
    } catch (error) {
      said.replaceChildren(`It could not be run: ${error.message}`);
    }
    button.disabled = false;
  }

  function drawn(answer, claim) {
    const { recovered, everything, nothing, random, n_prompts, n_alone, verdict } = answer;
    const on = `${count(n_prompts, answer.prompts === "held_out" ? "held-out prompt" : "prompt")}${n_alone ? `, ${n_alone.toLocaleString("en")} of them alone with it` : ""}`;
    const rows = [
      [`claimed: ${claim}`, ...estimate(recovered)],
      ["with their own values: everything", ...estimate(everything)],
      ["with any prompt's: nothing", ...estimate(nothing)],
      ["as many random units of the circuit, claimed to carry it instead", ...(random ? estimate(random) : ["none", "too few others"])],
    ];
    const note = `Recovered of what the model does; ${on}. Units outside the circuit have values of any prompt, its other units compute.`;
    return [make("p", verdict, { className: "verdict" }), makeTable(["these units’ values", "recovered", "95 % interval"], rows), make("p", note, { className: "note" })];
  }
}
