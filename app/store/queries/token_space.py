"""How a model's tokens lie to each other, for programs that say `near`."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.packing import unpack
from app.store.tables import TokenSpaceTable

KEPT: Final = 2


@dataclass(frozen=True)
class TokenSpace:
    method: str
    vectors: NDArray[np.int8]
    """[vocab, n_dims], unit length times 127; read-only."""


def get_token_space(session: Session, *, model_id: int, tokenizer_sha256: str) -> TokenSpace | None:
    """None where no explain run has stored it yet. It is kept: an embedding never changes."""
    key = (session.get_bind().engine.url, model_id, tokenizer_sha256)
    with _lock:
        if key in _spaces:
            _spaces.move_to_end(key)
            return _spaces[key]
    row = session.execute(
        select(TokenSpaceTable.n_dims, TokenSpaceTable.method, TokenSpaceTable.vectors).filter_by(
            model_id=model_id
        )
    ).one_or_none()
    if row is None:
        return None
    space = TokenSpace(row.method, unpack(row.vectors, np.int8, -1, row.n_dims))
    with _lock:
        _spaces[key] = space
        while len(_spaces) > KEPT:
            _spaces.popitem(last=False)
    return space


_spaces: OrderedDict[tuple[Any, int, str], TokenSpace] = OrderedDict()
_lock = Lock()
