"""A unit is explained from its fit windows, and judged on others; what comes out is real scores."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.assistants.assistant import Assistant
from analysis.assistants.budget import Prices
from analysis.explain.language_model.answers import ask_judges
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.evidence import AT_RANDOM, STRONGEST, UnitEvidence
from analysis.explain.language_model.records import Simulated
from analysis.explain.language_model.scoring import common
from analysis.explain.language_model.shuffling import Other, Shuffled
from analysis.explain.language_model.units import AssistedUnit, find_sentence, score_answers
from analysis.explain.texts import PoolWindows, Texts, UnitTops, prepare_texts
from analysis.programs.vocabulary import Vocabulary
from analysis.score.records import METRICS
from analysis.score.units import TopWindows
from tests.analysis.assistants.asking import assistant
from tests.analysis.assistants.scripted import Play, object_says, scripted
from tests.analysis.explain.language_model.reading import data_of, sees

WORDS = ("<s>", " whale", *(f" word{n}" for n in range(40)))
WHALE = 1
LENGTH = 24
SPLITS = {"fit": 24, "calibration": 16, "test": 16, "ood:sea": 12}


def windows_of(n: int, first: int, rng: np.random.Generator) -> PoolWindows:
    """BOS, then words; whales are rarer than one token in a hundred."""
    tokens = rng.integers(2, len(WORDS), (n, LENGTH))
    tokens[:, 0] = 0
    tokens[::5, 5] = WHALE
    numbers = np.arange(first, first + n)
    return PoolWindows(tokens, np.full(n, LENGTH), numbers, numbers)


def texts_and_activations(
    sign: float = 1.0, *, splits: dict[str, int] = SPLITS
) -> tuple[Texts, dict[str, np.ndarray]]:
    """Fires at whales, at each a little differently; BOS has an activation of another size."""
    rng = np.random.default_rng(3)
    windows, first = {}, 0
    for split, n in splits.items():
        windows[split], first = windows_of(n, first, rng), first + n
    activations = {}
    for split, one in windows.items():
        level = 6 + rng.random(one.tokens.shape)
        noise = 0.1 if split == "fit" else 0.05  # nothing but whales is above fit's percentile
        quiet = noise * rng.random(one.tokens.shape)
        there = np.where(one.tokens == WHALE, level, quiet)
        there[:, 0] = -500
        activations[split] = (sign * there).astype(np.float32)
    return prepare_texts(windows, Vocabulary(WORDS), counted_from=1, seed=0), activations


def evidence(
    sign: float = 1.0, tops: dict[str, UnitTops | None] | None = None, **how: Any
) -> UnitEvidence:
    texts, activations = texts_and_activations(sign, **how)
    divided = texts.divided({split: there[None] for split, there in activations.items()})
    alone = {split: there[0] for split, there in divided.items()}
    return UnitEvidence(texts, alone, tops or {}, seed=(0, 1, 2))


def choices(*judges: Any, candidates: int = 1) -> AssistantChoices:
    return AssistantChoices("big", "big", judges, candidates, windows=12, seed=0, prices=Prices())


def script(asked: dict[str, Any], number: int) -> Play:
    if asked["response_format"]["json_schema"]["name"] == "explanation":
        return object_says({"explanation": "whales"})
    return sees("whale")(asked, number)


def explained(asker: Assistant, unit: UnitEvidence, what: AssistantChoices) -> AssistedUnit:
    found = find_sentence(asker, unit, what)
    answers = None if found.text is None else ask_judges(asker, found.text, unit, what)
    return score_answers(unit, found, answers, what)


def asked_about(unit: UnitEvidence, what: AssistantChoices) -> tuple[AssistedUnit, list[Any]]:
    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        found = explained(asker, unit, what)
        return found, endpoint.requests


def metrics(found: AssistedUnit, split: str = "test") -> dict[str, float]:
    return dict(zip(METRICS, found.splits[split].values[:, 0].tolist(), strict=True))


def test_a_right_explanation_is_found_right_by_every_judge() -> None:
    found, _ = asked_about(evidence(), choices("simulation", "detection", "fuzzing"))
    assert found.explanation.text == "whales"
    for split in ("test", "ood:sea"):
        values = metrics(found, split)
        assert values["corpus_r"] > 0.95
        assert values["r2_centred"] > 0.9  # so 8 of 10 has become about 6.5
        assert values["detection"] == values["fuzzing"] == 1.0
        assert found.splits[split].n_failed == 0
    scores = found.splits["test"].scores
    assert scores.of("corpus_r").lookup == pytest.approx(values["corpus_r"], abs=0.1)
    assert scores.of("r2_centred").mean is not None


def test_the_negative_tail_is_explained_where_it_reaches_further() -> None:
    found, requests = asked_about(evidence(sign=-1.0), choices("simulation", "detection"))
    assert found.explanation.negated
    values = metrics(found)
    assert values["corpus_r"] > 0.95  # the prediction is negative too
    assert values["r2_centred"] > 0.9
    assert values["detection"] == 1.0
    levels = [line.split("\t") for text in data_of(requests[0]) for line in text.split("\n")]
    assert {int(level) >= 8 for word, level in levels if "whale" in word} == {True}


def test_precision_is_told_for_the_pool_of_which_windows_were_chosen() -> None:
    found, _ = asked_about(evidence(), replace(choices("detection"), windows=8))
    told = next(m for m in found.splits["test"].metrics if m.name == "detection_precision")
    assert told.cases is not None
    assert told.cases.in_pool is not None
    assert (told.cases.n_yes, told.cases.n) == (4, 8)
    assert told.cases.in_pool.prevalence == 4 / SPLITS["test"]
    assert told.cases.in_pool.precision == 1.0


def test_levels_become_activations_as_on_random_calibration_windows() -> None:
    """A judge with false alarms: among windows chosen because the unit fires it would have fewer,
    and its levels would seem to be worth more."""

    def fooled(asked: dict[str, Any], number: int) -> Play:
        if asked["response_format"]["json_schema"]["name"] == "levels":
            rows = [line.split("\t") for line in data_of(asked)[0].split("\n")]
            return object_says({number: _level(token) for number, token in rows})
        return script(asked, number)

    for sign in (1.0, -1.0):
        unit = evidence(sign)
        what = replace(choices("simulation"), windows=SPLITS["calibration"])
        with scripted(fooled) as endpoint, assistant(endpoint.url) as asker:
            found = explained(asker, unit, what)
        tokens = unit.texts.calibration.windows.tokens[:, 1:]
        levels = [[_level(WORDS[token]) for token in row] for row in tokens.tolist()]
        actual = sign * unit.activations["calibration"][:, 1:].astype(float)
        scale, offset = np.polyfit(np.ravel(levels), actual.ravel(), 1)
        assert found.line is not None
        assert found.line.scale == pytest.approx(scale)
        assert found.line.offset == pytest.approx(offset)
        share = len(unit.cases("calibration", what.windows).rows) / SPLITS["calibration"]
        assert share < 1  # what was chosen by firing is not the pool


def _level(token: str) -> int:
    return 8 if "whale" in token or "word7" in token else 0


def test_all_units_of_a_site_are_simulated_on_the_same_random_windows() -> None:
    texts, activations = texts_and_activations()
    one, other, elsewhere = (
        UnitEvidence(texts, activations, {}, seed=seed)
        for seed in ((0, 1, 2), (0, 1, 3), (0, 2, 2))
    )
    for split in ("calibration", "test"):
        assert one.at_random(split, 8).rows.tolist() == other.at_random(split, 8).rows.tolist()
        assert one.at_random(split, 8).rows.tolist() != elsewhere.at_random(split, 8).rows.tolist()


def by_claim(asked: dict[str, Any], number: int) -> Play:
    """Believes what is claimed: whales, or the word 7."""
    if asked["response_format"]["json_schema"]["name"] == "explanation":
        return object_says({"explanation": "whales"})
    claimed = "whale" if "whales" in asked["messages"][-1]["content"] else "word7"
    return sees(claimed)(asked, number)


def beside_another(sign: float, what: AssistantChoices) -> AssistedUnit:
    unit = evidence(sign)
    with scripted(by_claim) as endpoint, assistant(endpoint.url) as asker:
        found = find_sentence(asker, unit, what)
        ours = ask_judges(asker, "whales", unit, what)
        theirs = ask_judges(asker, "the word 7", unit, what)
    return score_answers(unit, found, ours, what, Shuffled(Other(9, "the word 7"), theirs))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_another_units_sentence_is_scored_beside_by_the_same_judges(sign: float) -> None:
    judges = ("simulation", "detection", "fuzzing")
    what = replace(choices(*judges), windows=SPLITS["test"])
    found = beside_another(sign, what)
    told = {one.name: one for one in found.splits["test"].metrics}
    unit = evidence(sign)

    def on(split: str) -> tuple[np.ndarray, np.ndarray]:
        tokens = unit.texts.tested[split] if split == "test" else unit.texts.calibration
        levels = [[8 * ("word7" in WORDS[t]) for t in row] for row in tokens.windows.tokens[:, 1:]]
        return sign * np.ravel(levels), unit.activations[split][:, 1:].ravel().astype(float)

    levels, actual = on("calibration")
    scale, offset = np.polyfit(levels, actual, 1)
    levels, actual = on("test")
    error = np.square(actual - scale * levels - offset).sum()
    assert told["corpus_r"].shuffled == pytest.approx(np.corrcoef(levels, actual)[0, 1], abs=1e-5)
    assert told["r2_centred"].shuffled == pytest.approx(
        1 - error / np.square(actual - actual.mean()).sum(), abs=1e-5
    )
    assert told["deviation"].shuffled is not None
    for name in ("detection", "detection_recall", "fuzzing"):
        shuffled, own = told[name].shuffled, told[name].score.value
        assert shuffled is not None
        assert own == 1.0 > shuffled
    assert found.splits["test"].scores.p is None, "one other sentence tells no chance"


def test_what_is_asked_about_another_sentence_counts_as_the_units_own_cost() -> None:
    found = beside_another(1.0, choices("detection"))
    n_windows = [len(evidence().cases(split, 12).rows) for split in ("test", "ood:sea")]
    asked = sum("the word 7" in str(one.prompt) for one in found.asked)
    assert asked == sum(-(-n // 5) for n in n_windows)  # five a question


def test_without_another_sentence_there_is_no_shuffled_baseline() -> None:
    found, _ = asked_about(evidence(), choices("simulation", "detection"))
    assert {one.shuffled for one in found.splits["test"].metrics} == {None}


def test_windows_of_which_one_of_the_two_sentences_was_not_answered_are_left_out_of_both() -> None:
    def simulated(*answered: bool) -> Simulated:
        there = np.array(answered)
        return Simulated("simulation", "big", np.zeros((4, 1), np.float32), there, 0, 0, ())

    whole = simulated(True, True, True, True)
    both = common(whole, simulated(True, False, True, False))
    assert both is not None
    assert both.tolist() == [True, False, True, False]
    assert common(whole, simulated(True, False, False, False)) is None


def test_bos_is_never_shown() -> None:
    _, requests = asked_about(evidence(), choices("simulation", "detection"))
    shown = [text for asked in requests for text in data_of(asked)]
    assert shown
    assert not any("<s>" in text or "<\\s>" in text for text in shown)


def test_the_explainer_sees_the_strongest_windows_and_random_ones() -> None:
    unit = evidence()
    shown = unit.to_explain_from()
    assert len(shown) == STRONGEST + AT_RANDOM
    peaks = [float(excerpt.activations.max()) for excerpt in shown]
    assert min(peaks[:5]) > 6  # all that there are
    assert peaks[:STRONGEST] == sorted(peaks, reverse=True)[:STRONGEST]
    assert len({excerpt.document for excerpt in shown}) == len(shown)


def test_stored_top_windows_are_taken_where_there_are_any() -> None:
    texts, _ = texts_and_activations()
    tokens, actual = np.zeros((1, LENGTH), np.int64), np.zeros((1, LENGTH), np.float32)
    tokens[0, :4] = [0, 7, WHALE, 8]
    actual[0, :4] = [900.0, 0.0, 12.0, 0.0]
    about = TopWindows(actual, np.array([4]), np.array([99]))
    unit = evidence(tops={"fit": UnitTops(tokens, about), "test": UnitTops(tokens, about)})
    first = unit.to_explain_from()[0]
    assert first.tokens == (WORDS[7], " whale", WORDS[8])
    assert first.document == 99
    found, _ = asked_about(unit, choices("simulation"))
    assert metrics(found)["top_random_r"] > 0.9
    assert np.isnan(metrics(found, "ood:sea")["top_random_r"])
    assert texts.tested.keys() == {"test", "ood:sea"}


def test_calibration_shows_no_document_that_the_explainer_saw() -> None:
    """Where a corpus has no calibration split, windows of fit stand in, of whatever documents."""
    unit = evidence(splits={"fit": 32, "test": 16})
    object.__setattr__(unit.texts.calibration.windows, "documents", np.arange(8))
    shown = unit.to_explain_from()
    seen = {excerpt.document for excerpt in shown}
    chosen = unit.to_choose_by(8, shown)
    assert seen & set(range(8))
    assert not seen & {excerpt.document for excerpt in chosen}


def test_windows_with_activations_that_are_no_numbers_are_not_shown() -> None:
    texts, activations = texts_and_activations()
    activations["test"][3, 4] = np.nan
    activations["fit"][0, 4] = np.inf
    unit = UnitEvidence(texts, activations, {}, seed=(0, 1, 2))
    assert 3 not in unit.at_random("test", 16).rows
    assert 3 not in unit.cases("test", 16).rows
    found, _ = asked_about(unit, choices("simulation", "detection"))
    assert metrics(found)["detection"] == 1.0


@pytest.mark.parametrize("level", [0.0, np.nan])
def test_a_unit_that_does_not_vary_is_not_asked_about(level: float) -> None:
    texts, activations = texts_and_activations()
    same = {split: np.full_like(there, level) for split, there in activations.items()}
    unit = UnitEvidence(texts, same, {}, seed=(0, 1, 2))
    found, requests = asked_about(unit, choices("detection"))
    assert requests == []
    assert found.explanation.text is None
    assert found.explanation.failure == "The activation does not vary on the fit text."


def test_a_split_in_which_nothing_fires_is_undefined_and_not_asked_about() -> None:
    texts, activations = texts_and_activations()
    activations["ood:sea"][:] = 0.05
    unit = UnitEvidence(texts, activations, {}, seed=(0, 1, 2))
    found, _ = asked_about(unit, choices("detection"))
    scores = found.splits["ood:sea"].scores
    assert (scores.status, scores.reason) == ("undefined", "no window of the split fires")
    assert found.splits["ood:sea"].asked == {}
    assert metrics(found)["detection"] == 1.0


def test_without_judges_there_is_a_sentence_and_no_score() -> None:
    found, requests = asked_about(evidence(), choices())
    assert found.explanation.text == "whales"
    assert found.splits == {}
    assert len(requests) == 1


def test_a_judge_that_always_says_the_same_leaves_r_undefined_and_not_turned() -> None:
    def flat(asked: dict[str, Any], number: int) -> Play:
        if asked["response_format"]["json_schema"]["name"] == "levels":
            rows = [line.split("\t") for line in data_of(asked)[0].split("\n")]
            return object_says({number: 3 for number, _ in rows})
        return script(asked, number)

    with scripted(flat) as endpoint, assistant(endpoint.url) as asker:
        found = explained(asker, evidence(), choices("simulation"))
    assert found.splits["test"].scores.status == "undefined"
    assert found.splits["test"].scores.reason == "every prediction is the same"
    assert found.line is not None
    assert found.line.scale > 0


def test_a_judge_that_says_the_opposite_scores_below_zero() -> None:
    """Calibration must not turn it over."""

    def opposite(asked: dict[str, Any], number: int) -> Play:
        if asked["response_format"]["json_schema"]["name"] == "levels":
            rows = [line.split("\t") for line in data_of(asked)[0].split("\n")]
            return object_says({number: 0 if "whale" in token else 8 for number, token in rows})
        return script(asked, number)

    with scripted(opposite) as endpoint, assistant(endpoint.url) as asker:
        found = explained(asker, evidence(), choices("simulation"))
    assert metrics(found)["corpus_r"] < -0.9


def test_what_a_unit_is_asked_is_the_same_whenever_it_is_asked() -> None:
    what = choices("simulation", "detection", "fuzzing", candidates=2)
    _, first = asked_about(evidence(), what)
    _, again = asked_about(evidence(), what)
    assert sorted(map(str, first)) == sorted(map(str, again))
