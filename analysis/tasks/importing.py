"""Tasks from files: JSON lines or CSV, read for the tokenizer of one model. docs/tasks.md says what
the columns hold."""

import hashlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from pydantic import ValidationError

from analysis.errors import AnalysisError, TaskError
from analysis.protocol.circuits import MetricKind
from analysis.protocol.experiments import TokenText
from analysis.tasks.reading import Reader, read_pair
from analysis.tasks.rows import LONGEST_NAME, Heading, Row, fault, read_rows
from analysis.tasks.task import Imported, Metric, Pair, Task, lacks

FEWEST: Final = 2
SPACE_FOLLOWS: Final = frozenset(",;:.!?)]")
"""Signs that a word is written behind with a space."""


def import_task(
    raw: bytes,
    reader: Reader,
    *,
    file: str,
    metric: MetricKind | None = None,
    raised: Sequence[str] = (),
    lowered: Sequence[str] = (),
    name: str | None = None,
    fewest: int = FEWEST,
) -> Task:
    """The task of a file's bytes; `file` is its name, whose end says what it is.

    What is given as metric and name goes before what the file's heading says. Raises TaskError with
    the line of the first row that is no pair for this tokenizer: different lengths, an answer that
    is not one token, a row that was there before; and for a file that is empty, not UTF-8, or has
    fewer prompts than `fewest`.
    """
    heading, rows = read_rows(raw, file)
    if len(rows) < fewest:
        raise TaskError(
            f"{file} has {'one prompt' if len(rows) == 1 else f'{len(rows)} prompts'}: nothing "
            "could be held out, and no interval be told",
            hint=f"Give at least {fewest} pairs; for intervals that mean something, 30 or more.",
        )
    kind = heading.metric if metric is None else metric
    pairs = [_pair(reader, row, heading, kind, file) for row in rows]
    _refuse_repeats(rows, pairs, file)
    named = [
        tuple(_named(reader, text, rows, heading, file) for text in given or held)
        for given, held in ((raised, heading.raised), (lowered, heading.lowered))
    ]
    try:
        return Task(
            name=(name or heading.task or PurePath(file).stem)[:LONGEST_NAME],
            source=Imported(file=file[-LONGEST_NAME:], sha256=hashlib.sha256(raw).hexdigest()),
            metric=Metric(kind=kind, raised=named[0], lowered=named[1]),
            pairs=tuple(pairs),
            tokenizer_sha256=reader.tokenizer_sha256,
        )
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise TaskError(f"{file} makes no task: {said}", hint="Change the metric.") from error


def spellings(prompt: str, answer: str, *, exact: bool) -> tuple[str, ...]:
    """How an answer may be meant, likeliest first: files often lack the space before a word.

    A letter or digit behind a word, or behind a sign such as a comma, is meant with a space, but
    not a digit behind a digit; anything else as it is written.
    """
    if exact or not answer or answer[0].isspace():
        return (answer,)
    spaced = f" {answer}"
    last, first = prompt[-1:], answer[0]
    apart = first.isalnum() and (last.isalnum() or last in SPACE_FOLLOWS)
    if apart and not (last.isdigit() and first.isdigit()):
        return (spaced, answer)
    return (answer, spaced)


def _pair(reader: Reader, row: Row, heading: Heading, kind: MetricKind, file: str) -> Pair:
    try:
        right, wrong = (
            [_spelled(reader, row, text, exact=heading.exact) for text in texts]
            for texts in (row.answer, row.wrong)
        )
        pair = read_pair(
            reader,
            row.clean,
            row.counterfactual,
            right,
            wrong,
            name=row.name,
            template=row.template,
            words=row.words,
        )
    except AnalysisError as error:
        raise fault(file, row.line, error.detail, error.hint) from error
    lacking = lacks(kind, pair)
    if lacking is not None:
        raise fault(
            file,
            row.line,
            f"the row {lacking}",
            "Fill the columns answer and wrong, or take another metric.",
        )
    return pair


def _spelled(reader: Reader, row: Row, text: str, *, exact: bool) -> str:
    """The likeliest spelling that is one token behind the prompt; the likeliest, if none is."""
    meant = spellings(row.clean, text, exact=exact)
    fits = (way for way in meant if reader.following(row.clean, way) is not None)
    return next(fits, meant[0])


def _refuse_repeats(rows: Sequence[Row], pairs: Sequence[Pair], file: str) -> None:
    first: dict[tuple[tuple[int, ...], ...], int] = {}
    for row, pair in zip(rows, pairs, strict=True):
        line = first.setdefault((pair.clean.tokens, pair.counterfactual.tokens), row.line)
        if line != row.line:
            raise fault(
                file,
                row.line,
                f"these two prompts are those of line {line} again",
                "Leave one of them out: counted twice, it would narrow every interval.",
            )


def _named(
    reader: Reader, text: str, rows: Sequence[Row], heading: Heading, file: str
) -> TokenText:
    """A token of the metric, which must be the same one behind every prompt."""
    meant = spellings(rows[0].clean, text, exact=heading.exact)
    for way in meant:
        found = {
            reader.following(prompt, way)
            for row in rows
            for prompt in (row.clean, row.counterfactual)
        }
        token = found.pop()
        if token is not None and not found:
            return TokenText(id=token, text=way)
    raise TaskError(
        f"{file}: the metric's token {meant[0]!r} is not one and the same token behind all prompts",
        hint="Name single tokens of this model; of a longer word its first token.",
    )
