"""The words of the field as this instrument uses them: one source for tooltips, page and docs.

`python -m app.rendering.glossary > docs/glossary.md` makes the document.
"""

import re
import sys
from functools import cache
from typing import Final

from markupsafe import Markup

GLOSSARY: Final[dict[str, str]] = {
    "model": "The subject: the neural network under study.",
    "site": "One place in a model where units live: mlp.7 holds the MLP neurons of layer 7 "
    "(the input of the down projection), attn.7 its attention heads.",
    "unit": "One neuron or head, written site/index: mlp.12/345.",
    "neuron": "One of the numbers between the two halves of an MLP, at each token: what the down "
    "projection reads.",
    "head": "One of the parts of attention: each looks for certain other tokens, and copies from "
    "them.",
    "layer": "One step of the network: attention and an MLP, each adding to the residual stream. "
    "Counted from 0.",
    "residual stream": "The vector that each token carries from layer to layer; every head and "
    "neuron adds to it. Its width is the model's hidden size.",
    "parameters": "The numbers that training has set: all weights, counted once.",
    "vocabulary": "All tokens that the model can read and write.",
    "token": "A piece of text that the model reads as one: a word, a part of one, a sign.",
    "context length": "The most tokens that the model can see at once.",
    "BOS": "The token that marks the beginning of a text (beginning of sequence).",
    "activation function": "What bends the line within an MLP: SiLU, GELU, ReLU and their kin.",
    "normalisation": "What brings the residual stream to one scale before a part reads it: RMS "
    "norm divides by the root of the mean square, layer norm takes the mean away first.",
    "dtype": "The kind of numbers that the model was computed in: float32 is exact to 7 digits, "
    "bfloat16 to 2 or 3, at half the memory.",
    "quantised": "Weights that were stored with fewer bits; what is shown is of the rounded ones.",
    "activation": "What is recorded of a unit at one token. For a neuron, the input of the down "
    "projection; for a head, the L2 norm of what it adds to the residual stream, never negative.",
    "gated MLP": "An MLP whose neuron is act(gate) times up. Its activation has both signs and "
    "both matter: a negative one swaps the promoted and the suppressed tokens.",
    "window": "A run of tokens of one document that the model sees at once.",
    "position": "The place of a token in its window, from 0. Position 0 is left out of statistics "
    "unless a run says otherwise: most models park massive activations there.",
    "corpus": "The documents that were read, each with its origin.",
    "split": "The share of documents that a number is from: fit, calibration, test, or a held-out "
    "domain (ood). Assigned by document before anything is ranked.",
    "fit": "Documents from which exemplars are chosen and explanations are made.",
    "calibration": "Documents on which thresholds and scales are adjusted, and on which a program "
    "is tried while it is written.",
    "test": "Documents that nothing was chosen on: what honest numbers come from.",
    "held-out domain": "Texts of another kind than the rest (ood: out of distribution), kept away "
    "from fitting, to see what breaks.",
    "exemplar": "A window kept for a unit, with the unit's activation at every token.",
    "peak": "The token of a window with the highest activation (the lowest, in the bottom tail).",
    "top": "The windows with the highest maximum of the unit.",
    "bottom": "The windows with the lowest minimum of the unit.",
    "interval": "A range of the window maximum, its upper end included. Windows are drawn at "
    "random within each interval, and the share of all windows in it is given, so that the top is "
    "not taken for the whole.",
    "random": "Windows drawn uniformly at random: what the unit does on ordinary text.",
    "pool": "Windows, drawn at random, on which every activation of every unit is kept.",
    "density": "Share of counted positions with an activation above 0.",
    "above": "Share of counted positions with an activation above the run's threshold.",
    "mean": "Mean activation over counted positions.",
    "variance": "Population variance of the activation over counted positions.",
    "deviation": "Standard deviation: the square root of the variance.",
    "skewness": "Third standardised moment: positive when the upper tail is the longer one.",
    "kurtosis": "Fourth standardised moment, Pearson's: 3 for a Gaussian, large for units that are "
    "silent on most tokens and strong on a few. Undefined for a constant unit.",
    "minimum": "The lowest activation at any counted position.",
    "maximum": "The highest activation at any counted position.",
    "percentile": "The share of the site's units with a lower value, in whole per cent rounded "
    "down; among ties, the middle. p100 is the maximum alone.",
    "dead": "Constant on all counted positions (heads, gated neurons), or never above 0 "
    "(ReLU-like neurons).",
    "flagged": "Some activations of the unit were NaN or infinite. They are counted and left out; "
    "all other numbers are over the finite ones.",
    "sign-log": "An axis that is logarithmic in both directions from a linear stretch around 0.",
    "Krippendorff’s alpha": "How far people agree beyond chance: 1 where all give the same, 0 "
    "where answers are as alike as if they had been dealt out at random.",
    "Cohen’s kappa": "How far two people agree beyond chance, on what both judged: 1 always, 0 as "
    "often as each of them answering for themselves would.",
    "experiment": "One set of edits on one prompt, with the measured change; kept with its run "
    "under a permalink.",
    "edit": "One change of the network while it runs: of a unit's activation, or of the residual "
    "stream, at all or some positions.",
    "ablation": "An edit that takes away what a unit says: its activation becomes 0, its mean "
    "(mean ablation), or what it is on other texts (resample ablation).",
    "steering": "Adding a direction to the residual stream at each token, such as what a neuron "
    "writes, to push the output one way.",
    "patching": "An edit that gives a unit the activation that it has on another prompt.",
    "control unit": "A unit of the same site, drawn at random, with the same edit at the same "
    "positions: what any unit would have done. An effect counts as far as it exceeds this one.",
    "KL": "Kullback-Leibler divergence KL(before ‖ after) of the predicted next token, in nats: 0 "
    "where the edit changed nothing, 0.01 is hard to notice, 1 is another sentence.",
    "loss": "Minus the log probability that the model gave to the token that follows, in nats.",
    "logit": "What the model gives each token before probabilities are made of it. Raising all of "
    "them alike changes no probability, and a Δ logit is of one token as it is: where all rise, "
    "the probabilities beside it tell which gained.",
    "logit lens": "The unembedding applied to the residual stream after an earlier layer: what the "
    "model would say if it stopped there.",
    "AtP": "Attribution patching: the effect of an edit as the gradient of one clean run estimates "
    "it, for all units at once; exact for small and linear effects only.",
    "sweep of edits": "Every unit of a site edited alone on one prompt, ranked by what that "
    "changes.",
    "task": "Pairs of prompts, clean and counterfactual, with a metric that says what the model "
    "makes of each: what a circuit is found on.",
    "circuit": "The neurons and heads, with the links between them, that make a model do one "
    "thing. How far they do it alone is measured: see faithfulness.",
    "faithfulness": "How much of the task's metric is left when all but the circuit is ablated: 1 "
    "is what the whole model reaches, 0 what is left when everything is ablated. It may exceed 1.",
    "completeness": "The faithfulness of what is left when the circuit itself is ablated: low is "
    "good, for nothing else then does the same.",
    "held-out prompts": "Pairs of a task that nothing of the circuit was chosen on: each has a "
    "word or a sentence that no pair for finding has, or shares a prompt with one that does.",
    "margin": "By how much the faithfulness of as many units by the circuit's own ranking is above "
    "that by another ranking, on the same prompts. Above is better only while below 1; above 1, "
    "more is farther from what the model does. Strong: the 95 % interval is beside 0, not "
    "corrected for the number of comparisons.",
    "matched random circuits": "Random circuits that have as many neurons and as many heads of "
    "every layer as the circuit has: what any circuit of its make would do.",
    "incompleteness": "How far the circuit is from the whole model once both lose the same random "
    "half of the circuit: a circuit that has all there is does then what the model does. Near 0 "
    "is good.",
    "causal scrubbing": "A test of a hypothesis: if these units carry a feature and nothing else "
    "does, their values may come from any prompt that shares it, and all others' from any prompt.",
    "minimality": "What the circuit's faithfulness loses when one of its units is left out; units "
    "that cost nothing are not needed.",
    "CPR": "Circuit performance ratio: the area under faithfulness over the share of units that "
    "are kept. High is good.",
    "CMD": "Circuit-model distance: the area between faithfulness and 1 over the share of units "
    "that are kept. Low is good.",
    "output side": "What a neuron writes: its output vector times the unembedding (final norm's "
    "gain folded in), times what that norm typically multiplies by, centred over the vocabulary. "
    "The direct path only: what later layers make of it is not seen.",
    "z-score": "How far a token's logit lies from those of random directions of the same norm, in "
    "their standard deviations. Of very many tokens some are far by chance.",
    "related by output": "Neurons whose output vectors have the cosine of largest magnitude with "
    "this one's; a negative one writes the opposite.",
    "related by activity": "Neurons and heads whose activations have the Pearson correlation of "
    "largest magnitude with this one's over the tokens of the fit pool; negative ones are among "
    "them.",
    "attention pattern": "At each token, the earlier tokens that a head reads, with the share of "
    "attention each gets.",
    "explanation": "A claim about a unit: words, and where possible a program that predicts its "
    "activation on any text, so that the claim can be tested and refuted.",
    "program": "Rules that predict a unit's activation at each token from the tokens up to it. "
    "Nobody's program can do harm: it has no code, only rules.",
    "rule": "When something holds at a token, a level that is added to the prediction.",
    "tested level": "What the text shown says of one rule: how much higher the activation is where "
    "the rule holds, beside what the other rules say; of a table, how large it is where the table "
    "says 1. Borne out: its 95 % interval has the claimed level in it, and not 0; weaker or "
    "stronger than claimed: the sign is right, the level is not in it; refuted: it is on the other "
    "side of 0; not decided: 0 is in it, or there are too few documents. Of 20 rules of no effect "
    "about one is decided by luck, and of 20 with the right level about one seems weaker or "
    "stronger.",
    "simulated": "What a program predicts for the unit, token by token: of what is saved, on text "
    "that nothing was fitted on; while it is written, on calibration.",
    "simulation r": "Pearson correlation of real and simulated activations over all tokens of "
    "random windows, of test unless another split is named: 1 is perfect, 0 tells nothing. "
    "Undefined where either is constant.",
    "interval of a score": "95 % of the values that come out when documents are drawn again at "
    "random (bootstrap). Documents are drawn as wholes: their tokens are not independent.",
    "token lookup": "The baseline that every unit has: the mean activation at each token, from the "
    "fit pool. A table of thousands of entries is no explanation; rules should come near it with "
    "a dozen.",
    "lookup of its length": "The token lookup cut to as many tokens as the program lists: those "
    "that matter most on the fit pool. What rules of this length should beat.",
    "shuffled": "The explanation of another random unit of the same site, scored on this one: what "
    "knowing the kind of text is worth.",
    "survived": "A test is survived where the whole 95 % interval of r lies above 0 and above the "
    "shuffled baseline, and where, tried on many units, the explanation fits its own better than "
    "95 % of pairs of a unit and another's explanation fit: on the test split, and on each "
    "held-out domain. Undecided: too few documents for an interval, no r, or no shuffled "
    "baseline. It says that the explanation is better than another "
    "unit's, not that it is good: see the token lookup beside it. Nothing is ever proved by it.",
    "best explanation": "Of what says when the unit fires, the one with the highest r on test. "
    "Of many, the best one's r is a little too high by luck.",
    "description length": "Bits that it takes to write the explanation down, program or words. "
    "Short and right is better than long and right.",
    "metric": "What is computed from real and simulated activations; docs/methods.md defines each.",
    "simulation r, top+random": "Simulation r over the windows with the highest peaks and random "
    "ones, half and half (Bills et al. 2023): easier to reach, and it tells less of ordinary text.",
    "absolute deviation explained": "1 − mean absolute error / mean magnitude of the activation.",
    "R², uncentred": "1 − mean squared error / mean square of the activation.",
    "R², centred": "1 − squared error / squared deviation from the mean: below 0, the mean would "
    "have predicted better.",
    "detection": "Whether each window has the unit firing, as the program or a judge says it: "
    "balanced accuracy, ½ is guessing.",
    "precision of detection": "Of the windows that were said to fire, the share that do. It is "
    "the higher the more fire at all (prevalence), so it is told for that of the pool, too.",
    "recall of detection": "Of the windows that fire, the share that were said to.",
    "fuzzing": "Whether the marked tokens are those at which the unit fires: balanced accuracy, ½ "
    "is guessing.",
    "AUROC": "The chance that a token at which the unit fires gets a higher prediction than one at "
    "which it does not; ½ is guessing.",
    "cosine": "How alike two directions are: 1 the same, 0 nothing in common. Of texts, between "
    "their sentence embeddings.",
    "false discovery rate": "Of the units whose explanation is called better than those of others, "
    "the share that is so by luck, held to 5 % (Benjamini and Hochberg 1995).",
    "own unit": "The explanation was tried on many units of its site. p: how often another unit's "
    "explanation exceeds what is usual on a unit as far as this one does on its own.",
    "by luck": "How many units would be expected to earn the badge if every explanation were of "
    "another unit. predicts, controls: at most 5 % of those tested, for p ≤ 0.05 is asked for. "
    "replaces: as many as those on which another unit's explanation is better with all of its "
    "interval, for each would then be as likely to win.",
    "undefined": "There is no number, for instance the kurtosis of a constant. It is not 0.",
    "sweep": "One pass of a model over a corpus: statistics, exemplars and pools of all units.",
    "sealed": "Of a server: its processes connect to nothing beyond the machine but the database, "
    "what leaves it is approved by an administrator, and what is looked at is in the audit log.",
    "run": "One execution of a method: where numbers come from.",
    "job": "A durable piece of work for a worker; it survives the worker's death.",
    "output": "The job that finds what every neuron of a model writes, from its weights: the "
    "output sides. A sweep asks for it.",
    "relate": "The job that finds the units most alike by output and by activity. A sweep asks for "
    "it.",
    "explain": "The job that explains units from a sweep's pools, and scores what it found on text "
    "never seen.",
    "evidence": "The job that holds explanations to what happens when the network is edited: on "
    "test text, for randomly chosen units.",
    "predicts": "A badge: on test text the explanation's r is above 0 and above that of another "
    "unit's explanation with its whole 95 % interval, and it fits its own unit better than 95 % "
    "of pairs of a unit and another's explanation fit. It survived one test; nothing is proved.",
    "replaces": "A badge: with the explanation's prediction in the unit's place, the network's "
    "output stays nearer to what it was than with the unit's mean there, and nearer than with "
    "another unit's explanation there; both with the whole 95 % interval. It survived these tests.",
    "controls": "A badge: when the unit is held beyond its mean, the tokens that were named "
    "beforehand are among those that rise and fall most, and move the way that was said, more than "
    "when random other units are moved; both with the whole 95 % interval, and p at most 0.05.",
    "earned": "The 95 % interval lies above its border: the test is survived.",
    "refuted": "The 95 % interval does not reach above its border: the test is failed.",
    "undecided": "The border lies in the 95 % interval, or there is no interval: this text does "
    "not tell.",
    "ablation to simulation": "1 − Σ JSD(p with the prediction in the unit's place, p) / Σ JSD(p "
    "with its mean there, p), over positions of test windows (Bills et al. 2023). 1: the output is "
    "what it was; 0: no nearer than with the mean; below 0: farther.",
    "replacement": "Loss recovered when the prediction takes the unit's place: 1 − (L_prediction − "
    "L) / (L_mean − L). Undefined where the mean may cost nothing: the interval of L_mean − L "
    "includes 0.",
    "control": "What is said to rise and fall when the unit is held at its mean + kσ is stored "
    "with hash and time before the runs; then it is moved.",
    "precision at 10": "Of the tokens that were named, the share that is among the ten that rose "
    "most, or of the fallers that fell most, by mean change of log-probability.",
    "sign agreement": "Of the tokens that were named, the share that moved the way that was said. "
    "Of tokens named at random about half would.",
    "random unit's move": "The same named tokens, when random other units of the site are held at "
    "their own mean + kσ: the mean over them.",
    "p among units": "The share of the random other units and of this one, under whose move the "
    "named tokens do as well as under this one's. Few mean that it is not chance.",
    "prepare_demo": "The job behind `patchclamp demo`: it adds the demo's model and corpus where "
    "they are missing, and asks for the sweep of one over the other.",
    "campaign": "Explanations that a team judges together: drawn at random by a seed, each judged "
    "by several people who do not see each other's judgements.",
    "gold item": "An item of a campaign of which the right verdict is known. It stands among the "
    "others, and whoever judges is not told.",
    "near miss": "A window in which a unit is silent though one would expect it to fire: words of "
    "its explanation occur, or its activation comes close to the firing threshold.",
    "artifact": "A file that holds one array, named by its content.",
}


def slug(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


@cache
def term(word: str, shown: str | None = None) -> Markup:
    """The word as a link to its definition, which also shows on hover and focus."""
    return Markup('<a class="term" href="/glossary#{}" data-definition="{}">{}</a>').format(
        slug(word), GLOSSARY[word], shown or word
    )


@cache
def explained(word: str, shown: str | None = None) -> Markup:
    """The word with its definition on hover, for where it stands in a link to something else."""
    return Markup('<span class="term" data-definition="{}">{}</span>').format(
        GLOSSARY[word], shown or word
    )


def document() -> str:
    entries = [f"**{word}**: {definition}\n" for word, definition in sorted_entries()]
    return "\n".join(["# Glossary\n", "The words as pages and API use them.\n", *entries])


def sorted_entries() -> list[tuple[str, str]]:
    return sorted(GLOSSARY.items(), key=lambda entry: entry[0].lower())


if __name__ == "__main__":
    sys.stdout.write(document())
