"""`output` and `relate`: what follows a sweep, asked for by itself."""

from typing import Annotated

import typer

from app.commands.asking import Wait, ask

Model = Annotated[str, typer.Option(help="Name of a model that was added.")]
RunId = Annotated[int, typer.Option(min=1, help="The sweep's run, as on its page /runs/NUMBER.")]


def register(app: typer.Typer) -> None:
    app.command("output", rich_help_panel="Work")(output)
    app.command("relate", rich_help_panel="Work")(relate)


def output(
    model: Model,
    run_id: RunId,
    n_tokens: Annotated[
        int, typer.Option(min=1, max=100, help="Tokens promoted, and as many suppressed.")
    ] = 10,
    wait: Wait = False,
) -> None:
    """Compute which tokens every neuron promotes and suppresses.

    From weights alone, but for the scale of the logits, which is measured on 16 windows of text.

    A sweep asks for it by itself when it has ended, unless told not to.

    Example:

      patchclamp output --model gpt2 --run-id 3 --n-tokens 20
    """
    from app.store.requests import OutputRequest

    ask(OutputRequest(model=model, run_id=run_id, n_tokens=n_tokens), wait=wait)


def relate(
    model: Model,
    run_id: RunId,
    n_related: Annotated[
        int, typer.Option(min=1, max=100, help="Related units per unit and method.")
    ] = 6,
    wait: Wait = False,
) -> None:
    """Find related units: by output direction, and by activity on the sweep's fit pool.

    A sweep asks for it by itself when it has ended, unless told not to.

    Example:

      patchclamp relate --model gpt2 --run-id 3 --n-related 12
    """
    from app.store.requests import RelateRequest

    ask(RelateRequest(model=model, run_id=run_id, n_related=n_related), wait=wait)
