"""Values of units on other text: what means are taken over, and what resampling draws from."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import EditError
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.experiments import Reference

BATCH = 8
"""Windows of one length that are run at once."""


class ReferenceValues:
    """What enters the projections of some sites on the reference windows, run when first asked."""

    def __init__(
        self,
        model: EditableModel,
        reference: Reference | None,
        sites: Sequence[str],
        check: Check,
    ) -> None:
        self._model = model
        self._reference = reference
        self._sites = list(dict.fromkeys(sites))
        self._check = check
        self._values: list[dict[str, Tensor]] | None = None

    @property
    def given(self) -> bool:
        return self._reference is not None

    def mean(self, site: str) -> Float[Tensor, " values"]:
        """Over all tokens but the first of each window, as statistics are counted."""
        values = [window[site] for window in self.values]
        counted = [window[1:] if len(window) > 1 else window for window in values]
        return torch.cat(counted).float().mean(0)

    def mean_by_position(self, site: str, positions: Sequence[int]) -> Float[Tensor, "value width"]:
        """Over the windows that reach each position."""
        found = []
        for position in positions:
            there = [
                window[site][position] for window in self.values if len(window[site]) > position
            ]
            if not there:
                longest = max(len(window[site]) for window in self.values)
                raise EditError(
                    f"no reference window reaches position {position}: the longest has {longest} "
                    "tokens",
                    hint="Take the mean over all positions, or edit earlier positions.",
                )
            found.append(torch.stack(there).float().mean(0))
        return torch.stack(found)

    def drawn(
        self, site: str, positions: Sequence[int], generator: torch.Generator
    ) -> Float[Tensor, "value width"]:
        """From one window at random, at the same positions; beyond its end, at random ones."""
        values = self.values[int(torch.randint(len(self.values), (), generator=generator))][site]
        n = len(values)
        found = [
            position if position < n else int(torch.randint(n, (), generator=generator))
            for position in positions
        ]
        return values[found].float()

    @property
    def values(self) -> list[dict[str, Tensor]]:
        """Per window and site [pos, neuron] or [pos, heads · d_head]."""
        if self._values is None:
            self._values = self._run()
        return self._values

    def _run(self) -> list[dict[str, Tensor]]:
        if self._reference is None:
            raise EditError(
                "there are no reference windows to take means over or to draw from",
                hint="Sweep the model over a corpus first, or give the other prompt (source).",
            )
        windows = self._reference.windows
        found: list[dict[str, Tensor]] = [{} for _ in windows]
        by_length: dict[int, list[int]] = {}
        for number, window in enumerate(windows):
            if not window or max(window) >= self._model.facts.n_vocab:
                raise EditError(
                    f"reference window {number} is empty or has ids that the model does not have",
                    hint="Give windows of this model's own vocabulary.",
                )
            by_length.setdefault(len(window), []).append(number)
        for numbers in by_length.values():
            for start in range(0, len(numbers), BATCH):
                some = numbers[start : start + BATCH]
                tokens = torch.tensor([windows[number] for number in some])
                values = self._model.trace(tokens, check=self._check).values
                for row, number in enumerate(some):
                    found[number] = {site: values[site][row].clone() for site in self._sites}
        return found
