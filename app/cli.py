"""`patchclamp`: gathers the commands, runs one, and turns errors into one message.

Commands come from the entry-point group `patchclamp.commands`, each a `register(app)`. Errors that
the user can mend carry `detail` and `hint`, whichever package they are from; they become a sentence
on standard error and exit code 1. Wrong usage and unusable settings are exit code 2.
"""

import inspect
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Annotated

import typer

from app.commands import (
    accounts,
    audit,
    benching,
    circuit_files,
    circuits,
    databases,
    explanations,
    following,
    jobs,
    judgements,
    listing,
    pools,
    serving,
    sweeping,
    tasks,
)
from app.commands.version import version_text
from app.importing import undisturbed
from app.printable import escaped_lines
from app.sealed import close_process, is_asked_for

USAGE = 2
HELP = """Record from the neurons of a network, explain them, prove or refute it, intervene.

Begin with `patchclamp demo`: a real language model's neurons in the browser, within minutes.
Settings come from the environment (PATCHCLAMP_DATA, PATCHCLAMP_PORT, …; see docs/settings.md).
"""


def main() -> None:
    """The entry point of the command."""
    try:
        with undisturbed():
            if is_asked_for():
                from app.settings import get_settings

                close_process(get_settings())
            command = build()
        command(prog_name="patchclamp")
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        text, code = message
        sys.stderr.write(f"patchclamp: {text}\n")
        sys.exit(code)


def build() -> typer.Typer:
    """The application with every command that is installed."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_prepare)
    register(app)
    for entry in sorted(entry_points(group="patchclamp.commands"), key=lambda entry: entry.name):
        if entry.value != "app.cli:register":
            entry.load()(app)
    _describe(app)
    return app


def register(app: typer.Typer) -> None:
    """The commands of the web side."""
    for module in (
        serving, sweeping, following, circuits, circuit_files, listing, tasks, jobs,
        explanations, judgements, pools, audit, databases, accounts, benching,
    ):  # fmt: skip
        module.register(app)


def explain(error: Exception) -> tuple[str, int] | None:
    """What to say about an error, and the exit code; None for a fault of ours."""
    detail, hint = getattr(error, "detail", None), getattr(error, "hint", None)
    if isinstance(detail, str):
        return escaped_lines(f"{detail}\n{hint}" if hint else detail), 1
    if type(error).__module__.startswith("pydantic"):
        return escaped_lines(_explain_values(error)), USAGE
    return None


def _describe(app: typer.Typer) -> None:
    """Every command's help is its docstring; the terminal wraps its paragraphs."""
    for command in app.registered_commands:
        command.help = _unwrapped(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            callback = group.typer_instance.registered_callback
            if callback is not None:
                callback.help = _unwrapped(callback.callback)
            _describe(group.typer_instance)


def _unwrapped(callback: Callable[..., object] | None) -> str:
    paragraphs = (inspect.getdoc(callback) or "").split("\n\n")
    return "\n\n".join(
        text if text.startswith(" ") else text.replace("\n", " ") for text in paragraphs
    )


def _explain_values(error: Exception) -> str:
    """Names the variable or option that has a value which cannot be."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):  # a setting that is no JSON
        return f"{error}\nMend the environment variable and try again."
    lines = []
    for wrong in error.errors(include_url=False):
        name = str(wrong["loc"][0]) if wrong["loc"] else "value"
        if error.title == "Settings":
            shown = "PATCHCLAMP_" + name.upper()
        else:
            shown = "--" + name.replace("_", "-")
        lines.append(f"{shown} cannot be {wrong['input']!r}: {wrong['msg']}.")
    return "\n".join(lines)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_text())
        raise typer.Exit


def _prepare(
    version: Annotated[  # noqa: ARG001 (its callback does the work)
        bool,
        typer.Option(
            "--version", help="Show the version and leave.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    if not {"--help", "-h"} & set(sys.argv):
        with undisturbed():
            from app.logs import set_up_logging
            from app.settings import get_settings

        set_up_logging(get_settings())


if __name__ == "__main__":
    main()
