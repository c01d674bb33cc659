// What others do, as they do it: one stream of the server's tells what changed, and each part of the
// page that shows such a thing asks for itself again. Only while the page is looked at: browsers keep
// few connections to a server, for all of its tabs.
const kinds = ["comments", "votes", "judgements", "decisions", "explanations", "circuits", "campaigns", "inbox", "everything"];
const settle = 60; // milliseconds in which several changes become one

let source = null;
let watched = null;
let last = null; // also while the page is hidden
let newest = null;
const changed = new Set();

const place = () => document.querySelector("main [data-watch]") ?? document.querySelector("[data-watch]");

function tell() {
  for (const part of document.querySelectorAll("[data-live-on]")) {
    if (!part.dataset.liveOn.split(" ").some((kind) => changed.has(kind))) continue;
    if ("liveShows" in part.dataset) part.hidden = false;
    else part.dispatchEvent(new CustomEvent("live:changed"));
  }
  changed.clear();
}

function heard(event) {
  newest = event.lastEventId || newest;
  if (!changed.size) setTimeout(tell, settle);
  changed.add(event.type);
}

function watch() {
  const here = document.hidden ? null : place();
  const address = here?.dataset.watch ?? null;
  if (address === watched) return;
  source?.close();
  if (address && address !== last) newest = here.dataset.after ?? null;
  last = address ?? last;
  watched = address;
  source = address ? open(address) : null;
}

function open(address) {
  const after = newest === null ? "" : `${address.includes("?") ? "&" : "?"}after=${newest}`;
  const stream = new EventSource(address + after);
  for (const kind of kinds) stream.addEventListener(kind, heard);
  return stream;
}

// What was sent is not left in its field, and the fold that it was written in closes.
document.addEventListener("htmx:after:request", (event) => {
  const form = event.target.closest?.("form[data-emptied], form[data-closed]");
  if (!form || !event.detail?.ctx?.response?.raw?.ok) return;
  if ("emptied" in form.dataset) form.reset();
  if ("closed" in form.dataset) form.closest("details").open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest?.("form.say")?.requestSubmit();
});

document.addEventListener("visibilitychange", watch);
document.addEventListener("htmx:after:swap", watch);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  watched = null;
  watch();
});
watch();
