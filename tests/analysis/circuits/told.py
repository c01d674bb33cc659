"""A network whose metric is told by a table: what each unit adds to it, pair by pair."""

import numpy as np
import torch

from analysis.circuits.judging import Judge
from analysis.circuits.units import Units
from analysis.records import Site


def units_of(n: int, *, heads: int = 0) -> Units:
    """Neurons of one layer, then heads of the next."""
    sites = [Site(kind="mlp", layer=0, n_units=n)]
    if heads:
        sites.append(Site(kind="attn", layer=1, n_units=heads))
    return Units(tuple(sites))


class Added(Judge):
    """Each pair is a batch of its own, called by its number."""

    def __init__(self, worth: list[list[float]], empty: float = 0.0) -> None:
        table = np.array(worth)
        told = {
            "worth": table,
            "batches": tuple(range(len(table))),
            "units": units_of(table.shape[1]),
            "empty": np.full(len(table), empty),
            "whole": table.sum(1) + empty,
            "prompts": np.arange(len(table)),
            "check": None,
        }
        for name, value in told.items():
            object.__setattr__(self, name, value)

    def values(self, keep: torch.Tensor) -> np.ndarray:
        return np.asarray(self.worth @ keep.double().numpy() + self.empty)
