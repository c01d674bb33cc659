"""The tokens of a model, prepared for running programs: made once, kept for the next program."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary

KEPT: Final = 2


def prepared_vocabulary(texts: Sequence[str], vectors: NDArray[np.int8] | None) -> Vocabulary:
    """`texts` and `vectors` as the store keeps them: the same objects mean the same model."""
    key = (id(texts), id(vectors))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key][0]
    made = Vocabulary(texts, None if vectors is None else TokenSpace(vectors))
    with _lock:
        # what the key is made of is held with it, so that no other object gets the same id
        _kept[key] = made, (texts, vectors)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def any_vocabulary(texts: Sequence[str]) -> Vocabulary:
    """Of these tokens, with or without their space: whichever is there."""
    with _lock:
        for (texts_id, _), (made, _) in _kept.items():
            if texts_id == id(texts):
                return made
    return prepared_vocabulary(texts, None)


_kept: OrderedDict[tuple[int, int], tuple[Vocabulary, object]] = OrderedDict()
_lock = Lock()
