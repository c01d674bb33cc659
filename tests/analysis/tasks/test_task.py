"""What a task holds, and what it does not let pass."""

import pytest
from pydantic import ValidationError

from analysis.tasks.task import Imported, Metric, Pair, Side, Task

SOURCE = Imported(file="a.jsonl", sha256="0" * 64)


def token(number):
    return {"id": number, "text": f" {number}"}


def pair(clean=(1, 2, 3), counterfactual=(1, 4, 3), right=(5,), wrong=(6,), **more):
    return Pair(
        clean=Side(text="clean", tokens=clean),
        counterfactual=Side(text="other", tokens=counterfactual),
        right=tuple(map(token, right)),
        wrong=tuple(map(token, wrong)),
        **more,
    )


def task(*pairs, **more):
    return Task(**{"name": "t", "source": SOURCE, "pairs": pairs or (pair(),), **more})


def test_a_pair_knows_where_its_prompts_differ():
    assert pair((1, 2, 3, 4), (1, 9, 3, 8)).changed == (1, 3)


def test_prompts_of_different_length_are_no_pair_and_the_reason_has_both_lengths():
    with pytest.raises(ValidationError, match="has 3 tokens and the counterfactual 2"):
        pair((1, 2, 3), (1, 2))


def test_prompts_of_the_same_tokens_are_no_pair():
    with pytest.raises(ValidationError, match="the same tokens"):
        pair((1, 2), (1, 2))


def test_a_token_cannot_be_right_and_wrong():
    with pytest.raises(ValidationError, match="named twice"):
        pair(right=(5, 7), wrong=(6, 5))


@pytest.mark.parametrize(
    ("metric", "given", "lacking"),
    [
        ("logit_difference", {"right": ()}, "pair 1 names no right answer"),
        ("logit_difference", {"wrong": ()}, "pair 1 names no wrong answer"),
        ("log_probability", {"right": ()}, "pair 1 names no right answer"),
    ],
)
def test_a_metric_says_which_answers_it_lacks(metric, given, lacking):
    with pytest.raises(ValidationError, match=lacking):
        task(pair(**given), metric=Metric(kind=metric))


def test_kl_needs_no_answers():
    assert task(pair(right=(), wrong=()), metric=Metric(kind="kl")).pairs[0].right == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "own_tokens"}, "name tokens with"),
        ({"kind": "kl", "raised": (token(1),)}, "only with it"),
        ({"kind": "own_tokens", "lowered": (token(1),)}, "go up with"),
        ({"kind": "own_tokens", "raised": (token(1),), "lowered": (token(1),)}, "would cancel"),
    ],
)
def test_a_metric_of_own_tokens_names_them_once_and_no_other_does(given, said):
    with pytest.raises(ValidationError, match=said):
        Metric(**given)


def test_the_same_pair_twice_is_refused():
    with pytest.raises(ValidationError, match="pair 2 is pair 1 again"):
        task(pair(name="one"), pair(name="other"))


def test_the_digest_is_of_what_is_asked_and_not_of_where_it_is_from():
    other = Imported(file="b.csv", sha256="1" * 64)
    assert task().digest == task(name="u", source=other).digest
    assert task().digest != task(pair(right=(7,))).digest
    assert task().digest != task(metric=Metric(kind="kl")).digest


def test_a_task_survives_json():
    held = task(pair(template="a", words=("x", "y")))
    assert Task.model_validate_json(held.model_dump_json()) == held
