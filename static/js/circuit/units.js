// `mlp.3/17` as requests name it.
export function unitOf(name) {
  const [site, index] = name.split("/");
  return { site, index: Number(index) };
}

// Names of the neurons and heads among some nodes, each once.
export const unitsAmong = (nodes) => [...new Set(nodes.filter((node) => node?.unit).map((node) => node.name))].sort();

export async function ask(address, body, signal) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error([answer.detail ?? `The server answered ${response.status}.`, answer.hint].filter(Boolean).join(" "));
  return answer;
}
