import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from analysis.programs.running import run_program
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from tests.analysis.programs.programs import programs
from tests.analysis.programs.windows import as_tokens, predicted, vocabulary_of

WINDOW = ["BOS", " a", " b", " a", " b"]
TEXTS = [
    "BOS",
    " a",
    "a",
    " b",
    "(",
    ")",
    ' "',
    "\n",
    "x_y",
    " 12",
    "    ",
    " The",
    "``",
    "`",
    "⟨E2⟩",
]


def test_levels_of_rules_that_hold_are_added_to_the_base() -> None:
    program = 'when token in {" a"} -> 2\nwhen repeated -> -0.5\notherwise 0.25'
    assert predicted(program, WINDOW) == [0.25, 2.25, 0.25, 1.75, -0.25]


def test_a_fading_rule_adds_its_level_times_its_strength() -> None:
    assert predicted('when fading(1) token in {" a"} -> 8', WINDOW) == [0, 0, 4, 2, 5]


def test_the_first_rule_that_holds_decides() -> None:
    program = 'first\nwhen repeated -> 3\nwhen fading(1) token in {" a"} -> 2\notherwise 1'
    assert predicted(program, WINDOW) == [1, 1, 2, 3, 3]


def test_tables_add_by_this_token_or_an_earlier_one() -> None:
    program = 'table token {" a": 1, " z": 9}\ntable token[-1] {" a": 0.5, "BOS": -1}\notherwise 1'
    assert predicted(program, WINDOW) == [1, 1, 1.5, 2, 1.5]


def test_a_table_that_looks_back_beyond_the_window_adds_nothing() -> None:
    assert predicted('table token[-9] {" a": 1}\notherwise 1', WINDOW) == [1] * 5


def test_past_the_end_of_a_window_there_is_no_prediction() -> None:
    windows = [["a", "b", "c"], ["a"]]
    vocabulary = vocabulary_of(*windows)
    found = run_program(parse_program("otherwise 1"), *as_tokens(windows, vocabulary), vocabulary)
    assert found.dtype == np.float32
    assert np.isnan(found).tolist() == [[False] * 3, [False, True, True]]


def test_ids_that_share_a_text_are_all_meant() -> None:
    vocabulary = Vocabulary(["a", "b", "a"])
    program = parse_program('when token in {"a"} -> 1\ntable token {"a": 2}')
    found = run_program(program, np.array([[0, 1, 2]]), np.array([3]), vocabulary)
    assert found.tolist() == [[3, 0, 3]]


def test_tokens_that_the_vocabulary_lacks_are_refused() -> None:
    for token in (5, -1):
        with pytest.raises(ProgramError, match="vocabulary of 2"):
            run_program(
                parse_program("otherwise 1"),
                np.array([[token]]),
                np.array([1]),
                Vocabulary(["a", "b"]),
            )


def test_near_needs_a_token_space() -> None:
    with pytest.raises(ProgramError, match="lie to each other"):
        predicted('when token near {" a"} first 2 -> 1', WINDOW)


def test_the_largest_program_stays_finite() -> None:
    program = "\n".join(["when always -> 1e15"] * 20_000)
    assert np.isfinite(predicted(program, ["a"])).all()


@given(programs(), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=40), st.data())
def test_no_prediction_depends_on_what_comes_later(program, window, data) -> None:
    space = TokenSpace(np.random.default_rng(0).integers(-9, 9, (len(TEXTS), 4)).astype(np.int8))
    vocabulary = Vocabulary(TEXTS, space)
    cut = data.draw(st.integers(1, len(window)))
    tokens, lengths = as_tokens([window, window[:cut]], vocabulary)
    both = run_program(program, tokens, lengths, vocabulary)
    alone = run_program(program, tokens[1:, :cut], lengths[1:], vocabulary)
    np.testing.assert_array_equal(both[0, :cut], both[1, :cut])
    np.testing.assert_array_equal(both[0, :cut], alone[0])


def test_a_check_is_called_before_every_predicate_and_table_and_may_end_the_run() -> None:
    vocabulary = vocabulary_of(WINDOW)
    program = parse_program(
        'when repeated and not token in {" a"} -> 1\nwhen always -> 2\ntable token {" b": 1}'
    )
    calls = []
    run_program(program, *as_tokens([WINDOW], vocabulary), vocabulary, lambda: calls.append(1))
    assert len(calls) == 4

    def end() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        run_program(program, *as_tokens([WINDOW], vocabulary), vocabulary, end)
