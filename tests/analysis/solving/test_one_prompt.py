"""One prompt as a task: beside its own tokens in other orders."""

import pytest

from analysis.errors import TaskError
from analysis.solving.one_prompt import task_of_prompt


def test_a_prompt_is_held_against_its_own_tokens_in_other_orders(planted):
    task = task_of_prompt(planted, "the king was very new", seed=0)
    assert task.metric.kind == "log_probability"
    assert len({pair.counterfactual.tokens for pair in task.pairs}) == len(task.pairs) > 1
    for pair in task.pairs:
        assert pair.clean == task.pairs[0].clean
        assert sorted(pair.counterfactual.tokens) == sorted(pair.clean.tokens)
        assert pair.counterfactual.tokens[0] == pair.clean.tokens[0]
        assert pair.right == task.pairs[0].right
    assert task_of_prompt(planted, "the king was very new", seed=0) == task
    assert task_of_prompt(planted, "the king was very new", seed=1) != task


def test_a_prompt_that_has_no_other_order_is_refused(planted):
    for text in ("king", "king king king"):
        with pytest.raises(TaskError, match="another order"):
            task_of_prompt(planted, text)
