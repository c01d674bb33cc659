"""Small pools for the tests of scoring."""

import numpy as np

from analysis.score.pools import PoolText, prepare_pool


def pool_of(n_windows, n_pos, *, documents=None, lengths=None, counted_from=0, **options):
    """Windows of full length, each a document of its own, unless said otherwise."""
    text = PoolText(
        lengths=np.array([n_pos] * n_windows if lengths is None else lengths, np.int64),
        documents=np.array(range(n_windows) if documents is None else documents, np.int64),
        numbers=np.arange(100, 100 + n_windows),
        counted_from=counted_from,
    )
    return prepare_pool(text, n_pos=n_pos, **options)
