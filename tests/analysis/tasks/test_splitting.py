"""Held-out prompts have words that no prompt for finding has."""

import pytest

from analysis.errors import TaskError
from analysis.tasks.generating import GENERATORS, generate
from analysis.tasks.splitting import split, words_of
from tests.analysis.tasks.readers import byte_pairs
from tests.analysis.tasks.test_task import pair, task


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("n", [20, 200])
def test_held_out_pairs_have_a_word_or_template_that_finding_has_not_or_a_prompt_of_one(kind, n):
    made = generate(kind, byte_pairs(), n=n, seed=1)
    parts = split(made, seed=2)
    assert sorted((*parts.finding, *parts.held_out)) == list(range(n))
    assert 0.15 * n <= len(parts.held_out) <= 0.4 * n
    found = [made.pairs[number] for number in parts.finding]
    words = set().union(*map(words_of, found))
    templates = {one.template for one in found}
    held = [made.pairs[number] for number in parts.held_out]
    new = [one for one in held if words_of(one) - words or one.template not in templates]
    shared = {one.clean.tokens for one in new} | {one.counterfactual.tokens for one in new}
    assert all(shared & {one.clean.tokens, one.counterfactual.tokens} for one in held)
    assert len(new) >= 0.8 * len(held)


def test_templates_are_held_out_as_well_as_names():
    made = generate("indirect-objects", byte_pairs(), n=200, seed=0)
    assert {kind for kind, _ in split(made).traits} == {"template", "word"}


def test_the_split_depends_on_the_seed_and_not_on_the_order():
    made = generate("pronouns", byte_pairs(), n=100, seed=0)
    turned = made.model_copy(update={"pairs": made.pairs[::-1]})
    held = split(made, seed=1)
    assert {99 - number for number in split(turned, seed=1).held_out} == set(held.held_out)
    assert split(made, seed=2).held_out != held.held_out
    assert split(made, seed=1) == held


def test_pairs_that_name_no_words_are_divided_by_the_words_of_their_texts():
    one, other = pair(), pair((1, 2, 9), (1, 4, 9))
    other = other.model_copy(update={"clean": other.clean.model_copy(update={"text": "all else"})})
    parts = split(task(one, other), share=0.5)
    assert len(parts.finding) == len(parts.held_out) == 1


def test_of_one_prompt_nothing_can_be_held_out():
    with pytest.raises(TaskError, match="one prompt") as caught:
        split(task())
    assert "Add prompts" in caught.value.hint


def test_prompts_of_the_same_words_cannot_be_divided():
    same = (pair((1, number), (2, number), words=("a", "b")) for number in range(8))
    with pytest.raises(TaskError, match="no word can be held out"):
        split(task(*same))


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_share_of_none_or_all_is_refused(share):
    with pytest.raises(TaskError, match="cannot be held out"):
        split(task(pair(), pair((7, 8), (8, 7))), share=share)


def test_no_clean_prompt_of_a_held_out_pair_is_a_prompt_of_one_for_finding():
    """Sixty clean prompts with two counterfactuals each; some are the counterfactual of others."""

    def made(clean, other):
        prompts = ((0, 1 + clean, 5), (0, 1 + other, 5))
        return pair(*prompts, words=(f"a{clean}", f"b{other}"))

    pairs = [made(n, 1000 + 2 * n + k) for n in range(60) for k in (0, 1)]
    pairs += [made(2000 + n, n) for n in range(0, 60, 5)]
    for seed in range(5):
        parts = split(task(*pairs), seed=seed)
        found = [pairs[number] for number in parts.finding]
        seen = {side.tokens for one in found for side in (one.clean, one.counterfactual)}
        assert parts.held_out
        assert not seen & {pairs[number].clean.tokens for number in parts.held_out}


def test_counterfactuals_of_one_prompt_cannot_be_divided():
    pairs = [pair((1, 2, 3), (1, 10 + n, 3), words=(f"b{n}",)) for n in range(6)]
    with pytest.raises(TaskError, match="can be held out"):
        split(task(*pairs))
