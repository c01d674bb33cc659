"""Values of units on other text: what means are taken over, and what resampling draws from."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.clean import CleanRuns, WindowValues
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.experiments import Reference

BATCH = 8
"""Windows of one length that are run at once."""


class ReferenceValues:
    """What enters the projections of some sites on the reference windows: run when first asked."""

    def __init__(
        self,
        model: EditableModel,
        reference: Reference | None,
        sites: Sequence[str],
        runs: CleanRuns,
        check: Check,
    ) -> None:
        self._model = model
        self._reference = reference
        self._sites = list(dict.fromkeys(sites))
        self._runs = runs
        self._check = check

    @property
    def given(self) -> bool:
        return self._reference is not None

    def mean(self, site: str) -> Float[Tensor, " values"]:
        """Over all tokens but the first of each window, as statistics are counted."""
        values = self._values(site)
        counted = [window[1:] if len(window) > 1 else window for window in values]
        return torch.cat(counted).float().mean(0)

    def mean_by_position(self, site: str, positions: Sequence[int]) -> Float[Tensor, "value width"]:
        """Over the windows that reach each position."""
        found, values = [], self._values(site)
        for position in positions:
            there = [window[position] for window in values if len(window) > position]
            if not there:
                longest = max(len(window) for window in values)
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
        windows = self._values(site)
        values = windows[int(torch.randint(len(windows), (), generator=generator))]
        n = len(values)
        found = [
            position if position < n else int(torch.randint(n, (), generator=generator))
            for position in positions
        ]
        return values[found].float()

    def _values(self, site: str) -> Sequence[Tensor]:
        """Per window [pos, neuron] or [pos, heads · d_head]."""
        if self._reference is None:
            raise EditError(
                "there are no reference windows to take means over or to draw from",
                hint="Sweep the model over a corpus first, or give the other prompt (source).",
            )
        windows = self._reference.windows
        return self._runs.window_values(windows, self._sites, self._run)[site].windows

    def _run(self, sites: Sequence[str]) -> dict[str, WindowValues]:
        windows = () if self._reference is None else self._reference.windows
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
                    found[number] = {site: values[site][row].clone() for site in sites}
        return {site: WindowValues(tuple(window[site] for window in found)) for site in sites}
