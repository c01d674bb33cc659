"""Memory of traced pairs, counted by hand."""

from analysis.live.pair_memory import bytes_of
from analysis.records import ModelFacts
from analysis.tasks.task import Pair, Side

FACTS = ModelFacts(
    architecture="gpt2",
    n_layers=2,
    d_model=3,
    d_mlp=5,
    n_heads=2,
    d_head=1,
    n_ctx=100,
    n_vocab=100,
    n_parameters=1,
    gated=False,
    activation_function="torch.nn.functional.gelu",
    norm="none",
    norm_behind=False,
    linear_head=True,
    quantised=None,
    causal=True,
    bos_token_id=None,
    named_bos_token_id=None,
    weights_sha256="0" * 64,
    tokenizer_sha256="0" * 64,
)


def pairs(n: int, length: int) -> list[Pair]:
    clean, other = (Side(text="", tokens=(first,) * length) for first in (1, 2))
    return [Pair(clean=clean, counterfactual=other)] * n


def test_what_stays_and_the_largest_batch_with_both_sides_and_patterns_are_counted() -> None:
    handed_on = 2 * (5 + 2 * 1)
    staying = 3 * 4 * (handed_on + 4 * 3)
    running = 2 * 3 * 4 * (handed_on + 4 * 3) + 3 * 2 * 4**2
    assert bytes_of(FACTS, pairs(3, 4), (), 4) == 4 * (staying + running)


def test_pairs_that_are_averaged_are_run_and_do_not_stay() -> None:
    least = bytes_of(FACTS, pairs(1, 4), (), 4)
    assert bytes_of(FACTS, pairs(1, 4), pairs(1, 4), 4) == least
    longer = bytes_of(FACTS, pairs(1, 4), pairs(1, 40), 4)
    assert longer - least == 4 * (2 * 36 * 26 + 2 * (40**2 - 4**2))


def test_a_batch_is_of_no_more_pairs_than_are_run_together() -> None:
    eight, nine = (bytes_of(FACTS, (), pairs(n, 4), 1) for n in (8, 9))
    assert eight == nine
