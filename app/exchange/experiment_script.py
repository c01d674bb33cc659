"""An experiment as a Python script that reproduces its numbers with torch and transformers alone.

In comes what was stored: the answer says which numbers each edit put in (new value = keep · value +
give), so the script needs neither means nor reference windows. What others wrote (a model's source,
the texts of tokens) is written as an ASCII literal and nowhere else, so that it is never code.
"""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from string import Template
from typing import Final

from pydantic import ValidationError

from analysis.paths import PATHS
from analysis.protocol.experiments import ExperimentAnswer, ResolvedEdit
from app.errors import ConflictError
from app.store.views.experiment import ExperimentView
from app.store.views.model import ModelView

TOP: Final = 5
"""Tokens before and after that are printed at each position."""
WIDTH: Final = 99

SCRIPT: Final = Template('''\
"""Experiment $slug, done again with torch and transformers alone.

Prints at each position KL(before ‖ after) in nats$what, and the likeliest
tokens before and after. In the end, how far the KL is from what was measured then.
"""

${imports}import torch
from transformers import $auto, AutoTokenizer

MODEL = $source
# SHA-256 of the weights: $weights
TOKENS = $tokens
TEXTS = $texts
THEN = $then
D_HEAD = $d_head
# At each edit's positions, new value = keep * value + give: of a neuron (the input of the down
# projection), a head (its part of the input of the output projection) or the residual stream.
# Where there is a length, a head is then scaled to write a vector of this norm.
EDITS = $edits


def at(module, path):
    for step in path.split("."):
        module = module[int(step)] if step.isdigit() else getattr(module, step)
    return module


def change(x, edit, weight=None):
    positions = torch.tensor(list(edit["positions"]), dtype=torch.long)
    width = {"mlp": 1, "attn": D_HEAD, "resid": x.shape[-1]}[edit["kind"]]
    part = slice(edit["index"] * width, (edit["index"] + 1) * width)
    keep = torch.tensor(edit["keep"], dtype=x.dtype)[:, None]
    value = keep * x[0, positions, part] + torch.tensor(edit["give"], dtype=x.dtype)
    if edit["length"] is not None:
        norms = (value @ weight[part]).norm(dim=-1, keepdim=True).clamp_min(1e-30)
        value = value * torch.tensor(edit["length"], dtype=x.dtype)[:, None] / norms
    x = x.clone()
    x[0, positions, part] = value
    return x


def before_projection(edit):
    def hook(module, inputs):
        # GPT-2 keeps its weights as [in, out], all others as [out, in]
        weight = module.weight if type(module).__name__ == "Conv1D" else module.weight.T
        return (change(inputs[0], edit, weight), *inputs[1:])

    return hook


def after_layer(edit):
    def hook(module, inputs, output):
        if isinstance(output, tuple):
            return (change(output[0], edit), *output[1:])
        return change(output, edit)

    return hook


@torch.no_grad()
def log_probabilities():
    return model(torch.tensor([TOKENS])).logits[0].double().log_softmax(-1)


def likeliest(row):
    top = row.exp().topk($top)
    pairs = zip(top.indices.tolist(), top.values.tolist())
    return ", ".join(f"{tokenizer.decode([token])!r} {p:.5f}" for token, p in pairs)


tokenizer = AutoTokenizer.from_pretrained($named)
model = $auto.from_pretrained(
    $named, dtype=torch.$dtype, attn_implementation="eager"
).eval()
$layers
before = log_probabilities()
for edit in EDITS:
    layer = layers[edit["layer"]]
    if edit["kind"] == "resid":
        layer.register_forward_hook(after_layer(edit))
    else:
        path = $mlp_out if edit["kind"] == "mlp" else $attn_out
        at(layer, path).register_forward_pre_hook(before_projection(edit))
after = log_probabilities()

kl = (before.exp() * (before - after)).sum(-1)
for position, text in enumerate(TEXTS):
    print(f"{position} {text!r}: KL {kl[position]:.6g}")
${losses}\
    print("  before:", likeliest(before[position]))
    print("  after: ", likeliest(after[position]))
print(f"mean KL {kl.mean():.6g}")
${mean}\
difference = max(abs(kl[position].item() - value) for position, value in THEN.items())
print(f"largest difference from the KL that was measured then: {difference:.1e}")
''')

LOSSES: Final = """\
    if position + 1 < len(TOKENS):
        following = TOKENS[position + 1]
        print(f"  loss {-before[position, following]:.6f} -> {-after[position, following]:.6f}")
"""
MEAN: Final = """\
if len(TOKENS) > 1:
    rows, following = torch.arange(len(TOKENS) - 1), torch.tensor(TOKENS[1:])
    print(f"mean loss {-before[rows, following].mean():.6f} -> "
          f"{-after[rows, following].mean():.6f}")
"""


def write_script(experiment: ExperimentView, model: ModelView) -> str:
    """The script. Raises ConflictError for what none is written of: models in the plain format,
    which transformers cannot load, and experiments that are no single comparison."""
    if experiment.kind != "experiment":
        raise ConflictError(
            f"Experiment {experiment.slug} is of kind {experiment.kind}: no script is written of "
            "it.",
            hint="Take it as JSON.",
        )
    if model.architecture not in PATHS:
        raise ConflictError(
            f"{model.name} is in the {model.architecture} format, which transformers cannot load: "
            "scripts are for its models only.",
            hint="Take the experiment as JSON.",
        )
    answer = _read(experiment)
    paths = PATHS[model.architecture]
    causal = bool(model.facts["causal"])
    return SCRIPT.substitute(
        slug=experiment.slug,
        what=", the loss of the next token" if causal else "",
        auto="AutoModelForCausalLM" if causal else "AutoModelForMaskedLM",
        imports="from importlib.util import find_spec\n\n" if _is_packaged(model) else "",
        source=_source(model),
        named="MODEL, gguf_file=GGUF" if model.source_kind == "gguf" else "MODEL",
        weights=model.weights_sha256,
        tokens=_listed(str(token.id) for token in answer.tokens),
        texts=_listed(ascii(token.text) for token in answer.tokens),
        then=_listed((f"{one.position}: {one.kl:.9g}" for one in answer.positions), "{}"),
        d_head=model.facts["d_head"],
        edits=_edits(answer.edits),
        top=TOP,
        dtype=answer.ran.dtype,
        layers=_layers([f"{one.backbone}.{one.layers}" for one in paths]),
        mlp_out=ascii(paths[0].mlp_out),
        attn_out=ascii(paths[0].attn_out),
        losses=LOSSES if causal else "",
        mean=MEAN if causal else "",
    )


def _read(experiment: ExperimentView) -> ExperimentAnswer:
    try:
        return ExperimentAnswer.model_validate_json(experiment.answer)
    except ValidationError as error:
        raise ConflictError(
            f"Experiment {experiment.slug} was stored by another version, whose answers are not "
            "ours.",
            hint="Take it as JSON, or run it again.",
        ) from error


def _source(model: ModelView) -> str:
    """The literal of MODEL; of a GGUF file its folder, and a line that names the file."""
    if model.source_kind != "gguf":
        return ascii(model.source)
    path = PurePath(model.source)
    if _is_packaged(model):
        folder = f"find_spec({str(path.parent)!a}).submodule_search_locations[0]"
        return f"{folder}  # it comes in a Python package of this name\nGGUF = {path.name!a}"
    return f"{str(path.parent)!a}\nGGUF = {path.name!a}"


def _is_packaged(model: ModelView) -> bool:
    """The demo's model is named by the package that carries it, wherever that is installed."""
    folder = str(PurePath(model.source).parent)
    return model.source_kind == "gguf" and folder.isascii() and folder.isidentifier()


def _layers(found: Sequence[str]) -> str:
    """How the list of layers is found: architectures that come in several wrappings have several
    places where it may be."""
    if len(found) == 1:
        return f"layers = at(model, {found[0]!a})"
    first, second = map(ascii, found)
    return (
        f"try:\n    layers = at(model, {first})\n"
        f"except AttributeError:\n    layers = at(model, {second})"
    )


def _edits(edits: Iterable[ResolvedEdit]) -> str:
    entries = "".join(textwrap.indent(_edit(edit), "    ") + ",\n" for edit in edits)
    return f"[\n{entries}]" if entries else "[]"


def _edit(edit: ResolvedEdit) -> str:
    kind, _, layer = edit.site.partition(".")
    lines = (
        f'"kind": "{kind}", "layer": {layer}, "index": {edit.index or 0},',
        f'"positions": {_positions(edit.positions)},',
        f'"keep": {_numbers(_once(edit.keep))},',
        f'"give": {_listed(map(_numbers, edit.give))},',
        f'"length": {None if edit.length is None else _numbers(_once(edit.length))},',
    )
    return "{\n" + textwrap.indent("\n".join(lines), "    ") + "\n}"


def _positions(positions: Sequence[int]) -> str:
    if positions and list(positions) == list(range(positions[0], positions[-1] + 1)):
        return f"range({positions[0]}, {positions[-1] + 1})"
    return _listed(map(str, positions))


def _once(values: Sequence[float]) -> Sequence[float]:
    """One number where it is the same at every position: torch spreads it."""
    return values[:1] if len(set(values)) == 1 else values


def _numbers(values: Iterable[float]) -> str:
    """Nine digits: what was float32 is float32 again."""
    return _listed(f"{value:.9g}" for value in values)


def _listed(items: Iterable[str], brackets: str = "[]") -> str:
    """A literal, on lines of its own where it is long."""
    entries = list(items)
    whole = ", ".join(entries)
    if len(whole) < WIDTH // 2:
        return f"{brackets[0]}{whole}{brackets[1]}"
    lines = [""]
    for entry in entries:
        if lines[-1] and len(lines[-1]) + len(entry) > WIDTH - 16:
            lines.append("")
        lines[-1] += f"{entry}, "
    body = "\n".join(line.rstrip() for line in lines)
    return f"{brackets[0]}\n{textwrap.indent(body, '    ')}\n{brackets[1]}"
