// What may be claimed that units carry, as choices; and what came of a claim, beside what it is held against.
import { count, make, makeTable, two } from "./elements.js";

const estimate = ({ value, low, high }) => [two(value), low === null ? "none" : `${two(low)} to ${two(high)}`];

// Tokens behind the drawn prompt are left out: there is nothing to point at.
export function choices(features, tokens) {
  const made = [];
  for (const { feature, text, here, testable, n_values } of features) {
    const [kind, number] = feature.split(" ");
    if (kind === "token" && number >= tokens.length) continue;
    const shown = kind === "token" ? tokens[number] : here;
    const why = testable ? "" : n_values < 2 ? ": the same in all prompts" : ": few prompts share it";
    made.push(make("option", `${text}${shown === null ? "" : ` (here “${shown.replaceAll("\n", "⏎")}”)`}${why}`, { value: feature, disabled: !testable }));
  }
  return made;
}

export function answered({ recovered, everything, nothing, random, n_prompts, n_alone, prompts, verdict }, claim) {
  const rows = [
    [`claimed: ${claim}`, ...estimate(recovered)],
    ["everything: their own", ...estimate(everything)],
    ["nothing: of any prompt", ...estimate(nothing)],
    ["nothing, and as many random units of the circuit claimed to carry it instead", ...(random ? estimate(random) : ["none", "too few others"])],
  ];
  const on = count(n_prompts, prompts === "held_out" ? "held-out prompt" : "prompt") + (n_alone ? `, ${n_alone.toLocaleString("en")} of them alone with it, and not counted` : "");
  const note = `Recovered of what the model does; ${on}. Units outside the circuit have values of any prompt, the rest of it computes.`;
  return [make("p", verdict, { className: "verdict" }), makeTable(["what they are given", "recovered", "95 % interval"], rows), make("p", note, { className: "note" })];
}
