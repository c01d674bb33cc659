// For a head: which tokens the token under the cursor reads, in the strip and as arcs.
const levels = [0.1, 0.25, 0.5];
const classes = ["s-1", "s-2", "s-3", "s-4"];
const base = 26;

const levelOf = (weight) => classes[levels.filter((bound) => weight >= bound).length];
const backOf = (back) => (back === 0 ? "itself" : back > 0 ? `${back} back` : `${-back} ahead`);

let wanted = 0;
const asked = new Map();

// The API's exemplars of the strip's list, asked for once, by window number.
function patterns(address) {
  if (!asked.has(address)) {
    const answer = fetch(address, { headers: { Accept: "application/json" } })
      .then((response) => (response.ok ? response.json() : { items: [] }))
      .then(({ items }) => new Map(items.map((item) => [String(item.window), item.attention])));
    asked.set(address, answer);
  }
  return asked.get(address);
}

export async function showAttention(strip, index) {
  const address = strip.closest("[data-exemplars]")?.dataset.exemplars;
  const row = strip.closest("[data-window]");
  const box = row?.querySelector("[data-attention]");
  if (!address || !box) return;
  const turn = ++wanted;
  const pattern = (await patterns(address)).get(row.dataset.window);
  if (turn !== wanted || !pattern) return;
  const tokens = [...strip.querySelectorAll("i")];
  const pairs = (pattern.sources[index] ?? [])
    .map((at, i) => [at, pattern.weights[index][i]])
    .filter(([at, weight]) => weight > 0.005 && tokens[at]);
  tokens.forEach((token) => token.classList.remove(...classes));
  pairs.forEach(([at, weight]) => tokens[at].classList.add(levelOf(weight)));
  box.querySelector(".reads").replaceChildren(...sentence(strip, tokens, index, pairs));
  box.querySelector("[data-arcs]").replaceChildren(...arcs(box.dataset, index, pairs));
}

function path(className, d) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
  made.setAttribute("class", className);
  made.setAttribute("d", d);
  return made;
}

function arcs({ reader, reach, longest }, index, pairs) {
  const x = Number(reader);
  const scale = reach / Math.log1p(Math.max(longest, 2));
  return [
    path("reader", `M${x} ${base - 6}v9`),
    ...pairs.map(([at, weight]) => {
      const back = index - at;
      const away = Math.sign(back) * scale * Math.log1p(Math.abs(back));
      const top = base - Math.min(2 * base - 6, 10 + Math.abs(away) / 3);
      const curve = away ? `Q${x - away / 2} ${top} ${x - away} ${base}` : "c-9 -14 9 -14 0 0";
      return path(`arc ${levelOf(weight)}`, `M${x} ${base}${curve}`);
    }),
  ];
}

function sentence(strip, tokens, index, pairs) {
  const atPeak = index === Number(strip.dataset.peak);
  const who = atPeak ? "" : `${tokens[index].textContent.replace(/^ /, "·")} at ${index} `;
  const verb = atPeak ? "Reads" : "reads";
  if (!pairs.length) return [`${who}${verb} nothing above 0.5 %.`];
  const sources = pairs.flatMap(([at, weight]) => {
    const source = document.createElement("span");
    source.className = `source ${levelOf(weight)}`;
    const name = document.createElement("code");
    name.textContent = tokens[at].textContent.replace(/^ /, "·");
    const back = document.createElement("small");
    back.textContent = backOf(index - at);
    source.append(name, ` ${(weight * 100).toPrecision(3)} % `, back);
    return [source, " "];
  });
  return [`${who}${verb} `, ...sources];
}
