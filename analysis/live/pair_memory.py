"""How much memory pairs of prompts take that are traced, and of them those that stay."""

from collections.abc import Sequence

from analysis.records import ModelFacts
from analysis.tasks.prompting import alike_in_length
from analysis.tasks.task import Pair


def bytes_of(
    facts: ModelFacts,
    kept: Sequence[Pair],
    averaged: Sequence[Pair],
    itemsize: int,
    *,
    n_sides: int = 1,
) -> int:
    """At most, of what is kept of so many sides of some pairs, and while the largest batch of them
    or of those that are averaged is run: both of its sides whole, and the attention patterns of one
    layer."""
    handed_on = facts.n_layers * (facts.d_mlp + facts.n_heads * facts.d_head)
    n_tokens = n_sides * sum(len(pair.clean.tokens) for pair in kept)
    staying = n_tokens * (handed_on + 4 * facts.d_model)
    whole = handed_on + (facts.n_layers + 2) * facts.d_model
    running = 0
    for pairs in (kept, averaged):
        for numbers in alike_in_length(pairs):
            n_rows, n_pos = len(numbers), len(pairs[numbers[0]].clean.tokens)
            patterns = n_rows * facts.n_heads * n_pos**2
            running = max(running, 2 * n_rows * n_pos * whole + patterns)
    return itemsize * (staying + running)
