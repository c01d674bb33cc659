"""Metrics on logits that can be worked out by hand."""

from math import log

import pytest
import torch

from analysis.solving.metrics import (
    NONE,
    Targets,
    answers_of,
    are_right,
    log_sum,
    metric_values,
    ranks,
    targets_of,
)
from analysis.tasks.task import Metric
from tests.analysis.tasks.test_task import pair

LOGITS = torch.tensor([[1.0, 2.0, 4.0, 4.0], [0.0, log(2), log(3), log(6)]])
CPU = torch.device("cpu")


def targets(right, wrong):
    return Targets(torch.tensor(right), torch.tensor(wrong))


def values(kind, right, wrong, clean=LOGITS):
    return metric_values(Metric(kind=kind), LOGITS, targets(right, wrong), clean).tolist()


def test_the_difference_of_two_tokens_is_that_of_their_logits():
    assert values("logit_difference", [[2], [3]], [[0], [1]]) == pytest.approx([3.0, log(3)])


def test_several_tokens_count_together():
    found = values("logit_difference", [[2, 3], [2, 3]], [[0, NONE], [0, 1]])
    assert found == pytest.approx([3.0 + log(2), log(9 / 3)])


def test_the_log_probability_is_of_all_right_answers_together():
    found = values("log_probability", [[3, NONE], [1, 2]], [[0], [0]])
    assert found[1] == pytest.approx(log(5 / 12))
    assert found[0] == pytest.approx(LOGITS[0].log_softmax(0)[3].item())


def test_kl_is_that_of_the_clean_distribution_from_this_one():
    clean = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, log(2), log(3), log(6)]])
    found = values("kl", [[0], [0]], [[1], [1]], clean)
    p = torch.full((4,), 0.25)
    q = LOGITS[0].softmax(0)
    assert found == pytest.approx([(p * (p / q).log()).sum().item(), 0.0], abs=1e-6)


def test_own_tokens_are_the_same_for_all_pairs():
    metric = Metric(
        kind="own_tokens", raised=({"id": 3, "text": "d"},), lowered=({"id": 1, "text": "b"},)
    )
    found = metric_values(metric, LOGITS, targets_of(metric, [pair()] * 2, device=CPU), LOGITS)
    assert found.tolist() == pytest.approx([2.0, log(3)])


def test_own_tokens_with_none_to_go_down_are_held_against_the_mean_of_all():
    metric = Metric(kind="own_tokens", raised=({"id": 3, "text": "d"},))
    asked = targets_of(metric, [pair()] * 2, device=CPU)
    one, other = (metric_values(metric, LOGITS + by, asked, LOGITS).tolist() for by in (0, 5))
    assert one == pytest.approx(other, abs=1e-5)
    assert one[0] == pytest.approx(4 - 11 / 4)


def test_right_is_who_stands_above_all_wrong_ones_and_a_tie_is_not():
    answers = targets([[2, NONE], [0, 3]], [[0, 3], [1, 2]])
    assert are_right(LOGITS, answers).tolist() == [False, True]


def test_where_no_wrong_answer_is_named_all_other_tokens_are_wrong():
    answers = Targets(torch.tensor([[1], [3]]), torch.zeros((2, 0), dtype=torch.int64))
    assert are_right(LOGITS, answers).tolist() == [False, True]
    assert are_right(LOGITS, targets([[1], [3]], [[0], [NONE]])).tolist() == [True, True]


def test_the_rank_counts_from_one():
    assert ranks(LOGITS, torch.tensor([[0, 1], [3, NONE]])).tolist() == [3, 1]


def test_answers_of_different_number_stand_in_one_table():
    found = answers_of([pair(right=(5,)), pair(right=(5, 7))], device=CPU)
    assert found.right.tolist() == [[5, NONE], [5, 7]]
    assert found.wrong.tolist() == [[6], [6]]


def test_the_metric_can_be_differentiated_also_where_rows_are_filled_up():
    logits = LOGITS.clone().requires_grad_()
    log_sum(logits, torch.tensor([[1, NONE], [2, 3]])).sum().backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[0].tolist() == [0, 1, 0, 0]
