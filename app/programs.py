"""A person's program: read, said in words, measured, and tried on the pools of its unit.

The one place where the web side runs what `analysis` knows of programs and scores, in this process
and without torch, so that whoever writes a program sees its score at once, whatever the workers do.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.programs.english import in_english
from analysis.programs.errors import ProgramError
from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.running import run_program
from analysis.programs.writing import write_program
from analysis.score.baselines import Baselines
from analysis.score.lookup import fit_lookup, predict_lookup
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.records import Scores
from analysis.score.scoring import fit_decisions, score_explanation
from analysis.score.units import Decisions, Prediction, TopWindows, firing_thresholds
from app.errors import BadRequestError, NotFoundError
from app.store.locating import check_index, locate_site
from app.store.packing import pack
from app.store.queries.explanation import Claim
from app.store.queries.model import vocabulary_of
from app.store.queries.trial import Text, Trial, TriedSplit, read_trial
from app.store.writing_explanations import ScoreRow
from app.vocabularies import prepared_vocabulary

JUDGE: Final = "program"
LONGEST_PROGRAM: Final = 200_000
"""Characters that a person may send."""
CALIBRATION: Final = "calibration"


class UnreadableProgramError(BadRequestError):
    """A program that cannot be read or run: what was expected, and where."""

    title = "The program cannot be read"

    def __init__(self, error: ProgramError) -> None:
        shown = "" if error.excerpt is None else f"\n{error.excerpt}"
        super().__init__(f"The program cannot be read: {error.detail}.{shown}", hint=error.hint)
        self.problem = error.problem
        """Without the place."""
        self.line = error.place.line if error.place else None
        self.column = error.place.column if error.place else None
        self.excerpt = error.excerpt


@dataclass(frozen=True)
class ReadProgram:
    """A program that can be run, with what is said of it."""

    program: Program
    source: str
    """As the language writes it."""
    words: str
    bits: float
    n_rules: int
    n_listed: int


def read_program(source: str, *, n_vocab: int) -> ReadProgram:
    """Raises BadRequestError with line, column and what was expected there."""
    if len(source) > LONGEST_PROGRAM:
        raise BadRequestError(
            f"The program has {len(source):,} characters.",
            hint=f"Write it in at most {LONGEST_PROGRAM:,}.",
        )
    try:
        program = parse_program(source)
        return ReadProgram(
            program=program,
            source=write_program(program),
            words=in_english(program),
            bits=bits_of(program, n_vocab),
            n_rules=n_rules(program),
            n_listed=n_listed(program),
        )
    except ProgramError as error:
        raise UnreadableProgramError(error) from error


def make_claim(
    session: Session,
    unit: tuple[str, str, int],
    *,
    text: str,
    program: str | None,
    data: Path,
) -> Claim:
    """What a person says of a unit (model, site, index). A program is scored on what it never saw;
    without words, it says what it does itself. Where no pools are kept, it has no scores."""
    model, site, index = unit
    place = locate_site(session, model=model, site=site)
    check_index(place, index)
    if program is None or not program.strip():
        return Claim(text=text, bits=bits_of_text(text) if text.strip() else None)
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    read = read_program(program, n_vocab=len(vocabulary))
    try:
        trial = read_trial(session, model=model, site=site, index=index, data=data)
    except NotFoundError:
        scores: list[ScoreRow] = []
    else:
        scores = try_program(read.program, trial)
    return Claim(
        text=text.strip() or read.words,
        program=read.source,
        bits=read.bits,
        n_rules=read.n_rules,
        n_listed=read.n_listed,
        scores=scores,
    )


def try_program(program: Program, trial: Trial) -> list[ScoreRow]:
    """Scores on test and every held-out domain; only calibration chooses anything."""
    vocabulary = prepared_vocabulary(trial.vocabulary, trial.space)
    other = _first_that_runs(trial.others)
    fit = trial.splits["fit"]
    fit_pool = _prepare(fit.text, trial)
    actual = fit.actual[None].astype(np.float32)
    lookup = fit_lookup(actual, fit.text.tokens, fit_pool)
    firing = float(firing_thresholds(actual, fit_pool)[0])
    level = None if np.isnan(firing) else firing
    mean = None if np.isnan(lookup.base[0]) else float(lookup.base[0])

    def run(one: Program, text: Text) -> NDArray[np.float32]:
        try:
            return np.asarray(run_program(one, text.tokens, text.lengths, vocabulary))
        except ProgramError as error:  # `near`, where nobody has measured the token space
            raise UnreadableProgramError(error) from error

    def table(text: Text) -> NDArray[np.float32]:
        return np.asarray(predict_lookup(lookup, text.tokens)[0])

    predictors = {"program": lambda text: run(program, text), "lookup": table}
    if other is not None:
        predictors["shuffled"] = lambda text: run(other, text)
    decisions = {name: Decisions() for name in predictors}
    calibration = trial.splits.get(CALIBRATION)
    if calibration is not None:
        pool = _prepare(calibration.text, trial)
        decisions = {
            name: fit_decisions(
                calibration.actual.astype(np.float32),
                predict(calibration.text),
                pool=pool,
                firing=level,
            )
            for name, predict in predictors.items()
        }
    rows = []
    for split, tried in trial.splits.items():
        if split in ("fit", CALIBRATION):
            continue
        predictions = {
            name: Prediction(
                predict(tried.text),
                decisions[name],
                None if tried.top is None else predict(tried.top),
            )
            for name, predict in predictors.items()
        }
        ours = predictions.pop("program")
        scores = score_explanation(
            tried.actual.astype(np.float32),
            ours,
            baselines=Baselines(mean=mean, **predictions),
            pool=_prepare(tried.text, trial),
            firing=level,
            top=_top(tried),
        )
        rows.append(_row(split, scores))
    return rows


def _prepare(text: Text, trial: Trial) -> Pool:
    about = PoolText(text.lengths, text.documents, text.numbers, trial.counted_from)
    return prepare_pool(about, n_pos=text.tokens.shape[1])


def _top(tried: TriedSplit) -> TopWindows | None:
    if tried.top is None or tried.top_actual is None:
        return None
    actual = tried.top_actual.astype(np.float32)
    return TopWindows(actual, tried.top.lengths, tried.top.documents)


def _first_that_runs(sources: list[str]) -> Program | None:
    for source in sources:
        try:
            return parse_program(source)
        except ProgramError:
            continue  # written by an older version of the language
    return None


def _row(split: str, scores: Scores) -> ScoreRow:
    return ScoreRow(
        split=split,
        judge=JUDGE,
        status=scores.status,
        reason=scores.reason,
        n_windows=scores.n_windows,
        n_documents=scores.n_documents,
        n_positions=scores.n_positions,
        n_failed=0,
        r=scores.r,
        p=scores.p,
        values=pack(scores.values(), np.float32),
    )
