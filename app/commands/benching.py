"""`bench`: runs one of the installed benchmarks and prints what it measured.

Benchmarks come from the entry-point group `patchclamp.benches`: a function of `quick` that yields
measurements, objects with name, value, unit and what.
"""

import json
import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("bench", rich_help_panel="Look and steer")(bench)


def bench(
    name: Annotated[str, typer.Argument(help="Which one; a name that is unknown lists them.")],
    quick: Annotated[bool, typer.Option("--quick", help="Stay under a minute.")] = False,
    planted: Annotated[
        bool, typer.Option("--planted", help="On a model whose neurons are known (explanations).")
    ] = False,
) -> None:
    """Measure Patchclamp on this machine: one JSON object per line (name, value, unit, what).

    Examples:

      patchclamp bench pages

      patchclamp bench sweep --quick

      patchclamp bench explanations --planted
    """
    name = f"{name}-planted" if planted else name
    benches = {entry.name: entry for entry in entry_points(group="patchclamp.benches")}
    if name not in benches:
        known = ", ".join(sorted(benches)) or "none is installed"
        raise typer.BadParameter(f"there is no benchmark {name!r}; there are: {known}")
    for measured in benches[name].load()(quick=quick):
        line = {key: getattr(measured, key) for key in ("name", "value", "unit", "what")}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
