"""A whole-word tokenizer that knows what the generators write."""

from functools import cache

from analysis.tasks.generating import GENERATORS, generate
from tests.analysis.tasks.readers import byte_pairs, whole_words


@cache
def known_words():
    """Of the generators' own texts, and all years: read word by word, spaces apart."""
    texts = [f"{century}{number:02}" for century in range(11, 19) for number in range(100)]
    for kind in GENERATORS:
        for pair in generate(kind, byte_pairs(), n=200, seed=5).pairs:
            texts += [pair.clean.text, pair.counterfactual.text]
            texts += [token.text for token in (*pair.right, *pair.wrong)]
    return whole_words(texts)
