from typing import Any

import pytest

from app.errors import BadRequestError, NotFoundError, UnavailableError
from app.store.engine import open_session
from app.store.locating import locate_site
from app.store.queries.corpus import get_document
from app.store.queries.exemplar import get_exemplars, read_windows
from app.store.views.unit import ExemplarsView
from tests.conftest import Filled


def exemplars(filled: Filled, **options: Any) -> ExemplarsView:
    options = {"model": "synthetic", "site": "mlp.1", "index": 5, "kind": "top", **options}
    with open_session(filled.engine) as session:
        return get_exemplars(session, **options)


def test_top_windows_come_highest_first_with_their_exact_values(filled: Filled):
    found = exemplars(filled)
    peaks = [item.peak for item in found.items]
    assert peaks == sorted(peaks, reverse=True)
    for item in found.items:
        assert item.activations[item.peak_position] == item.peak
        counted = [a for a in item.activations[1:] if a is not None]
        assert max(counted) == item.peak


def test_bottom_windows_come_lowest_first(filled: Filled):
    peaks = [item.peak for item in exemplars(filled, kind="bottom").items]
    assert peaks == sorted(peaks)


def test_tokens_are_text_beside_their_ids(filled: Filled):
    item = exemplars(filled).items[0]
    assert item.tokens[0] == "<|endoftext|>"
    assert len(item.tokens) == len(item.token_ids)
    assert len(item.activations) == 32


def test_the_peak_of_a_random_window_has_the_sign_of_its_largest_value(filled: Filled):
    both = [
        item for unit in range(4, 16) for item in exemplars(filled, index=unit, kind="random").items
    ]
    for item in both:
        counted = [a for a in item.activations[1:] if a is not None]
        lowest, highest = min(counted), max(counted)
        expected = lowest if -lowest > highest else highest
        assert item.peak == pytest.approx(expected, abs=1e-6)
        assert item.activations[item.peak_position] == pytest.approx(item.peak, abs=1e-6)
    assert {item.peak > 0 for item in both} == {True, False}


def test_positions_past_the_end_have_no_activation(filled: Filled):
    items = [
        item
        for split in ("fit", "test", "ood:code")
        for kind in ("top", "random", "interval")
        for item in exemplars(filled, kind=kind, split=split).items
    ]
    short = [item for item in items if len(item.tokens) < 32]
    assert short
    for item in short:
        assert item.activations[len(item.tokens) :] == [None] * (32 - len(item.tokens))


def test_activations_that_are_not_finite_are_none(filled: Filled):
    items = exemplars(filled, index=2, kind="random", split="fit").items
    items += exemplars(filled, index=2, kind="interval", split="fit").items
    inside = [a for item in items for a in item.activations[: len(item.tokens)]]
    assert None in inside


def test_intervals_rise_and_say_their_share(filled: Filled):
    items = exemplars(filled, kind="interval").items
    for item in items:
        assert item.interval is not None
        assert 0 < item.interval.share <= 1
        assert item.interval.low is None or item.interval.low <= item.peak + 1e-6
        assert item.interval.high is None or item.peak <= item.interval.high + 1e-6
    assert items[0].interval.low is None
    assert items[-1].interval.high is None


def test_windows_lead_to_their_document(filled: Filled):
    item = exemplars(filled, split="ood:code").items[0]
    assert (item.split, item.domain) == ("ood:code", "code")
    with open_session(filled.engine) as session:
        document = get_document(session, corpus="starter", number=item.document)
    assert (document.title, document.origin) == (item.document_title, item.origin)


def test_a_head_has_its_attention_at_every_position(filled: Filled):
    item = exemplars(filled, site="attn.0", index=1).items[0]
    assert item.attention is not None
    assert len(item.attention.sources) == len(item.attention.weights) == 32
    for position, (sources, weights) in enumerate(
        zip(item.attention.sources, item.attention.weights, strict=True)
    ):
        assert all(source <= position for source in sources)
        assert weights == sorted(weights, reverse=True)
        assert sum(weights) <= 1.01


def test_a_neuron_has_no_attention(filled: Filled):
    assert exemplars(filled).items[0].attention is None


def test_a_limit_takes_the_first(filled: Filled):
    assert exemplars(filled, limit=2).items == exemplars(filled).items[:2]


def test_a_unit_without_exemplars_has_an_empty_list(filled: Filled):
    assert exemplars(filled, index=3).items == []
    assert exemplars(filled, split="calibration").items == []


@pytest.mark.parametrize("options", [{"kind": "best"}, {"limit": 0}, {"limit": 10**6}])
def test_what_cannot_be_meant_is_refused(filled: Filled, options: dict[str, Any]):
    with pytest.raises(BadRequestError):
        exemplars(filled, **options)


@pytest.mark.parametrize("options", [{"index": 99}, {"split": "ood:law"}, {"model": "none"}])
def test_what_is_missing_is_not_found(filled: Filled, options: dict[str, Any]):
    with pytest.raises(NotFoundError):
        exemplars(filled, **options)


def test_a_window_that_is_not_stored_is_named(filled: Filled):
    with open_session(filled.engine) as session:
        place = locate_site(session, model="synthetic", site="mlp.0")
        with pytest.raises(UnavailableError, match="Window 4711"):
            read_windows(session, place, [0, 4711])
