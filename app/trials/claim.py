"""What a person says of a unit, made ready to be stored: read, scored and embedded."""

from pathlib import Path

from sqlalchemy.orm import Session

from analysis.programs.check import Check
from analysis.programs.length import bits_of_text
from app.embedding import embed_claim
from app.errors import NotFoundError
from app.store.claiming import WORDS_OF_PROGRAM, Claim
from app.store.locating import check_index, locate_site
from app.store.queries.model import vocabulary_of
from app.store.queries.trial import read_trial
from app.store.writing_explanations import ScoreRow
from app.trials.reading import read_program, runnable
from app.trials.scoring import score_held_out


def make_claim(
    session: Session,
    unit: tuple[str, str, int],
    *,
    text: str,
    program: str | None,
    data: Path,
    check: Check,
    run_id: int | None = None,
) -> Claim:
    """What a person says of a unit (model, site, index). A program is scored on what it never saw
    of the sweep `run_id` (None: the model's current one), for the first time here; without words,
    it says what it does itself, and `details` say so. Where no pools are kept, it has no scores."""
    model, site, index = unit
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    if program is None or not program.strip():
        bits = bits_of_text(text) if text.strip() else None
        return Claim(text=text, bits=bits, vector=embed_claim(text))
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    read = read_program(program, n_vocab=len(vocabulary), check=check)
    try:
        trial = read_trial(session, model=model, site=site, index=index, data=data, run_id=run_id)
    except NotFoundError:
        scores: list[ScoreRow] = []
        sweep_id, details = None, {}
    else:
        with runnable():
            scores = score_held_out(read.program, trial, check)
        sweep_id, details = trial.place.run_id, trial.details
    written = not text.strip()
    words = read.words if written else text.strip()
    return Claim(
        text=words,
        vector=embed_claim(words),
        program=read.source,
        bits=read.bits,
        n_rules=read.n_rules,
        n_listed=read.n_listed,
        scores=scores,
        sweep_id=sweep_id,
        details={**details, WORDS_OF_PROGRAM: True} if written else details,
    )
