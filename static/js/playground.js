// The playground's form: a slider's release, a choice or a toggled token runs it again in place.
const SLOW = 300;
const formOf = () => document.querySelector("[data-playground]");
let timer = null;
let running = 0; // an older request that a newer one replaced ends after that has begun

// A change is a new question: the button stands for it, and htmx lets go of the older one.
export function rerun() {
  const form = formOf();
  if (!form || !form.querySelector("[data-edit-row]")) return;
  form.requestSubmit();
}

function showSliders(root = document) {
  for (const slider of root.querySelectorAll("[data-slider]")) slider.hidden = false;
}

const beside = (field, what) => field.closest("[data-edit-row]")?.querySelector(what);

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-slider]")) beside(event.target, "[data-number]").value = event.target.value;
  else if (event.target.matches?.("[data-number]")) {
    const slider = beside(event.target, "[data-slider]");
    if (slider) slider.value = event.target.value;
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-slider], [data-rerun]")) rerun();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("[data-playground]")) {
    event.preventDefault();
    formOf().requestSubmit();
  }
});

// What takes longer than it takes to notice says so, and can be stopped.
const isOurs = (event) => event.target?.matches?.("[data-playground]") ?? false;
function hide() {
  clearTimeout(timer);
  const working = document.querySelector("[data-working]");
  if (working) working.hidden = true;
}
document.addEventListener("htmx:before:request", (event) => {
  if (!isOurs(event)) return;
  running += 1;
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.querySelector("[data-working]").hidden = false;
  }, SLOW);
});
document.addEventListener("htmx:finally:request", (event) => {
  if (!isOurs(event)) return;
  running = Math.max(0, running - 1);
  if (!running) hide();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-stop]")) return;
  formOf().dispatchEvent(new CustomEvent("htmx:abort"));
  hide();
});

// "Add to edits" beside a unit on this page puts the line into the form that is here.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-add-edit]");
  const field = formOf()?.elements.add;
  if (!link || !field || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  field.value = link.dataset.addEdit;
  formOf().requestSubmit();
});

document.addEventListener("htmx:after:swap", () => showSliders());
showSliders();

// Whoever comes from one of our own pages with an edit has asked for it already.
addEventListener("load", () => {
  const form = formOf();
  const filled = form && ["text", "tokens", "content"].some((name) => [...form.querySelectorAll(`[name=${name}]`)].some((field) => field.value.trim()));
  if (filled && "ready" in form.dataset && document.referrer.startsWith(`${location.origin}/`)) form.requestSubmit();
});
