"""A store that search is tried on."""

import pytest
from sqlalchemy import Engine

from app.store.engine import open_session
from app.store.writing_explanations import ExplanationRow
from tests.store import rows
from tests.store.asking import TEXTS, write
from tests.store.claims import PROGRAM, rules


@pytest.fixture
def explained(engine: Engine) -> Engine:
    """Two models; six units of the first are explained by rules, of which unit 2 has a program, and
    one by a language model."""
    with open_session(engine, commit=True) as session:
        first, second = rows.model(), rows.model("other")
        session.add_all([first, second])
        session.flush()
        session.add_all([rows.site(first.id), rows.site(first.id, "mlp.1"), rows.site(second.id)])
        sweep = rows.run(first.id)
        session.add(sweep)
        session.flush()
        first.current_run_id = sweep.id
        session.add(rows.run(first.id, "explain"))
    write(
        engine,
        [
            rules(unit, text, r=r, program=PROGRAM if unit == 2 else None)
            for unit, (text, r) in enumerate(TEXTS)
        ],
    )
    asked = [ExplanationRow(6, "a model", "current", "Animals.", None, 9.0, None, None, {})]
    write(engine, asked, method="language_model", site_id=2)
    return engine
