"""Judges: what they are shown, what becomes of their answers, and of those that are none."""

import numpy as np
import pytest

from analysis.explain.language_model.detecting import detect
from analysis.explain.language_model.excerpts import running
from analysis.explain.language_model.fuzzing import fuzz
from analysis.explain.language_model.judging import JUDGES, merit
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import Simulated, Verdicts
from analysis.explain.language_model.simulating import simulate
from tests.analysis.assistants.asking import assistant
from tests.analysis.assistants.scripted import Play, object_says, says, scripted
from tests.analysis.explain.language_model.reading import data_of, excerpt, sees

OPTIONS = JudgeOptions("judge", threshold=0.5, windows_per_call=2)
FIRES = [excerpt("the whale and then", {1: 2.0}, 1), excerpt("a whale of time", {1: 1.0}, 2)]
SILENT = [excerpt("no fish in here", {2: 0.4}, 3), excerpt("my cat", {}, 4)]
ALL = [*FIRES, *SILENT]


def test_a_simulation_has_a_prediction_for_every_token_and_none_past_the_end() -> None:
    with scripted(sees("whale")) as endpoint, assistant(endpoint.url) as asker:
        judged = simulate(asker, "whales", [FIRES[0], SILENT[1]], OPTIONS)
        assert [data_of(asked)[0] for asked in endpoint.requests]
    np.testing.assert_array_equal(judged.predictions[0], [0, 8, 0, 0])
    np.testing.assert_array_equal(judged.predictions[1], [0, 0, np.nan, np.nan])
    assert (judged.n_failed, judged.n_expected, len(judged.asked)) == (0, 0, 2)


def test_a_simulation_takes_expected_values_where_there_are_probabilities() -> None:
    spelled = [('{"1": ', {}), ("2", {"2": np.log(0.5), "4": np.log(0.5)}), (', "2": 0}', {})]
    with scripted(says('{"1": 2, "2": 0}', places=spelled)) as endpoint:
        with assistant(endpoint.url) as asker:
            judged = simulate(asker, "cats", [SILENT[1]], OPTIONS)
        assert endpoint.requests[0]["top_logprobs"] == 20
    np.testing.assert_allclose(judged.predictions, [[3.0, 0.0]])
    assert judged.n_expected == 1


def test_a_window_without_a_readable_simulation_is_counted_and_has_no_numbers() -> None:
    def script(asked: dict, _: int) -> Play:
        if "fish" in data_of(asked)[0] if data_of(asked) else True:
            return object_says({"1": 99})
        return sees("whale")(asked, 0)

    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        judged = simulate(asker, "whales", [FIRES[0], SILENT[0]], OPTIONS)
    assert judged.answered.tolist() == [True, False]
    assert np.isnan(judged.predictions[1]).all()
    assert judged.n_failed == 1
    assert len(judged.asked) == 3  # the unfit one was asked twice


def test_detection_tells_windows_apart_and_the_truth_is_what_fires() -> None:
    with scripted(sees("whale")) as endpoint, assistant(endpoint.url) as asker:
        judged = detect(asker, "whales", ALL, OPTIONS)
        assert len(endpoint.requests) == 2
        shown = [text for asked in endpoint.requests for text in data_of(asked)]
    assert sorted(shown) == sorted(map(running, ALL))
    assert sorted(judged.windows.tolist()) == [0, 1, 2, 3]
    np.testing.assert_array_equal(judged.truth, judged.windows < 2)
    np.testing.assert_array_equal(judged.verdicts, judged.truth)
    assert merit(judged, ALL) == 1.0


def test_the_order_of_windows_is_drawn_by_the_seed_and_tells_nothing() -> None:
    many = [excerpt(f"w{n} x", {1: float(n < 10)}, n) for n in range(20)]
    with scripted(sees("w")) as endpoint, assistant(endpoint.url) as asker:
        first, again, other = (
            detect(asker, "w", many, JudgeOptions("j", 0.5, 5, seed=seed)).windows.tolist()
            for seed in (0, 0, 1)
        )
    assert first == again
    assert first != other
    assert sorted(first) != first


def test_cases_of_an_answer_that_cannot_be_read_are_left_out_and_counted() -> None:
    def script(asked: dict, _: int) -> Play:
        if "cat" in str(asked["messages"]):
            return object_says({"verdicts": [True]})
        return sees("whale")(asked, 0)

    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        judged = detect(asker, "whales", ALL, OPTIONS)
    assert (judged.n_failed, judged.n_left_out) == (1, 2)
    assert len(judged.verdicts) == len(judged.truth) == len(judged.windows) == 2
    assert 3 not in judged.windows


def test_fuzzing_shows_each_firing_window_twice_in_different_calls() -> None:
    with scripted(sees("whale")) as endpoint, assistant(endpoint.url) as asker:
        judged = fuzz(asker, "whales", ALL, OPTIONS)
        calls = [data_of(asked) for asked in endpoint.requests]
    assert sorted(judged.windows.tolist()) == [0, 0, 1, 1]
    assert judged.truth.sum() == 2
    np.testing.assert_array_equal(judged.verdicts, judged.truth)
    for texts in calls:
        bare = [text.replace("⟪", "").replace("⟫", "") for text in texts]
        assert len(set(bare)) == len(bare) == 2
        assert all(text.count("⟪") == 1 for text in texts)


def test_in_each_fuzzing_call_true_and_false_marks_are_mixed() -> None:
    many = [excerpt(f"whale number {n}", {0: 1.0}, n) for n in range(8)]
    with scripted(sees("whale")) as endpoint, assistant(endpoint.url) as asker:
        judged = fuzz(asker, "whales", many, JudgeOptions("j", 0.5, windows_per_call=8))
    first, second = judged.truth[:8], judged.truth[8:]
    assert first.sum() == second.sum() == 4
    assert (first[:-1] == first[1:]).sum() > 0  # and not in turn


def test_a_window_that_cannot_be_marked_falsely_is_not_shown() -> None:
    full = excerpt("whale whale whale rest", {0: 1.0, 1: 1.0, 2: 1.0})
    with scripted(sees("whale")) as endpoint, assistant(endpoint.url) as asker:
        judged = fuzz(asker, "whales", [full, *SILENT], OPTIONS)
        assert endpoint.requests == []
    assert len(judged.verdicts) == judged.n_failed == 0
    assert merit(judged, [full, *SILENT]) is None


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_a_judge_of_which_nothing_can_be_read_has_no_merit(name: str) -> None:
    with scripted(says("As you wish.")) as endpoint, assistant(endpoint.url) as asker:
        judged = JUDGES[name](asker, "whales", ALL, OPTIONS)
    assert judged.n_failed == len({asked.prompt for asked in judged.asked}) / 2 > 0
    assert merit(judged, ALL) is None


def test_merit_is_r_or_balanced_accuracy() -> None:
    excerpts = [excerpt("a b c", {2: 5}), excerpt("d e f", {0: 1, 2: -1})]
    predictions = np.array([[0, 1, 10], [0, 0, 0]], dtype=np.float32)
    simulated = Simulated("simulation", "j", predictions, np.ones(2, bool), 0, 0, ())
    assert merit(simulated, excerpts) == pytest.approx(0.9504623792, abs=1e-7)
    flat = Simulated("simulation", "j", np.zeros((2, 3), np.float32), np.ones(2, bool), 0, 0, ())
    assert merit(flat, excerpts) is None
    truth = np.array([True, True, True, True, False])
    said = np.array([True, True, True, False, True])
    verdicts = Verdicts("detection", "j", said, truth, np.arange(5), 0, 0, ())
    assert merit(verdicts, excerpts) == pytest.approx(0.375)
