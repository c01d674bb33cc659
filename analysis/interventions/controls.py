"""The same edits of random other units of the same sites: what any unit's edit would do."""

from collections.abc import Sequence

import numpy as np

from analysis.models.tracing import EditableModel
from analysis.protocol.edits import Direction, Edit, UnitRef


def draw_control(
    model: EditableModel, edits: Sequence[Edit], *, seed: int, number: int
) -> list[Edit] | None:
    """Every edited unit replaced by one drawn from the site's other units, every direction by a
    random one of the same length; edits of one unit stay edits of one unit. No two controls of a
    seed have a unit in common, however many there are.

    A mean that was given is the edited unit's own, so the control takes its own instead. None: a
    site has too few units that are not edited.
    """
    sizes = {site.name: site.n_units for site in model.sites}
    instead: dict[tuple[str, int], int] = {}
    for site in dict.fromkeys(edit.site for edit in edits if edit.index is not None):
        edited = sorted(
            {edit.index for edit in edits if edit.site == site and edit.index is not None}
        )
        drawn = _drawn(site, sizes[site], edited, seed=seed, number=number)
        if drawn is None:
            return None
        instead |= {(site, old): new for old, new in zip(edited, drawn, strict=True)}
    found = []
    for place, edit in enumerate(edits):
        if edit.index is None:
            direction = _other_direction(model, edit, sizes, (seed, place, number))
            found.append(edit.model_copy(update={"direction": direction}))
            continue
        changed: dict[str, object] = {"index": instead[edit.site, edit.index]}
        if edit.operation == "mean":
            changed["value"] = None
        found.append(edit.model_copy(update=changed))
    return found


def _drawn(
    site: str, n_units: int, edited: Sequence[int], *, seed: int, number: int
) -> list[int] | None:
    """As many other units as are edited: the next of a random order of them all."""
    others = np.setdiff1d(np.arange(n_units), edited)
    order = np.random.default_rng([seed, *site.encode()]).permutation(others)
    drawn: list[int] = order[number * len(edited) : (number + 1) * len(edited)].tolist()
    return drawn if len(drawn) == len(edited) else None


def _other_direction(
    model: EditableModel, edit: Edit, sizes: dict[str, int], seeds: tuple[int, int, int]
) -> Direction:
    """Of a neuron, the direction of another of its site: a random one mostly lies where the model
    does not look. Of any other, and where no other neuron is left, a random one. `seeds`: that of
    all controls, the edit's place, the control's number."""
    unit = None if edit.direction is None else edit.direction.unit
    drawn = None
    if unit is not None:
        seed, place, number = seeds
        drawn = _drawn(
            f"{unit.site} {place}", sizes[unit.site], [unit.index], seed=seed, number=number
        )
    if unit is None or drawn is None:
        return _random_direction(model, np.random.default_rng(seeds))
    other = UnitRef(site=unit.site, index=drawn[0])
    return Direction(kind="unit", unit=other, normalised=True)


def _random_direction(model: EditableModel, rng: np.random.Generator) -> Direction:
    """Of length 1: whoever resolves the edit gives it the length of the one it stands for."""
    vector = rng.normal(size=model.facts.d_model)
    return Direction(
        kind="vector", vector=tuple((vector / np.linalg.norm(vector)).tolist()), normalised=True
    )
