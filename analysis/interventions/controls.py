"""The same edits of random other units of the same sites: what any unit's edit would do."""

from collections.abc import Sequence

import numpy as np

from analysis.models.tracing import EditableModel
from analysis.protocol.edits import Direction, Edit, UnitRef


def draw_control(
    model: EditableModel, edits: Sequence[Edit], *, seed: int, number: int
) -> list[Edit] | None:
    """Every edited unit replaced by one drawn from the site's other units, every direction by a
    random one of the same length; edits of one unit stay edits of one unit.

    A mean that was given is the edited unit's own, so the control takes its own instead. None: a
    site has too few units that are not edited.
    """
    rng = np.random.default_rng([seed, number])
    sizes = {site.name: site.n_units for site in model.sites}
    instead: dict[tuple[str, int], int] = {}
    for site in dict.fromkeys(edit.site for edit in edits if edit.index is not None):
        edited = sorted(
            {edit.index for edit in edits if edit.site == site and edit.index is not None}
        )
        others = np.setdiff1d(np.arange(sizes[site]), edited)
        if len(others) < len(edited):
            return None
        drawn = rng.choice(others, size=len(edited), replace=False)
        instead |= {(site, old): int(new) for old, new in zip(edited, drawn, strict=True)}
    found = []
    for edit in edits:
        if edit.index is None:
            direction = _other_direction(model, edit, sizes, rng)
            found.append(edit.model_copy(update={"direction": direction}))
            continue
        changed: dict[str, object] = {"index": instead[edit.site, edit.index]}
        if edit.operation == "mean":
            changed["value"] = None
        found.append(edit.model_copy(update=changed))
    return found


def _other_direction(
    model: EditableModel, edit: Edit, sizes: dict[str, int], rng: np.random.Generator
) -> Direction:
    """Of a neuron, the direction of another of its site: a random one mostly lies where the model
    does not look. Of any other, a random one."""
    unit = None if edit.direction is None else edit.direction.unit
    if unit is None or sizes[unit.site] < 2:
        return _random_direction(model, rng)
    drawn = int(rng.integers(sizes[unit.site] - 1))
    other = UnitRef(site=unit.site, index=drawn + (drawn >= unit.index))
    return Direction(kind="unit", unit=other, normalised=True)


def _random_direction(model: EditableModel, rng: np.random.Generator) -> Direction:
    """Of length 1: whoever resolves the edit gives it the length of the one it stands for."""
    vector = rng.normal(size=model.facts.d_model)
    return Direction(
        kind="vector", vector=tuple((vector / np.linalg.norm(vector)).tolist()), normalised=True
    )
