"""Edited runs are those of a plainly hooked network, at the places that are looked at alone."""

import numpy as np
import pytest
import torch

from analysis.causal import edits, windows
from analysis.causal.edits import Edit, run_edits
from analysis.causal.moves import moved
from analysis.causal.standing_in import held_at
from analysis.causal.units import others_of
from analysis.models import load_model
from analysis.score.control import Forecast, score_control
from tests.analysis.causal import planted
from tests.analysis.causal.planted import N_POS, N_WINDOWS, SITE, TOKEN
from tests.analysis.models.planted import WORDS
from tests.analysis.models.tiny import make_tiny


def by_hooks(model, text, unit, values):
    """Σ over places of divergence and loss per window, with the whole network run anew."""
    found = []
    layer = model._parts.mlp_out[0]
    for number, length in enumerate(text.lengths.tolist()):
        tokens = torch.from_numpy(text.tokens[number : number + 1, :length])
        clean = model.logits(model.run(tokens))[0].double().log_softmax(-1)

        def put(_, inputs, number=number, length=length):
            x = inputs[0].clone()
            where = torch.from_numpy(text.edited[number, :length])
            x[0, where, unit] = torch.from_numpy(values[number, :length])[where]
            return (x,)

        handle = layer.register_forward_pre_hook(put)
        edited = model.logits(model.run(tokens))[0].double().log_softmax(-1)
        handle.remove()
        places = torch.from_numpy(text.looked_at[number])
        middle = torch.logaddexp(clean, edited) - np.log(2)
        jsd = 0.5 * (clean.exp() * (clean - middle) + edited.exp() * (edited - middle)).sum(-1)
        loss = -edited[places, tokens[0, places + 1]].sum()
        found.append((jsd[places].sum().item(), loss.item()))
    return np.array(found)


@pytest.fixture
def model(tmp_path):
    folder = make_tiny("llama", tmp_path / "llama")
    return load_model(
        str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path / "cache"
    )


def test_sums_are_those_of_plain_hooks_whatever_is_batched_together(model, monkeypatch):
    rng = np.random.default_rng(0)
    lengths = np.array([12, 9, 12, 7, 12, 12, 5, 12])
    tokens = rng.integers(3, 9, (8, 12))
    text, chosen = windows.measured_text(
        tokens,
        windows.PoolText(lengths, np.arange(8), np.arange(8)),
        most_windows=8,
        most_places=4,
        seed=1,
    )
    assert chosen.tolist() == list(range(8))
    values = rng.normal(size=(2, 8, 12)).astype(np.float32)
    made = [Edit(np.array([unit]), values[at : at + 1]) for at, unit in enumerate((1, 3))]
    expected = [by_hooks(model, text, unit, values[at]) for at, unit in enumerate((1, 3))]
    for rows, most_bytes in ((16, 2**29), (3, 1)):
        monkeypatch.setattr(edits, "ROWS", rows)
        monkeypatch.setattr(windows, "MOST_BYTES", most_bytes)
        found = run_edits(model, text, "mlp.0", made, check=lambda: None)
        for outcome, (jsd, loss) in zip(found.edits, map(np.transpose, expected), strict=True):
            np.testing.assert_allclose(outcome.divergence, jsd, rtol=1e-3, atol=1e-9)
            np.testing.assert_allclose(outcome.loss, loss, rtol=1e-5)


def test_of_heads_the_length_of_what_they_write_is_replaced_and_no_length_is_below_0(model):
    rng = np.random.default_rng(0)
    tokens = rng.integers(3, 9, (4, 12))
    about = windows.PoolText(np.full(4, 12), np.arange(4), np.arange(4))
    text, _ = windows.measured_text(tokens, about, most_windows=4, most_places=4, seed=1)
    trace = model.trace(torch.from_numpy(text.tokens))
    z = trace.values["attn.1"]
    lengths = model.head_values("attn.1", z)[..., 1].numpy()
    factors = rng.uniform(0.5, 2, lengths.shape).astype(np.float32)
    heads = np.array([1])
    made = [
        Edit(heads, values[None])
        for values in (lengths, factors * lengths, -lengths, np.zeros_like(lengths))
    ]
    same, scaled, below, nothing = run_edits(model, text, "attn.1", made, check=lambda: None).edits
    np.testing.assert_allclose(same.divergence, 0, atol=1e-10)
    np.testing.assert_array_equal(below.divergence, nothing.divergence)

    width = model.facts.d_head
    where = torch.from_numpy(text.edited)
    by = torch.where(where, torch.from_numpy(factors), torch.ones(()))

    def scale(_, inputs):
        x = inputs[0].clone()
        x[..., width : 2 * width] *= by[..., None]
        return (x,)

    clean = model.logits(model.run(torch.from_numpy(text.tokens))).double().log_softmax(-1)
    handle = model._parts.attn_out[1].register_forward_pre_hook(scale)
    edited = model.logits(model.run(torch.from_numpy(text.tokens))).double().log_softmax(-1)
    handle.remove()
    for number, places in enumerate(text.looked_at):
        p, q = clean[number, places].exp(), edited[number, places].exp()
        middle = ((p + q) / 2).log()
        jsd = 0.5 * (p * (p.log() - middle) + q * (q.log() - middle)).sum()
        assert scaled.divergence[number] == pytest.approx(jsd.item(), rel=1e-3, abs=1e-9)


def test_a_whole_site_is_replaced_as_each_of_its_units_is(model):
    rng = np.random.default_rng(0)
    tokens = rng.integers(3, 9, (6, 12))
    about = windows.PoolText(np.full(6, 12), np.arange(6), np.arange(6))
    text, _ = windows.measured_text(tokens, about, most_windows=6, most_places=12, seed=0)
    n = model.facts.d_mlp
    own = Edit(np.arange(n), actual(model, tokens))
    other = Edit(np.arange(n), np.zeros((n, 6, 12), np.float32))
    found = run_edits(model, text, "mlp.1", [own, other], check=lambda: None)
    np.testing.assert_allclose(found.edits[0].loss, found.clean_loss, rtol=1e-5)
    assert (found.edits[1].divergence > 1e-6).all()


def actual(model, tokens):
    kept = []
    model.run(
        torch.from_numpy(tokens),
        record=lambda _, x: kept.append(x.permute(2, 0, 1).numpy().copy()),
        sites=["mlp.1"],
    )
    return kept[0]


def test_bfloat16_is_refused(tmp_path):
    folder = make_tiny("llama", tmp_path / "llama")
    model = load_model(
        str(folder), dtype=torch.bfloat16, device=torch.device("cpu"), cache=tmp_path / "cache"
    )
    text, _ = windows.measured_text(
        np.full((1, 8), 3),
        windows.PoolText(np.array([8]), np.array([0]), np.array([0])),
        most_windows=1,
        most_places=4,
        seed=0,
    )
    with pytest.raises(ValueError, match="float32"):
        run_edits(model, text, "mlp.0", [], check=lambda: None)


def test_a_moved_neuron_lifts_and_lowers_exactly_the_tokens_of_its_output_side(tmp_path):
    """A neuron that reaches the logits alone: what it writes is what happens."""
    row = np.random.default_rng(0).permutation(np.linspace(-0.2, 0.2, len(WORDS)))
    other = np.random.default_rng(1).permutation(np.linspace(-0.2, 0.2, len(WORDS)))
    model = planted.load(
        tmp_path / "model",
        write={(0, TOKEN): row.astype(np.float32), (0, 2): other.astype(np.float32)},
    )
    subject = planted.subject(model)
    order = np.argsort(-row)
    forecast = Forecast(tuple(order[:10].tolist()), tuple(order[:-11:-1].tolist()))
    made = [held_at(unit, 1.5, subject.text, 8) for unit in (TOKEN, 2)]
    found = run_edits(model, subject.text, SITE, made, check=lambda: None)
    assert np.isnan(found.edits[0].divergence[8:]).all()
    part = subject.text.first(8)
    places = np.array([len(places) for places in part.looked_at])
    own, beside = (moved(edit.changes, places, part.pool) for edit in found.edits)
    scored = score_control(own, [beside], forecast=forecast, pool=part.pool)
    assert (scored.precision.score.value, scored.sign.score.value) == (1.0, 1.0)
    assert scored.precision.foil < 0.8
    assert scored.sign.foil < 0.9


def test_places_are_counted_have_a_token_behind_them_and_are_drawn_by_the_seed():
    tokens = np.zeros((3, 30), np.int64)
    about = windows.PoolText(np.array([30, 12, 2]), np.array([7, 7, 8]), np.arange(3), 1)
    text, chosen = windows.measured_text(tokens, about, most_windows=3, most_places=8, seed=0)
    assert chosen.tolist() == [0, 2, 1]  # the second of a document comes last
    assert [len(places) for places in text.looked_at] == [8, 0, 8]
    for places, length in zip(text.looked_at, text.lengths, strict=True):
        assert ((places >= 1) & (places < length - 1)).all()
    again, _ = windows.measured_text(tokens, about, most_windows=3, most_places=8, seed=1)
    assert any(
        a.tolist() != b.tolist() for a, b in zip(text.looked_at, again.looked_at, strict=True)
    )


def test_the_first_windows_alone_have_the_resamples_of_their_documents(tmp_path):
    subject = planted.subject(planted.load(tmp_path / "model"))
    part = subject.text.first(7)
    assert (len(part), part.pool.n_documents, part.pool.draws.shape) == (7, 7, (1000, 7))
    assert subject.text.first(N_WINDOWS) is subject.text
    assert part.tokens.shape == (7, N_POS)


def test_no_unit_is_its_own_control_and_all_have_as_many():
    assert others_of(3, [3, 5, 7, 9]) == [5, 7, 9]
    assert others_of(4, [3, 5, 7, 9]) == [3, 5, 7]
