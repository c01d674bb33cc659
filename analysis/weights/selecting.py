"""The n largest of very many values in every row: several times faster than sorting them all."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

CHUNK = 64


def largest(
    values: Float[Tensor, "row width"], n: int
) -> tuple[Float[Tensor, "row n"], Int[Tensor, "row n"]]:
    """The n largest values of every row, falling, and where they stand.

    They can only stand in the n chunks of largest maximum, so only those are searched.
    """
    rows, width = values.shape
    n_chunks = width // CHUNK
    if n_chunks <= 2 * n:
        top = torch.topk(values, n, dim=1)
        return top.values, top.indices
    whole = n_chunks * CHUNK
    maxima = values[:, :whole].reshape(rows, n_chunks, CHUNK).amax(2)
    chunks = torch.topk(maxima, n, dim=1).indices
    places = (chunks[:, :, None] * CHUNK + torch.arange(CHUNK, device=values.device)).flatten(1)
    rest = torch.arange(whole, width, device=values.device).expand(rows, -1)
    places = torch.cat([places, rest], 1)
    top = torch.topk(values.gather(1, places), n, dim=1)
    return top.values, places.gather(1, top.indices)
