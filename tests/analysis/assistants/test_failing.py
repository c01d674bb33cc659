"""Every way of failing is a record with a kind, counted, and never an exception."""

import json

import pytest

from analysis.assistants.sending import HOPELESS_IN_A_ROW
from tests.analysis.assistants.asking import HASTE, assistant, question
from tests.analysis.assistants.scripted import (
    Play,
    Script,
    dead_url,
    fails,
    html,
    in_turn,
    object_says,
    says,
    scripted,
)

UNREADABLE = Play(body='{"choices": [{"message"')

FAILURES = [
    (says("Certainly! Here you go."), "garbage", 2),
    (object_says({"number": "seven"}), "garbage", 2),
    (object_says({"number": 7, "also": 8}), "garbage", 2),
    (says('{"number": NaN}'), "garbage", 2),
    (says("[7]"), "garbage", 2),
    (says('<think>{"number": 7}?</think> Who knows.'), "garbage", 2),
    (says("{" * 5000), "garbage", 2),
    (says(""), "garbage", 2),
    (says("I'm sorry, but I can't count those."), "refusal", 1),
    (says("", refusal="I will not count."), "refusal", 1),
    (says('{"number": 7}', finish="content_filter"), "refusal", 1),
    (says('{"numb', finish="length"), "half_answer", 1),
    (says('{"number": 7}', cut=True), "half_answer", HASTE.tries),
    (object_says({"number": 7}, wait=30), "timeout", HASTE.tries),
    (object_says({"number": 7}, drip=0.05), "timeout", HASTE.tries),
    (fails(429), "rate_limited", HASTE.tries),
    (fails(500), "server_error", HASTE.tries),
    (fails(503), "server_error", HASTE.tries),
    (html(502), "server_error", HASTE.tries),
    (fails(401), "rejected", 1),
    (fails(404, "no such model"), "rejected", 1),
    (fails(400, "the prompt is too long"), "rejected", 1),
    (html(), "not_a_completion", 1),
    (Play(body='{"hello": 1}'), "not_a_completion", 1),
    (Play(body='{"choices": []}'), "not_a_completion", 1),
    (Play(body='{"choices": [{"message": {"content": [7]}}]}'), "not_a_completion", 1),
    (Play(body="[" * 100_000), "not_a_completion", 1),
    (UNREADABLE, "not_a_completion", 1),
]


@pytest.mark.parametrize(("play", "kind", "calls"), FAILURES)
def test_a_failure_has_its_kind_and_is_tried_as_often_as_that_may_help(
    play: Play, kind: str, calls: int
) -> None:
    timeout = 0.3 if kind == "timeout" else 60.0
    with scripted(play) as endpoint, assistant(endpoint.url, timeout=timeout) as asker:
        answered = asker.ask(question())
        assert answered.value is None
        assert answered.failure is not None
        assert (answered.failure.kind, len(endpoint.requests)) == (kind, calls)
        assert answered.failure.detail.isprintable()
        assert len(answered.failure.detail) < 400
        assert asker.tally.failures == {kind: 1}
        assert asker.tally.n_calls == calls


def test_a_dead_server_is_unreachable() -> None:
    with assistant(dead_url()) as asker:
        answered = asker.ask(question())
    assert answered.failure is not None
    assert answered.failure.kind == "unreachable"
    assert answered.asked[0].tries == HASTE.tries
    assert answered.asked[0].raw is None


def test_in_a_batch_some_fail_and_the_others_are_answered() -> None:
    def script(asked: dict, _: int) -> Play:
        said = asked["messages"][1]["content"]
        return {"0": object_says({"number": 0}), "1": fails(500), "2": says("no idea")}[said]

    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        answers = asker.ask_all([question(text) for text in "012"])
        assert [answered.value for answered in answers] == [0, None, None]
        assert asker.tally.failures == {"server_error": 1, "garbage": 1}
        assert asker.tally.tried_again == {"server_error": HASTE.tries - 1}


@pytest.mark.parametrize("play", [fails(401), html()])
def test_an_endpoint_that_always_refuses_is_not_asked_forever(play: Play) -> None:
    with scripted(play) as endpoint, assistant(endpoint.url, concurrency=1) as asker:
        answers = asker.ask_all([question(str(number)) for number in range(20)])
        assert len(endpoint.requests) == HOPELESS_IN_A_ROW
        kinds = [answered.failure.kind for answered in answers if answered.failure]
        assert len(kinds) == 20
        assert kinds.count("not_sent") == 20 - HOPELESS_IN_A_ROW
        assert asker.given_up is not None
        assert answers[-1].failure is not None
        assert asker.given_up.detail in answers[-1].failure.detail


def test_a_question_that_is_refused_for_itself_says_nothing_of_the_others() -> None:
    with scripted(fails(400, "the prompt is too long")) as endpoint:
        with assistant(endpoint.url) as asker:
            asker.ask_all([question(str(number)) for number in range(12)])
            assert asker.given_up is None
        assert len(endpoint.requests) == 12


def test_an_endpoint_that_answers_now_and_then_is_asked_on() -> None:
    script: Script = in_turn(*[fails(404)] * 4, object_says({"number": 1}), fails(404))
    with scripted(script) as endpoint, assistant(endpoint.url, concurrency=1) as asker:
        asker.ask_all([question(str(number)) for number in range(9)])
        assert len(endpoint.requests) == 9


def test_a_redirect_is_a_failure_and_the_prompt_goes_nowhere_else() -> None:
    with scripted(object_says({"number": 7})) as elsewhere:
        there = Play(307, "", {"Location": f"{elsewhere.url}/chat/completions"})
        with scripted(there) as endpoint, assistant(endpoint.url) as asker:
            failure = asker.ask(question()).failure
        assert failure is not None
        assert failure.kind == "rejected"
        assert elsewhere.requests == []


def test_what_the_endpoint_says_of_its_tokens_is_not_taken_on_trust() -> None:
    completion = json.loads(says('{"number": 7}').body)
    completion["usage"] = {"prompt_tokens": -5, "completion_tokens": True}
    with scripted(Play(body=json.dumps(completion))) as endpoint, assistant(endpoint.url) as asker:
        (asked,) = asker.ask(question()).asked
    assert asked.counted is False
    assert (asked.tokens_in, asked.tokens_out) == (question().most_prompt_tokens, 20)
