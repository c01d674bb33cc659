// Server-sent events of a POST, which EventSource cannot send: yields { name, data } as they come.
export async function* events(address, body, signal) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/problem+json" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({ detail: `The server answered ${response.status}.` }));
    throw new Error([problem.detail, problem.hint].filter(Boolean).join(" "));
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    kept += value;
    const whole = kept.split("\n\n");
    kept = whole.pop();
    for (const part of whole) {
      const event = read(part);
      if (event?.name === "problem") throw new Error([event.data.detail, event.data.hint].filter(Boolean).join(" "));
      if (event) yield event;
    }
  }
}

function read(part) {
  const lines = part.split("\n").map((line) => line.trimEnd());
  const of = (field) => lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).replace(/^ /, ""));
  const data = of("data").join("\n");
  return data ? { name: of("event")[0] ?? "message", data: JSON.parse(data) } : null;
}

// A fragment of the server's in the place of the element with this id.
export const swapIn = (address, target) =>
  htmx.ajax("GET", address, { target, swap: "outerHTML", headers: { "HX-Target": target } });
