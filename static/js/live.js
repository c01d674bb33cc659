// A running job's page: each event of the server's stream asks htmx for the fragment again.
let source = null;
let watched = null;

function watch() {
  const live = document.querySelector("[data-live]");
  const address = live?.dataset.live ?? null;
  if (address === watched) return;
  source?.close();
  watched = address;
  source = address ? open(address, live.dataset.after) : null;
}

function open(address, after) {
  const stream = new EventSource(`${address}?after=${after}`);
  const changed = () => {
    document.querySelector("[data-live]")?.dispatchEvent(new CustomEvent("job:changed"));
  };
  const kinds = ["queued", "started", "planned", "progress", "published", "left_out", "waiting", "resumed", "cancelling", "cancelled", "succeeded", "failed"];
  kinds.forEach((kind) => stream.addEventListener(kind, changed));
  stream.addEventListener("message", changed);
  return stream;
}

htmx.config.morphIgnore.push("open"); // a fold stays as its reader left it
document.addEventListener("htmx:after:swap", watch);
addEventListener("pagehide", () => source?.close());
watch();
