"""No test document influences anything that is fitted."""

import numpy as np
import pytest
from numpy import ndarray

from analysis.explain.texts import PoolWindows, prepare_texts
from analysis.explain.units import explain_units
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import write_program
from tests.analysis.explain.rules.invented import WORDS, vocabulary

LENGTH = 32
N_WINDOWS = {"fit": 48, "calibration": 24, "test": 24}


def windows(split: str, seed: int) -> PoolWindows:
    rng = np.random.default_rng((seed, len(split)))
    n = N_WINDOWS[split]
    return PoolWindows(
        tokens=rng.integers(0, len(WORDS), (n, LENGTH)),
        lengths=np.full(n, LENGTH),
        documents=rng.integers(0, 8, n),
        numbers=np.arange(n),
    )


def activations(of: PoolWindows) -> ndarray:
    """One unit likes a token, one the token before, one is noise."""
    rng = np.random.default_rng(int(of.tokens.sum()))
    likes = np.random.default_rng(0).normal(size=len(WORDS))
    units = rng.normal(size=(3, *of.tokens.shape))
    units[0] += 3 * (of.tokens == 5)
    units[1, :, 1:] += likes[of.tokens[:, :-1]]
    return units.astype(np.float32)


def explained(test: PoolWindows, voc: Vocabulary) -> list[tuple[str, str]]:
    pools = {"fit": windows("fit", 0), "calibration": windows("calibration", 0), "test": test}
    texts = prepare_texts(pools, voc, counted_from=1, seed=0)
    found = explain_units(texts, {split: activations(one) for split, one in pools.items()}, {})
    return [
        (write_program(one.rules) if one.rules else str(one.reason), write_program(one.lookup))
        for one in found
    ]


@pytest.mark.parametrize("with_space", [False, True])
def test_programs_are_the_same_whatever_the_test_text_is(with_space: bool) -> None:
    voc = vocabulary(with_space=with_space)
    test = windows("test", 0)
    order = np.random.default_rng(1).permutation(len(test.lengths))
    permuted = PoolWindows(
        test.tokens[order], test.lengths[order], test.documents[order], test.numbers[order]
    )
    found = explained(test, voc)
    assert found[0][0].startswith("sum")
    assert explained(permuted, voc) == found
    assert explained(windows("test", 1), voc) == found
    assert explained(windows("test", 2), vocabulary(with_space=with_space)) == found


def test_the_tail_that_is_judged_is_chosen_on_fit_alone() -> None:
    voc = vocabulary()
    pools = {split: windows(split, 0) for split in N_WINDOWS}
    pools["ood:other"] = windows("test", 1)
    texts = prepare_texts(pools, voc, counted_from=1, seed=0)
    unit = {split: activations(one)[:1] for split, one in pools.items()}
    for sign, tail in ((1, "upper"), (-1, "lower")):
        turned = {split: sign * one if split == "fit" else one for split, one in unit.items()}
        [found] = explain_units(texts, turned, {})
        for split in ("test", "ood:other"):
            for scores in (found.rule_scores.get(split), found.lookup_scores[split]):
                cases = None if scores is None else scores.of("auroc").cases
                assert cases is None or cases.tail == tail
        assert found.lookup_scores["test"].of("auroc").cases is not None


def test_a_planted_lower_tail_is_explained_and_judged() -> None:
    pools = {split: windows(split, 0) for split in N_WINDOWS}
    texts = prepare_texts(pools, vocabulary(), counted_from=1, seed=0)
    rng = np.random.default_rng(2)
    unit = {
        split: (rng.uniform(-0.1, 0.1, (1, *one.tokens.shape)) - 3 * (one.tokens == 5)).astype(
            np.float32
        )
        for split, one in pools.items()
    }
    [found] = explain_units(texts, unit, {})
    detection, auroc = (found.rule_scores["test"].of(name) for name in ("detection", "auroc"))
    assert detection.cases is not None
    assert detection.cases.tail == "lower"
    assert auroc.score.value is not None
    assert auroc.score.value > 0.95


def test_the_r2_of_the_shuffled_one_does_not_depend_on_the_other_unit_s_scale() -> None:
    pools = {split: windows(split, 0) for split in N_WINDOWS}
    texts = prepare_texts(pools, vocabulary(), counted_from=1, seed=0)
    unit = {split: activations(one)[:2] for split, one in pools.items()}
    larger = {split: one * np.float32([[[1]], [[256]]]) for split, one in unit.items()}
    plain, scaled = (explain_units(texts, one, {})[0] for one in (unit, larger))
    for ours, theirs in (
        (plain.rule_scores, scaled.rule_scores),
        (plain.lookup_scores, scaled.lookup_scores),
    ):
        for name in ("corpus_r", "r2_centred", "deviation"):
            found = ours["test"].of(name).shuffled
            assert found is not None
            assert theirs["test"].of(name).shuffled == pytest.approx(found, rel=0.02, abs=1e-3)
            assert -1 < found < 1


def test_a_pool_of_one_document_is_enough() -> None:
    test = windows("test", 0)
    alone = PoolWindows(test.tokens, test.lengths, 0 * test.documents, test.numbers)
    assert explained(alone, vocabulary()) == explained(test, vocabulary())
