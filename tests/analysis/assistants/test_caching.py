"""What was answered once is known."""

import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from analysis.assistants.cache import ReplyCache
from analysis.assistants.question import Question
from tests.analysis.assistants.asking import assistant, question
from tests.analysis.assistants.scripted import fails, in_turn, object_says, says, scripted


def test_the_same_question_is_answered_again_without_asking_or_paying(tmp_path: Path) -> None:
    spelled = [('{"number": ', {}), ("7", {"7": -0.1, "8": -2.5}), ("}", {"}": 0.0})]
    play = says('{"number": 7}', usage=(31, 5), places=spelled)
    with scripted(play) as endpoint:
        for _ in range(2):  # a second life of the same job
            with assistant(endpoint.url, cache=tmp_path / "deep" / "replies.sqlite") as asker:
                answered = asker.ask(question(alternatives=2))
        assert len(endpoint.requests) == 1
    assert answered.value == 7
    assert len(answered.places) == 3
    (asked,) = answered.asked
    assert (asked.cached, asked.dollars, asked.tries) == (True, 0.0, 0)
    assert (asked.tokens_in, asked.tokens_out) == (31, 5)
    assert asked.parameters["model"] == "tiny"


@pytest.mark.parametrize(
    "other",
    [
        question("How few?"),
        question(temperature=0.5),
        question(max_tokens=21),
        question(seed=1),
        question(alternatives=3),
    ],
)
def test_another_prompt_parameter_or_draw_is_another_question(
    other: Question[int], tmp_path: Path
) -> None:
    with scripted(object_says({"number": 7})) as endpoint:
        with assistant(endpoint.url, cache=tmp_path / "replies.sqlite") as asker:
            asker.ask_all([question(), other])
        assert len(endpoint.requests) == 2


def test_another_model_endpoint_or_form_is_another_question() -> None:
    asked = question()
    other_form = replace(asked, form=replace(asked.form, schema={"type": "object"}))
    other_model = replace(asked, parameters=replace(asked.parameters, model="big"))
    keys = {
        asked.key("http://a/v1"),
        asked.key("http://b/v1"),
        other_form.key("http://a/v1"),
        other_model.key("http://a/v1"),
    }
    assert len(keys) == 4


def test_what_a_model_said_is_kept_fit_or_not_and_what_went_wrong_on_the_way_is_not(
    tmp_path: Path,
) -> None:
    plays = in_turn(says("no idea"), says("none"), fails(401), object_says({"number": 7}))
    path = tmp_path / "replies.sqlite"
    with scripted(plays) as endpoint, assistant(endpoint.url, cache=path) as asker:
        garbled = [asker.ask(question("a")) for _ in range(2)]
        assert len(endpoint.requests) == 2
        assert [each.failure.kind for each in garbled if each.failure] == ["garbage"] * 2
        assert asker.ask(question("b")).failure is not None
        assert asker.ask(question("b")).value == 7


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 40, b""])
def test_a_broken_cache_stops_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(content)
    play = object_says({"number": 7})
    with scripted(play) as endpoint, assistant(endpoint.url, cache=path) as asker:
        assert asker.ask(question()).value == 7
        assert asker.tally.n_cache_faults == (2 if content else 0)


def test_an_entry_that_cannot_be_read_is_asked_for_again_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    with scripted(object_says({"number": 7})) as endpoint:
        with assistant(endpoint.url, cache=path) as asker:
            asker.ask(question())
            with ReplyCache(path)._open() as connection, connection:
                connection.execute("UPDATE replies SET reply = x'00'")
            assert asker.ask(question()).value == 7
            assert asker.tally.n_cache_faults == 1
            assert asker.ask(question()).asked[0].cached
        assert len(endpoint.requests) == 2


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    play = object_says({"number": 7})
    with scripted(play) as endpoint, assistant(endpoint.url, cache=path) as asker:
        asker.ask(question())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_record_is_plain_data() -> None:
    with scripted(object_says({"number": 7})) as endpoint, assistant(endpoint.url) as asker:
        record = asdict(asker.ask(question()).asked[0])
    assert record["failure"] is None
    assert record["parameters"]["model"] == "tiny"


def test_a_question_that_is_under_way_is_waited_for_and_not_sent_again(tmp_path: Path) -> None:
    slow = object_says({"number": 7}, wait=0.3)
    with scripted(slow) as endpoint:
        with assistant(endpoint.url, cache=tmp_path / "replies.sqlite", concurrency=3) as asker:
            answered = asker.ask_all([question(), question(), question("How few?")])
        assert len(endpoint.requests) == 2
        assert endpoint.most_at_once == 2
    assert [each.value for each in answered] == [7, 7, 7]
    assert sorted(each.asked[0].cached for each in answered[:2]) == [False, True]


def test_who_waited_for_a_question_that_failed_asks_it_himself(tmp_path: Path) -> None:
    plays = in_turn(fails(400), object_says({"number": 7}))
    with scripted(plays) as endpoint:
        with assistant(endpoint.url, cache=tmp_path / "replies.sqlite", concurrency=2) as asker:
            answered = asker.ask_all([question(), question()])
        assert len(endpoint.requests) == 2
    assert sorted(each.value is None for each in answered) == [False, True]
