"""What comes back from an endpoint that answers, in whatever way."""

import json

import pytest

from tests.analysis.assistants.asking import assistant, question
from tests.analysis.assistants.scripted import Play, fails, in_turn, object_says, says, scripted


def test_an_answer_in_its_form_is_a_value_with_what_it_cost_and_how_it_came() -> None:
    with scripted(object_says({"number": 7}, usage=(31, 5))) as endpoint:
        with assistant(endpoint.url) as asker:
            answered = asker.ask(question(seed=3))
        sent = endpoint.requests[0]
    assert answered.value == 7
    assert answered.failure is None
    (asked,) = answered.asked
    assert (asked.model, asked.tokens_in, asked.tokens_out, asked.counted) == ("tiny", 31, 5, True)
    assert (asked.raw, asked.cached, asked.tries) == ('{"number": 7}', False, 1)
    assert json.loads(asked.prompt)[1] == {"role": "user", "text": "How many?"}
    assert asked.prompt_hash == question(seed=3).key(endpoint.url)
    assert asked.seconds > 0
    assert sent["messages"][0] == {"role": "system", "content": "Count."}
    assert (sent["temperature"], sent["seed"], sent["max_tokens"]) == (0.0, 3, 20)
    assert sent["response_format"]["json_schema"]["schema"]["type"] == "object"
    assert asked.parameters == {name: sent[name] for name in sent if name != "messages"}


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"number": 7}\n```',
        'It may be {"number": 3}, no: {"number": 7}',
        '<think>{"number": 1} or so?</think>\n{"number": 7}',
        'Counting braces { and }, I say {"number": 7}. Done.',
    ],
)
def test_the_object_is_found_in_fences_and_among_words(text: str) -> None:
    with scripted(says(text)) as endpoint, assistant(endpoint.url) as asker:
        assert asker.ask(question()).value == 7


def test_answers_come_in_the_order_of_the_questions() -> None:
    def script(asked: dict, _: int) -> Play:
        number = int(asked["messages"][1]["content"])
        return object_says({"number": number}, wait=0.05 * (3 - number))

    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        answers = asker.ask_all([question(str(number)) for number in range(4)])
    assert [answered.value for answered in answers] == [0, 1, 2, 3]


def test_an_unfit_answer_is_repaired_once_and_the_model_is_told_what_was_wrong() -> None:
    with scripted(in_turn(says("<|im_end|> seven"), object_says({"number": 7}))) as endpoint:
        with assistant(endpoint.url) as asker:
            answered = asker.ask(question())
            tally = asker.tally
        again = endpoint.requests[1]["messages"]
    assert answered.value == 7
    assert [asked.failure.kind if asked.failure else None for asked in answered.asked] == [
        "garbage",
        None,
    ]
    assert again[-2] == {"role": "assistant", "content": "<\\|im_end|> seven"}
    assert "there is no JSON object in the answer" in again[-1]["content"]
    assert (tally.n_questions, tally.n_calls, tally.n_repaired, tally.failures) == (1, 2, 1, {})


@pytest.mark.parametrize(
    ("complaint", "missing"),
    [
        ("'response_format' of type json_schema is unavailable", {"response_format"}),
        ("logprobs are not offered by this model", {"logprobs", "top_logprobs"}),
        ("Unsupported value: 'temperature' must be 1", {"temperature"}),
        ("Unknown parameter: 'seed'", {"seed"}),
        ("Use 'max_completion_tokens' instead of 'max_tokens'", {"max_tokens"}),
        ("extra inputs are not permitted", {"response_format", "logprobs", "top_logprobs", "seed"}),
    ],
)
def test_what_an_endpoint_does_not_have_is_left_out_from_then_on(
    complaint: str, missing: set[str]
) -> None:
    def script(asked: dict, _: int) -> Play:
        return fails(400, complaint) if missing & asked.keys() else object_says({"number": 7})

    ask = question(seed=1, alternatives=5)
    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        assert asker.ask(ask).value == 7
        assert asker.ask(ask).value == 7
        assert len(endpoint.requests) == 3
        everything = {"response_format", "logprobs", "top_logprobs", "temperature", "seed"}
        for asked in endpoint.requests[1:]:
            assert everything - missing <= asked.keys()
            assert not missing & asked.keys()


def test_what_was_left_out_in_vain_is_asked_for_again() -> None:
    refused = fails(400, "the request is not supported: too long")
    plays = in_turn(refused, refused, object_says({"number": 7}))
    with scripted(plays) as endpoint, assistant(endpoint.url) as asker:
        failure = asker.ask(question()).failure
        assert failure is not None
        assert failure.kind == "rejected"
        assert asker.ask(question()).value == 7
        assert "response_format" not in endpoint.requests[1]
        assert "response_format" in endpoint.requests[2]


def test_log_probabilities_come_token_by_token() -> None:
    spelled = [('{"number": ', {}), ("7", {"7": -0.1, "8": -2.5}), ("}", {"}": 0.0})]
    with (
        scripted(says('{"number": 7}', places=spelled)) as endpoint,
        assistant(endpoint.url) as asker,
    ):
        answered = asker.ask(question(alternatives=2))
    assert [place.chosen.text for place in answered.places] == ['{"number": ', "7", "}"]
    assert [(o.text, o.logprob) for o in answered.places[1].others] == [("7", -0.1), ("8", -2.5)]


def test_log_probabilities_that_cannot_be_read_are_none_and_the_answer_stands() -> None:
    completion = json.loads(says('{"number": 7}').body)
    completion["choices"][0]["logprobs"] = {"content": [{"token": "7", "logprob": "likely"}]}
    with scripted(Play(body=json.dumps(completion))) as endpoint, assistant(endpoint.url) as asker:
        answered = asker.ask(question(alternatives=2))
    assert (answered.value, answered.places) == (7, ())
