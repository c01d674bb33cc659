// For a head: which earlier tokens the token under the cursor reads, in the strip and as arcs.
const levels = [100, 250, 500];
const classes = ["s-1", "s-2", "s-3", "s-4"];
const svg = "http://www.w3.org/2000/svg";

const levelOf = (weight) => classes[levels.filter((bound) => weight >= bound).length];

function element(name, className, d) {
  const made = document.createElementNS(svg, name);
  made.setAttribute("class", className);
  made.setAttribute("d", d);
  return made;
}

export function showAttention(strip, index) {
  if (!strip.dataset.sources) return;
  const sources = JSON.parse(strip.dataset.sources)[index] ?? [];
  const weights = JSON.parse(strip.dataset.weights)[index] ?? [];
  const pairs = sources.map((at, i) => [at, weights[i]]).filter(([, weight]) => weight > 5);
  const tokens = [...strip.querySelectorAll("i")];
  tokens.forEach((token) => token.classList.remove(...classes));
  pairs.forEach(([at, weight]) => tokens[at]?.classList.add(levelOf(weight)));
  const box = strip.parentElement.querySelector("[data-attention]");
  if (box) draw(box, strip, tokens, index, pairs);
}

function draw(box, strip, tokens, index, pairs) {
  const arcs = box.querySelector("svg");
  const step = Number(arcs.dataset.step);
  const height = Number(arcs.dataset.height);
  const x = step * index + step / 2;
  const paths = pairs.map(([at, weight]) => {
    const to = step * at + step / 2;
    const top = height - 2 * Math.min(height, 6 + Math.abs(x - to) / 8);
    return element("path", `arc ${levelOf(weight)}`, `M${x} ${height}Q${(x + to) / 2} ${top} ${to} ${height}`);
  });
  paths.unshift(element("path", "reader", `M${x} ${height - 5}V${height + 4}`));
  box.querySelector("[data-arcs]").replaceChildren(...paths);
  box.querySelector(".reads").replaceChildren(...sentence(strip, tokens, index, pairs));
}

function sentence(strip, tokens, index, pairs) {
  const who = index === Number(strip.dataset.peak) ? "At the peak reads " : `At ${index} reads `;
  if (!pairs.length) return [`At ${index}: no source token above 0.5 % was kept.`];
  return [who, ...pairs.filter(([at]) => tokens[at]).flatMap(([at, weight]) => {
    const source = document.createElement("span");
    source.className = `source ${levelOf(weight)}`;
    const name = document.createElement("code");
    name.textContent = tokens[at].textContent.replace(/^ /, "·");
    const back = document.createElement("small");
    back.textContent = at === index ? "itself" : `${index - at} back`;
    source.append(name, ` ${(weight / 10).toFixed(1)} % `, back);
    return [source, " "];
  })];
}
