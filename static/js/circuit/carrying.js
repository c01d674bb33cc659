// What some units carry, claimed by the reader and tested here: their values from other prompts that share it.
import { answered, choices } from "./claims.js";
import { count, make } from "./elements.js";
import { ask, unitOf, unitsAmong } from "./units.js";

const MOST = 5000;

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
    const question = units.length === 1 ? "what does it carry?" : "what do they carry?";
    const button = make("button", question, { type: "button" });
    button.setAttribute("aria-label", `${question} Of ${name}`);
    button.setAttribute("aria-expanded", String(!place.hidden));
    button.setAttribute("aria-controls", place.id);
    button.addEventListener("click", () => {
      place.hidden = !place.hidden;
      button.setAttribute("aria-expanded", String(!place.hidden));
      if (!place.hidden && !place.querySelector("form")) fill(place, units, name);
    });
    return [button, place];
  };

  async function fill(place, units, name) {
    const said = make("div", "looking up what the prompts share…");
    said.setAttribute("role", "status");
    place.replaceChildren(said);
    try {
      features ??= read();
      const known = (await features).features;
      if (!known.some((each) => each.testable)) throw new Error("the prompts share nothing that tells them apart.");
      const form = makeForm(known, units.length, name);
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
    const does = n === 1 ? "it carries" : "they carry";
    const label = make("label", does);
    const select = make("select", "", { name: "feature" });
    select.setAttribute("aria-label", `${does}, of ${name}`);
    select.append(...choices(all, scene.tokens));
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
      said.replaceChildren(...answered(await ask(address, { claims, prompts }), select.selectedOptions[0].textContent));
    } catch (error) {
      said.replaceChildren(`It could not be run: ${error.message}`);
    }
    button.disabled = false;
  }
}
