// Continuations token by token, side by side; kept by the server once they have ended.
import { events, swapIn } from "./events.js";

const titles = { clean: "before", edited: "after", control: "control" };
let stopping = null;

function column(streams, which) {
  const known = streams.querySelector(`[data-which=${which}]`);
  if (known) return known;
  const box = document.createElement("div");
  const title = document.createElement("h4");
  title.textContent = titles[which] ?? which;
  const text = document.createElement("p");
  text.className = "stream";
  text.dataset.which = which;
  box.append(title, text);
  streams.append(box);
  return text;
}

function asked(form) {
  const fields = form.elements;
  return {
    n_tokens: Number(fields.n_tokens.value),
    temperature: Number(fields.temperature.value),
    seed: Number(fields.seed.value),
    control: fields.control.checked,
  };
}

async function run(form) {
  stopping?.abort();
  const mine = new AbortController();
  stopping = mine;
  const section = form.closest("section");
  const streams = section.querySelector("[data-streams]");
  const said = form.querySelector("[data-continue-said]");
  const stop = form.querySelector("[data-continue-stop]");
  streams.replaceChildren();
  stop.hidden = false;
  said.textContent = "The model writes…";
  try {
    for await (const { name, data } of events(form.dataset.continue, asked(form), mine.signal)) {
      if (name === "token") {
        const token = document.createElement("span");
        token.textContent = data.token.text;
        column(streams, data.which).append(token);
      } else if (name === "experiment" && form.isConnected) swapIn(form.dataset.shown, "#continuations");
    }
  } catch (error) {
    said.textContent = error.name === "AbortError" ? "Stopped: nothing of it is kept." : error.message;
  }
  if (stopping === mine) stop.hidden = true;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches?.("[data-continue]")) return;
  event.preventDefault();
  run(event.target);
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-continue-stop]")) stopping?.abort();
});
addEventListener("pagehide", () => stopping?.abort());
