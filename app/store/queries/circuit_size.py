"""Whether a circuit is so large that few may be read at once."""

import zlib
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.paging import is_name
from app.store.slugs import is_named
from app.store.tables import CircuitTable, ModelTable

LARGE: Final = 4 * 2**20
"""Bytes of JSON: as objects about 15 times as many, and a third of a second."""
AT_ONCE: Final = 2**18


def is_large(session: Session, *, model: str, slug: str) -> bool:
    """False also where there is no such circuit: whoever reads it says so. It is unpacked as far as
    that takes, for what it is packed to says little: nodes that are alike take next to nothing."""
    if not (is_named(slug) and is_name(model)):
        return False
    query = select(CircuitTable.content).join(ModelTable, ModelTable.id == CircuitTable.model_id)
    query = query.where(CircuitTable.slug == slug, ModelTable.name == model)
    left = session.scalar(query)
    unpacking = zlib.decompressobj()
    n_bytes = 0
    while left and n_bytes <= LARGE:
        n_bytes += len(unpacking.decompress(left, AT_ONCE))
        left = unpacking.unconsumed_tail
    return n_bytes > LARGE
