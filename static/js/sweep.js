// A sweep of edits from the playground: how far it is, then its drawing and table, in place.
import { events, swapIn } from "./events.js";

let stopping = null;

const numberOr = (field, other) => (field.value === "" ? other : Number(field.value));

function promptOf(fields, form) {
  const kind = new FormData(form).get("kind");
  if (kind === "tokens") return { tokens: fields.tokens.value.split(/[\s,]+/).filter(Boolean).map(Number) };
  if (kind !== "chat") return { text: fields.text.value };
  const data = new FormData(form);
  const roles = data.getAll("role");
  return { turns: data.getAll("content").map((content, i) => ({ role: roles[i], content })).filter((turn) => turn.content.trim()) };
}

function asked(form, bestOfSite) {
  const fields = form.elements;
  const whole = fields.site.value === "all";
  return {
    prompt: promptOf(fields, form),
    sites: whole ? null : [fields.site.value],
    operation: fields.how.value,
    measured: { metric: fields.metric.value, position: numberOr(fields.at, null) },
    exact: numberOr(fields.exact, whole ? bestOfSite : null),
  };
}

async function run(button) {
  const form = button.form;
  const line = document.querySelector("[data-sweep-progress]");
  const [bar, words, stop] = line.children;
  line.hidden = false;
  stop.hidden = false;
  bar.removeAttribute("value");
  words.textContent = "Estimating every unit from one gradient…";
  stopping?.abort();
  const mine = new AbortController();
  stopping = mine;
  try {
    if (!form.elements.site.value) throw new Error("Choose a site first, such as mlp.7.");
    for await (const { name, data } of events(button.dataset.sweep, asked(form, Number(button.dataset.bestOfSite)), mine.signal)) {
      if (name === "progress") {
        bar.max = data.total;
        bar.value = data.done;
        words.textContent = `${data.done} of ${data.total} units edited`;
      } else if (name === "experiment") {
        await swapIn(`/experiments/${data.slug}`, "#swept");
        line.hidden = true;
      }
    }
  } catch (error) {
    words.textContent = error.name === "AbortError" ? "Stopped: nothing of it is kept." : error.message;
    stop.hidden = true;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-sweep]");
  if (button) {
    event.preventDefault();
    run(button);
  }
  if (event.target.closest?.("[data-sweep-stop]")) stopping?.abort();
});
addEventListener("pagehide", () => stopping?.abort());
