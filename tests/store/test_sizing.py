"""What a sweep keeps by default, and how much that is, told before it begins."""

import pytest
from sqlalchemy import Engine

from app.store.engine import open_session
from app.store.requests import Sampling, SweepRequest
from app.store.sampling import USUAL, Amounts, amounts_of
from app.store.sizing import SweepSize, size_of
from app.store.tables import DocumentTable
from tests.store import rows

USUAL_FOR_ALL = SweepRequest(model="toy", corpus="starter")


def asking(**sampling: Sampling) -> SweepRequest:
    return SweepRequest(model="toy", corpus="starter", sampling=sampling)


@pytest.fixture
def sized(engine: Engine) -> Engine:
    """A model of 1,000 neurons, and a corpus of four splits with windows enough."""
    with open_session(engine, commit=True) as session:
        session.add_all([model := rows.model(), corpus := rows.corpus()])
        session.flush()
        session.add(rows.site(model.id, n_units=1000))
        session.add_all(
            DocumentTable(
                corpus_id=corpus.id, number=number, title="a", domain="text", origin="a.txt",
                split=split, sha256="0", n_characters=1_000_000,
            )
            for number, split in enumerate(("fit", "calibration", "test", "ood:code"))
        )  # fmt: skip
    return engine


def size(engine: Engine, request: SweepRequest) -> SweepSize:
    with open_session(engine) as session:
        return size_of(session, request)


def test_what_is_not_asked_for_is_as_usual_in_its_split() -> None:
    request = asking(default=Sampling(pool=4), ood=Sampling(random=9), fit=Sampling(top=64))
    assert amounts_of(request, "fit") == USUAL["fit"]._replace(top=64, pool=4)
    assert amounts_of(request, "calibration") == Amounts(0, 0, 0, 0, 4)
    assert amounts_of(request, "ood:code") == USUAL["ood"]._replace(random=9, pool=4)
    assert amounts_of(USUAL_FOR_ALL, "test") == USUAL["test"]


def test_what_is_asked_for_is_stored_and_no_more() -> None:
    request = asking(fit=Sampling(top=64))
    assert request.model_dump(mode="json")["sampling"] == {"fit": {"top": 64}}
    assert SweepRequest.model_validate(request.model_dump(mode="json")) == request


def test_by_default_a_neuron_stays_under_16_kb_and_its_pools_under_22(sized: Engine) -> None:
    told = size(sized, USUAL_FOR_ALL)
    assert told.n_units == 1000
    assert 12_000 < told.rows / told.n_units < 16_000
    assert told.pools == 1000 * (40 + 12 + 20 + 12) * 128 * 2


def test_fewer_windows_and_a_smaller_sampling_are_told_to_take_less(sized: Engine) -> None:
    usual = size(sized, USUAL_FOR_ALL)
    few = size(sized, USUAL_FOR_ALL.model_copy(update={"max_windows": {"default": 5, "ood": 0}}))
    assert few.pools == 1000 * (5 + 5 + 5) * 128 * 2
    assert few.rows < usual.rows
    small = size(sized, asking(default=Sampling(pool=4), fit=Sampling(top=4, bottom=2)))
    assert small.pools == 1000 * 4 * 4 * 128 * 2
    assert small.rows < usual.rows
