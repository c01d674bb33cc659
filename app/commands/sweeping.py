"""`sweep`: asks for a sweep, and waits for it where that is wanted."""

from typing import Annotated, Any

import typer

from app.commands.asking import Wait, ask

DTYPES = ("auto", "float32", "bfloat16", "float16")


def register(app: typer.Typer) -> None:
    app.command("sweep", rich_help_panel="Work")(sweep)


def sweep(
    model: Annotated[str, typer.Option(help="Name of a model that was added.")],
    corpus: Annotated[str, typer.Option(help="Name of a corpus that was added.")],
    window_length: Annotated[
        int | None,
        typer.Option(min=4, max=8192, help="Tokens per window, BOS included; default 128."),
    ] = None,
    max_windows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPLIT=N", help="At most N windows of a split, e.g. fit=2000; may be repeated."
        ),
    ] = None,
    sampling: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPLIT:NAME=N,…",
            help="What is kept per unit: top, bottom, per_interval, random, pool; "
            "e.g. fit:top=32,pool=96. SPLIT may be `default` and `ood`; may be repeated; "
            "what is not named is as usual in its split.",
        ),
    ] = None,
    bos: Annotated[
        str | None,
        typer.Option(
            metavar="auto|always|never|ID",
            help="What windows begin with: as the tokenizer does, BOS, nothing, a token; "
            "default auto.",
        ),
    ] = None,
    counted_from: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="First position that statistics count; default 1."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="`above` is the share of activations above this; default 1."),
    ] = None,
    histogram_every: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="One of so many positions is binned; default 8."),
    ] = None,
    windows_per_shard: Annotated[
        int | None, typer.Option(min=1, max=65536, help="Windows between checkpoints; default 256.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Windows per forward pass; default 16.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help=f"{', '.join(DTYPES)}; default auto.")] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Torch device of the worker: auto, cpu, cuda, mps; default auto."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of every random choice; default 0.")
    ] = None,
    follow_up: Annotated[
        str | None,
        typer.Option(metavar="true|false", help="Output sides and relatives too; default true."),
    ] = None,
    evidence: Annotated[
        int | None,
        typer.Option(
            min=0, max=65536, help="So many neurons per site held to account later; default 0."
        ),
    ] = None,
    wait: Wait = False,
) -> None:
    """Sweep a model over a corpus: statistics, exemplars and pools of every unit.

    The sweep is a job for a worker (`patchclamp worker` or `patchclamp up`); numbers appear while
    it runs. A later sweep never overwrites the numbers of an earlier one. How much it will write
    is said first; that is about 40 KB for each neuron and grows with what --sampling keeps.

    Examples:

      patchclamp sweep --model gpt2 --corpus starter --wait

      patchclamp sweep --model gpt2 --corpus wiki --max-windows fit=20000 --sampling fit:top=64
    """
    from app.store.requests import SweepRequest

    if dtype is not None and dtype not in DTYPES:
        raise typer.BadParameter(f"use one of {', '.join(DTYPES)}", param_hint="--dtype")
    given = {
        "window_length": window_length,
        "max_windows": _read_counts(max_windows) if max_windows else None,
        "sampling": _read_sampling(sampling) if sampling else None,
        "bos": None if bos is None else _read_bos(bos),
        "counted_from": counted_from,
        "threshold": threshold,
        "histogram_every": histogram_every,
        "windows_per_shard": windows_per_shard,
        "batch_size": batch_size,
        "dtype": dtype,
        "device": device,
        "seed": seed,
        "evidence": evidence,
        "follow_up": None if follow_up is None else _read_truth(follow_up),
    }
    request = SweepRequest.model_validate(
        {"model": model, "corpus": corpus}
        | {name: value for name, value in given.items() if value is not None}
    )
    ask(request, wait=wait)


def _read_counts(texts: list[str]) -> dict[str, int]:
    """`ood:code=50` is {"ood:code": 50}."""
    counts = {}
    for text in texts:
        split, _, number = text.rpartition("=")
        if not split or not number.isdecimal():
            raise typer.BadParameter(
                f"{text!r} is not SPLIT=N, such as fit=2000", param_hint="--max-windows"
            )
        counts[split] = int(number)
    return counts


def _read_sampling(texts: list[str]) -> dict[str, dict[str, int]]:
    """`ood:code:top=3,pool=9` is {"ood:code": {"top": 3, "pool": 9}}."""
    from app.store.requests import Sampling

    sampling: dict[str, dict[str, int]] = {}
    for text in texts:
        split, _, pairs = text.rpartition(":")
        values = dict(pair.split("=", 1) for pair in pairs.split(",") if "=" in pair)
        numbers = {name: int(value) for name, value in values.items() if value.isdecimal()}
        unknown = [name for name in values if name not in Sampling.model_fields]
        if not split or len(numbers) != len(pairs.split(",")) or unknown:
            raise typer.BadParameter(
                f"{text!r} is not SPLIT:NAME=N,… such as default:top=16,pool=96; names are "
                f"{', '.join(Sampling.model_fields)}",
                param_hint="--sampling",
            )
        sampling[split] = sampling.get(split, {}) | numbers
    return sampling


def _read_bos(text: str) -> str | int:
    if text.isdecimal():
        return int(text)
    if text not in ("auto", "always", "never"):
        raise typer.BadParameter("use auto, always, never or a token id", param_hint="--bos")
    return text


def _read_truth(text: str) -> bool:
    truth: dict[str, Any] = {"true": True, "yes": True, "1": True}
    lies: dict[str, Any] = {"false": False, "no": False, "0": False}
    if text.lower() not in truth | lies:
        raise typer.BadParameter("use true or false", param_hint="--follow-up")
    return text.lower() in truth
