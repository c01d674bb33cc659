"""`output`, `relate`, `explain` and `evidence`: what follows a sweep, asked for by itself."""

from typing import Annotated, Any

import typer

from app.commands.asking import Wait, ask

Model = Annotated[str, typer.Option(help="Name of a model that was added.")]
RunId = Annotated[int, typer.Option(min=1, help="The sweep's run, as on its page /runs/NUMBER.")]


def register(app: typer.Typer) -> None:
    app.command("output", rich_help_panel="Work")(output)
    app.command("relate", rich_help_panel="Work")(relate)
    app.command("explain", rich_help_panel="Work")(explain)
    app.command("evidence", rich_help_panel="Work")(evidence)


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


def explain(
    model: Model,
    run_id: RunId,
    site: Annotated[str | None, typer.Option(help="Only this site, e.g. mlp.12.")] = None,
    unit: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Only this unit of the site; may be repeated."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many units, drawn at random; default: all.")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="lookup, rules, output or language_model; may be repeated; "
            "default: the first three."
        ),
    ] = None,
    most_rules: Annotated[
        int, typer.Option(min=1, max=200, help="Rules of a program, per tail.")
    ] = 12,
    most_listed: Annotated[
        int, typer.Option(min=1, max=5000, help="Tokens that a program lists, in all.")
    ] = 120,
    assistant: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="For language_model: the model's name at the endpoint of "
            "PATCHCLAMP_ASSISTANT_URL.",
        ),
    ] = None,
    candidates: Annotated[
        int, typer.Option(min=1, max=16, help="For language_model: explanations to choose from.")
    ] = 1,
    judge: Annotated[
        list[str] | None,
        typer.Option(help="For language_model: simulation, detection or fuzzing; repeatable."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0, help="For language_model: dollars, at most; needs a price."),
    ] = None,
    token_budget: Annotated[
        int | None, typer.Option(min=0, help="For language_model: tokens, at most.")
    ] = None,
    judge_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judges instead of the assistant itself.")
    ] = None,
    windows: Annotated[
        int, typer.Option(min=4, max=200, help="Judged per unit, of every split.")
    ] = 12,
    shuffled: Annotated[
        str,
        typer.Option(
            metavar="true|false",
            help="For language_model: another unit's explanation judged beside, as a baseline.",
        ),
    ] = "true",
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Questions to a language model at the same time.")
    ] = 4,
    dollars_in: Annotated[
        float, typer.Option(min=0, help="Dollars per million tokens sent.")
    ] = 0.0,
    dollars_out: Annotated[
        float, typer.Option(min=0, help="Dollars per million tokens answered.")
    ] = 0.0,
    evidence: Annotated[
        int,
        typer.Option(
            min=0, max=65536, help="So many neurons per site are held to account afterwards."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
    wait: Wait = False,
) -> None:
    """Explain units by programs that predict their activation, and score them on unseen text.

    Reads the pools of a sweep. Units come in random order, so that results of a job that still
    runs are of a random sample. Nothing is sent anywhere unless `language_model` is asked for.

    Examples:

      patchclamp explain --model gpt2 --run-id 3 --sample 2000

      patchclamp explain --model gpt2 --run-id 3 --site mlp.7 --unit 12 --unit 345 --wait
    """
    from pydantic import ValidationError

    from app.store.requests import ExplainRequest

    options: dict[str, Any] = {"methods": method} if method else {}
    if assistant is not None:
        options["assistant"] = {
            "model": assistant, "candidates": candidates, "budget": budget,
            "token_budget": token_budget, "judge_model": judge_model, "windows": windows,
            "concurrency": concurrency, "dollars_per_million_in": dollars_in,
            "dollars_per_million_out": dollars_out,
            "shuffled": shuffled, **({"judges": judge} if judge else {}),
        }  # fmt: skip
    try:
        request = ExplainRequest(
            model=model, run_id=run_id, site=site, units=unit, sample=sample, seed=seed,
            most_rules=most_rules, most_listed=most_listed, evidence=evidence, **options,
        )  # fmt: skip
    except ValidationError as error:
        told = error.errors()[0]
        problem = told["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(f"{'.'.join(map(str, told['loc']))}: {problem}") from error
    ask(request, wait=wait)


def evidence(
    model: Model,
    run_id: RunId,
    site: Annotated[str | None, typer.Option(help="Only this site, e.g. mlp.12.")] = None,
    explanation: Annotated[
        list[int] | None, typer.Option(min=1, help="Only this one, by id; repeat it for more.")
    ] = None,
    units_per_site: Annotated[
        int, typer.Option(min=1, max=65536, help="The first so many, in random order.")
    ] = 17,
    windows: Annotated[
        int, typer.Option(min=1, max=4096, help="Of the test pool, for stand-ins.")
    ] = 12,
    control_windows: Annotated[
        int, typer.Option(min=1, max=4096, help="The first so many of these, for control.")
    ] = 8,
    control_units: Annotated[
        int, typer.Option(min=1, max=256, help="Random other units that are moved likewise.")
    ] = 20,
    positions: Annotated[
        int, typer.Option(min=1, max=8192, help="Per window, at which the output is looked at.")
    ] = 48,
    tokens: Annotated[
        int | None, typer.Option(min=16, help="Of each window, the first so many.")
    ] = None,
    k: Annotated[
        float, typer.Option(help="Standard deviations above its mean that a unit is held at.")
    ] = 6.0,
    lookup_cut: Annotated[
        bool,
        typer.Option("--lookup-cut", help="Also a token lookup of the program's length."),
    ] = False,
    whole_sites: Annotated[
        bool, typer.Option(help="Also all explained units of a site at once.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
    wait: Wait = False,
) -> None:
    """Hold explanations to what happens when the network is edited, on test text.

    Ablation to simulation and replacement put what an explanation predicts in the unit's place;
    control moves the unit, after saying which tokens will rise and fall. Units come in the random
    order in which they were explained; what an earlier job has measured is not measured again.

    Examples:

      patchclamp evidence --model gpt2 --run-id 3 --wait

      patchclamp evidence --model gpt2 --run-id 3 --site mlp.7 --units-per-site 100

      patchclamp evidence --model gpt2 --run-id 3 --explanation 4711 --wait
    """
    from app.store.requests import EvidenceRequest

    request = EvidenceRequest(
        model=model, run_id=run_id, site=site, explanations=explanation or None,
        units_per_site=units_per_site, windows=windows,
        control_windows=control_windows, control_units=control_units, positions=positions,
        tokens=tokens, k=k, lookup_cut=lookup_cut, whole_sites=whole_sites, seed=seed,
    )  # fmt: skip
    ask(request, wait=wait)
