// The queue: an answer is sent, and the next item comes in its place; nothing that was written is lost.
import { seconds, start } from "./clock.js";
import { keep, restore } from "./drafts.js";
import "./keys.js";
import { post } from "./sending.js";

const formOf = () => document.querySelector("[data-judge]");

function show(html) {
  const made = new DOMParser().parseFromString(html, "text/html").querySelector("#judging");
  const place = document.querySelector("#judging");
  if (!made || !place) {
    location.reload();
    return;
  }
  place.replaceWith(document.adoptNode(made));
  htmx.process(made);
  scrollTo({ top: 0 });
  made.querySelector("h1")?.focus({ preventScroll: true });
  begin();
}

function send(form) {
  form.elements.seconds.value = seconds();
  keep(form, true);
  post(form.action, new URLSearchParams(new FormData(form)), form, show);
}

function begin() {
  document.querySelector("[data-judging]").dataset.ready = "";
  const form = formOf();
  if (!form) return;
  const wasSent = restore(form);
  start(Number(form.elements.seconds.value || 0));
  if (wasSent) send(form);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-judge]")) send(form);
  else if (form.matches("[data-judge-begin]")) post(form.action, new URLSearchParams(), null, show);
  else if (form.matches("[data-judge-skip]")) post(form.action, new URLSearchParams(new FormData(form)), formOf(), show);
  else return;
  event.preventDefault();
});
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("[data-judge]");
    if (form) keep(form);
  });
}
begin();
