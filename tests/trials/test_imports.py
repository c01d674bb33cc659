"""What becomes of imported programs, one by one, when they are scored."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, update

from analysis.programs import regex
from app.errors import NotFoundError
from app.exchange.importing import import_path
from app.rendering.times_tested import times_tested
from app.store.engine import open_session
from app.store.queries.explanation import get_explanation
from app.store.tables import ExplanationTable, ScoreTable, TokenSpaceTable
from app.store.views.explanation import ExplanationView
from app.trials.imports import Tried, score_imports
from tests.store.sweeps import sweep_again

NEAR = 'when token near {" the"} first 3 -> 1'


@pytest.fixture
def swept(small: Engine) -> Engine:
    """A model whose token space nobody has measured."""
    with open_session(small, commit=True) as session:
        session.execute(delete(TokenSpaceTable))
    return small


def bring_in(engine: Engine, folder: Path, *programs: tuple[str, int, str]) -> None:
    """(site, index, program) as a file says them."""
    rows = [
        f'synthetic,{site},{index},me,{site} {index},"{program.replace(chr(34), chr(34) * 2)}"'
        for site, index, program in programs
    ]
    file = folder / "mine.csv"
    file.write_text("\n".join(["model,site,index,author,text,program", *rows]) + "\n")
    import_path(engine, file, model="synthetic", form="auto")


def score(engine: Engine, folder: Path) -> Tried:
    return score_imports(engine, model="synthetic", data=folder, tell=lambda _: None)


def reasons(engine: Engine) -> dict[str, str | None]:
    """Of the programs that failed."""
    query = select(ExplanationTable.text, ScoreTable.reason).join(
        ExplanationTable, ExplanationTable.id == ScoreTable.explanation_id
    )
    with open_session(engine) as session:
        imports = query.where(ExplanationTable.method == "import", ScoreTable.status == "failed")
        return {row.text: row.reason for row in session.execute(imports)}


def imported(engine: Engine) -> list[ExplanationView]:
    query = select(ExplanationTable.id).where(ExplanationTable.method == "import")
    with open_session(engine) as session:
        ids = session.scalars(query.order_by(ExplanationTable.id)).all()
        return [get_explanation(session, explanation_id=number) for number in ids]


def test_an_imported_program_that_is_scored_here_is_a_look_at_test(
    swept: Engine, tmp_path: Path
) -> None:
    rows = [("mlp.0", 6, f"when always -> {level}") for level in (1, 2, 3)]
    bring_in(swept, tmp_path, *rows)
    assert {(one.n_versions_on_test, one.n_others_on_test) for one in imported(swept)} == {(0, 0)}
    assert {times_tested(one) for one in imported(swept)} == {""}
    assert score(swept, tmp_path).n_scored == 3
    assert {(one.n_versions_on_test, one.n_others_on_test) for one in imported(swept)} == {(1, 2)}
    told = times_tested(imported(swept)[0])
    assert told.startswith(
        "1 version of this explanation was scored on test, beside 2 programs that were written or"
        " imported for this unit as other explanations. Whoever saw one"
    )


def test_imported_and_written_programs_of_a_unit_count_each_other(
    swept: Engine, tmp_path: Path
) -> None:
    bring_in(swept, tmp_path, ("mlp.0", 6, "when always -> 1"))
    score(swept, tmp_path)
    (one,) = imported(swept)
    assert times_tested(one) == "1 version of this explanation was scored on test."
    with open_session(swept, commit=True) as session:
        program = (ExplanationTable.unit_index == 6, ExplanationTable.method == "rules")
        session.execute(update(ExplanationTable).where(*program).values(method="hand"))
    (one,) = imported(swept)
    assert one.n_others_on_test == 1
    assert "beside 1 program that was written or imported" in times_tested(one)


def test_a_program_that_cannot_be_run_is_failed_once_and_those_behind_it_are_scored(
    swept: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "MOST_STATES", 2)
    bring_in(
        swept,
        tmp_path,
        ("mlp.0", 4, NEAR),
        ("mlp.0", 5, "when token matches /.*a.*e.*i.*o/ -> 1"),
        ("mlp.0", 6, 'when token in {" the"} -> 1'),
    )
    assert score(swept, tmp_path) == Tried(n_scored=1, n_failed=2, n_left=0)
    found = reasons(swept)
    assert found.keys() == {"mlp.0 4", "mlp.0 5"}
    assert "tokens lie to each other" in (found["mlp.0 4"] or "")
    assert "more than 2 states" in (found["mlp.0 5"] or "")
    assert score(swept, tmp_path) == Tried(n_scored=0, n_failed=0, n_left=0)


def test_a_program_of_a_site_without_pools_is_left_and_those_behind_it_are_scored(
    swept: Engine, tmp_path: Path
) -> None:
    for pool in tmp_path.rglob("pool-attn.0-*"):
        pool.unlink()
    bring_in(swept, tmp_path, ("attn.0", 1, "when always -> 1"), ("mlp.0", 6, "when always -> 1"))
    assert score(swept, tmp_path) == Tried(n_scored=1, n_failed=0, n_left=1)
    assert reasons(swept) == {}
    with pytest.raises(NotFoundError):
        score(swept, tmp_path)


def test_a_program_is_not_failed_for_what_the_shuffled_one_says(
    swept: Engine, tmp_path: Path
) -> None:
    with open_session(swept, commit=True) as session:
        rules = (ExplanationTable.method == "rules", ExplanationTable.program.is_not(None))
        session.execute(update(ExplanationTable).where(*rules).values(program=NEAR))
    bring_in(swept, tmp_path, ("mlp.0", 6, 'when token in {" the"} -> 1'))
    assert score(swept, tmp_path) == Tried(n_scored=1, n_failed=0, n_left=0)


def test_scores_are_stored_under_the_sweep_that_they_are_of(swept: Engine, tmp_path: Path) -> None:
    bring_in(swept, tmp_path, ("mlp.0", 6, "when always -> 1"))
    first, second = sweep_again(swept)
    query = select(ExplanationTable.sweep_id, ExplanationTable.details).where(
        ExplanationTable.method == "import"
    )
    with open_session(swept) as session:
        sweep_id, before = session.execute(query).one()
    assert sweep_id == first
    assert score(swept, tmp_path).n_scored == 1
    with open_session(swept) as session:
        sweep_id, details = session.execute(query).one()
    assert sweep_id == second
    assert details == before | {"chosen_on_fit_windows": 2}
