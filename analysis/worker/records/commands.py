"""`patchclamp records explain` and `records score`: OpenAI's neuron records, without a model.

Neither asks the store: files come in, text or JSON goes out.
"""

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A .json or .jsonl file, gzipped (.gz) or not, or a folder of them."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Decides which record is in which split.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per neuron and line.")]
To = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Writes the simulations there as OpenAI published them, LAYER/NEURON.jsonl, and what "
        "their format has no place for beside them, in LAYER/NEURON.patchclamp.json.",
    ),
]


def register(app: typer.Typer) -> None:
    records = typer.Typer(
        no_args_is_help=True, help="Explain and score neuron records, without a model."
    )
    records.command("explain")(explain)
    records.command("score")(score)
    app.add_typer(records, name="records", rich_help_panel="Work")


def explain(
    source: Source,
    seed: Seed = 0,
    most_rules: Annotated[
        int, typer.Option(min=1, max=200, help="Rules of a program, per tail.")
    ] = 12,
    most_listed: Annotated[
        int, typer.Option(min=1, max=5000, help="Tokens that a program lists, in all.")
    ] = 120,
    json: Json = False,
    to: To = None,
) -> None:
    """Explain neurons from OpenAI's neuron records, and score what was found on records kept back.

    Of each neuron's records half are fitted to, a quarter chooses between programs, and a quarter
    is tested on. Without the model `near` cannot be tried, and no other neuron can be shuffled in.
    Neurons that cannot be read or explained are told and counted; the others go on.

    Examples:

      patchclamp records explain 17.json

      patchclamp records explain neurons/ --to simulations/ --json > found.jsonl
    """
    from analysis.worker.records.explaining import explain_files

    _leave(explain_files(
        source, seed=seed, most_rules=most_rules, most_listed=most_listed, as_json=json, to=to
    ))  # fmt: skip


def score(
    source: Source,
    program: Annotated[
        Path | None,
        typer.Option(metavar="PROGRAM", help="A program (docs/programs.md), run on the records."),
    ] = None,
    explanation: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The same, given as text.")
    ] = None,
    all_records: Annotated[
        bool,
        typer.Option(
            "--all", help="Score the program on all records; default: on the test split alone."
        ),
    ] = False,
    seed: Seed = 0,
    json: Json = False,
    to: To = None,
) -> None:
    """Score explanations of neurons: published simulations again, or a program on records.

    Without a program FILE holds simulations (NeuronSimulationResults). Their scores are computed
    again and shown beside those that the file claims. With a program FILE holds neuron records.

    Examples:

      patchclamp records score explanations/3/17.jsonl

      patchclamp records score 17.json --program 17.txt

      patchclamp records score 17.json --explanation 'when word in {"king"} -> 3'
    """
    from analysis.worker.records.scoring import check_files, read_program, score_files

    if program is None and explanation is None:
        if all_records or to is not None:
            raise typer.BadParameter("--all and --to are for programs: give --program too")
        _leave(check_files(source, seed=seed, as_json=json))
    if program is not None and explanation is not None:
        raise typer.BadParameter("give the program as --program or as --explanation, not both")
    given = explanation if program is None else read_program(program)
    _leave(score_files(
        source, str(given), everything=all_records, seed=seed, as_json=json, to=to
    ))  # fmt: skip


def _leave(n_failed: int) -> None:
    raise typer.Exit(1 if n_failed else 0)
