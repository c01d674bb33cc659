"""`circuit`: which neurons and heads make a model do a task, asked for by itself."""

from typing import Annotated, Any

import typer

from app.commands.asking import Wait, ask


def register(app: typer.Typer) -> None:
    app.command("circuit", rich_help_panel="Work")(circuit)


def circuit(
    model: Annotated[str, typer.Argument(help="Name of a model that was added.")],
    task: Annotated[
        str | None,
        typer.Argument(
            help="indirect-objects, greater-than, docstrings, agreement, induction or pronouns, "
            "which are made for any model; or the slug of a task, as `tasks list` has it."
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            help="Instead of a task: one prompt, which is compared with its own tokens in another "
            "order."
        ),
    ] = None,
    n_pairs: Annotated[
        int, typer.Option(min=2, help="Pairs of prompts, of a task that is made.")
    ] = 128,
    method: Annotated[
        str,
        typer.Option(
            help="How units are ranked: nested, which learns it at all sizes at once, ig, "
            "both_ends, relp, atp_star or atp.",
            metavar="METHOD",
        ),
    ] = "nested",
    ablation: Annotated[
        str,
        typer.Option(
            help="What stands in the place of what is ablated: resample (its value on the "
            "counterfactual prompt), mean or zero.",
            metavar="ABLATION",
        ),
    ] = "resample",
    n_nodes: Annotated[
        int, typer.Option(min=1, help="At most so many neurons and heads are kept.")
    ] = 256,
    slug: Annotated[
        str | None, typer.Option(help="What it is called in addresses; default: a free one.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="What it is called; default: as its task.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
    wait: Wait = False,
) -> None:
    """Find the neurons and heads that make a model do a task, draw them, and prove them.

    The proof is by ablation on held-out prompts, beside a random circuit of the same size. What
    came of it is on the model's page /m/MODEL/circuits.

    Examples:

      patchclamp circuit smollm2-135m-instruct pronouns --wait

      patchclamp circuit gpt2 --prompt "The capital of France is"

      patchclamp circuit gpt2 indirect-objects --n-pairs 96 --n-nodes 120 --slug ioi-large
    """
    from app.store.circuit_request import CircuitRequest

    if (task is None) == (prompt is None):
        raise typer.BadParameter("name a TASK or a --prompt, and not both")
    fields: dict[str, Any] = {"method": method, "ablation": ablation}
    request = CircuitRequest(
        model=model, task=task, prompt=prompt, n_pairs=n_pairs, n_nodes=n_nodes, slug=slug,
        title=title, seed=seed, **fields,
    )  # fmt: skip
    ask(request, wait=wait)
