"""What else moved: units of later layers whose activations the edits changed most."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.interventions.clean import CleanRun
from analysis.interventions.resolving import Means
from analysis.models.tracing import EditableModel
from analysis.protocol.experiments import LayerMovement, MovedUnit
from analysis.records import Site


@dataclass(frozen=True)
class _Moved:
    site: Site
    sizes: Float[Tensor, " unit"]
    """Of each unit's change where it moved most, in deviations where these are known."""
    positions: Tensor
    before: Tensor
    after: Tensor
    control: Tensor | None
    """The control's change where that is largest, in the same unit as the sizes."""
    known: bool


class Downstream:
    """Is given the activations of edited runs, site by site, and keeps what moved most.

    Position 0 is left out where there are others: its activations are of another size in most
    models, and every edit of it moves them.
    """

    def __init__(
        self, model: EditableModel, clean: CleanRun, means: Means | None, most: int
    ) -> None:
        self._model = model
        self._clean = clean
        self._means = means
        self._most = most
        self._from = 1 if clean.n_pos > 1 else 0
        self._found: list[_Moved] = []
        self._layers: list[LayerMovement] = []

    def __call__(self, site: Site, activations: Tensor) -> None:
        """Row 0 is the edited run, row 1 the first control, if there is one."""
        before = self._clean_values(site)[self._from :]
        rows = activations[:2, self._from :].float()
        change = rows - before
        widths = self._deviations(site, before)
        scaled = change / widths
        sizes, positions = scaled[0].abs().max(0)
        units = torch.arange(site.n_units, device=before.device)
        self._found.append(
            _Moved(
                site,
                sizes,
                positions + self._from,
                before[positions, units],
                rows[0, positions, units],
                _where_largest(scaled[1]) if len(rows) > 1 else None,
                self._means is not None,
            )
        )
        together = scaled.square().mean((1, 2)).sqrt().tolist()
        self._layers.append(
            LayerMovement(
                site=site.name,
                moved=together[0],
                control=together[1] if len(together) > 1 else None,
            )
        )

    @property
    def layers(self) -> tuple[LayerMovement, ...]:
        return tuple(self._layers)

    def units(self) -> tuple[MovedUnit, ...]:
        """Those that moved most, over all sites."""
        if not self._found or not self._most:
            return ()
        sizes = torch.cat([moved.sizes for moved in self._found])
        best = sizes.topk(min(self._most, len(sizes)))
        starts = list(accumulate((moved.site.n_units for moved in self._found), initial=0))
        return tuple(
            self._told(bisect_right(starts, place) - 1, starts, place)
            for size, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
            if size > 0
        )

    def _told(self, which: int, starts: list[int], place: int) -> MovedUnit:
        return _told(self._found[which], place - starts[which])

    def _clean_values(self, site: Site) -> Float[Tensor, "pos unit"]:
        value = self._clean.trace.values[site.name]
        found = value if site.kind == "mlp" else self._model.head_values(site.name, value)
        return found[0].float()

    def _deviations(self, site: Site, before: Float[Tensor, "pos unit"]) -> Tensor:
        """What a unit's change is measured in; never 0."""
        if self._means is not None:
            widths = self._means.deviations(site.name, site.n_units).to(before.device)
        else:
            widths = before.square().mean().sqrt().expand(site.n_units)
        # of what never varied there is no deviation to measure a change in
        return torch.where(widths > 0, widths, torch.inf)


def _where_largest(scaled: Float[Tensor, "pos unit"]) -> Float[Tensor, " unit"]:
    """Of each unit the change at the position where it is largest. The edit's is picked in the same
    way, and what is picked for being large must not stand beside what is not."""
    places = scaled.abs().argmax(0, keepdim=True)
    return scaled.gather(0, places)[0]


def _told(moved: _Moved, unit: int) -> MovedUnit:
    change = float(moved.after[unit] - moved.before[unit])
    size = float(moved.sizes[unit])
    control = None if moved.control is None else float(moved.control[unit])
    return MovedUnit(
        site=moved.site.name,
        index=unit,
        position=int(moved.positions[unit]),
        before=float(moved.before[unit]),
        after=float(moved.after[unit]),
        sigmas=(size if change > 0 else -size) if moved.known else None,
        control=control,
    )
