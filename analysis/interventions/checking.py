"""Edits that do not fit the model, the prompt or each other are refused, with the reason."""

from collections.abc import Sequence

from analysis.errors import EditError
from analysis.models.subject import SubjectModel
from analysis.protocol.edits import Edit, Positions

Place = tuple[str, int | None, int]
"""Site, unit, position."""


def check_edits(model: SubjectModel, edits: Sequence[Edit], n_pos: int) -> None:
    """Raises EditError for the first thing that is wrong."""
    sizes = {site.name: site.n_units for site in model.sites}
    for edit in edits:
        _check_place(model, edit, sizes)
        _check_positions(edit, n_pos)
        if edit.direction is not None and edit.direction.unit is not None:
            unit = edit.direction.unit
            _check_unit(unit.site, unit.index, sizes)
    _check_contradictions(edits, n_pos)


def positions_in(positions: Positions, n_pos: int) -> list[int]:
    """Positions of the prompt at which an edit acts; none where only new tokens are edited."""
    if positions.kind == "chosen":
        return sorted(positions.chosen)
    if positions.kind == "last":
        return list(range(n_pos - positions.last, n_pos))
    return list(range(n_pos)) if positions.kind == "all" else []


def _check_place(model: SubjectModel, edit: Edit, sizes: dict[str, int]) -> None:
    if edit.index is not None:
        _check_unit(edit.site, edit.index, sizes)
    elif edit.layer >= model.facts.n_layers:
        raise EditError(
            f"{edit.site}: the model has no layer {edit.layer}",
            hint=f"Its layers run from 0 to {model.facts.n_layers - 1}.",
        )
    vector = None if edit.direction is None else edit.direction.vector
    if vector is not None and len(vector) != model.facts.d_model:
        raise EditError(
            f"{edit.site}: the vector has {len(vector)} numbers, the residual stream has "
            f"{model.facts.d_model}",
            hint="Give a vector that was made for this model.",
        )


def _check_unit(site: str, index: int, sizes: dict[str, int]) -> None:
    if site not in sizes:
        first, *_, last = sizes
        raise EditError(
            f"the model has no site {site}", hint=f"Its sites run from {first} to {last}."
        )
    if index >= sizes[site]:
        raise EditError(
            f"there is no unit {site}/{index}",
            hint=f"The units of {site} run from 0 to {sizes[site] - 1}.",
        )


def _check_positions(edit: Edit, n_pos: int) -> None:
    last = max(edit.positions.chosen, default=edit.positions.last - 1)
    if last >= n_pos:
        asked = f"position {last}" if edit.positions.chosen else f"the last {last + 1} tokens"
        raise EditError(
            f"{edit.name}: there is no such place as {asked}: the prompt has {n_pos} tokens",
            hint=f"Positions run from 0 to {n_pos - 1}.",
        )


def _check_contradictions(edits: Sequence[Edit], n_pos: int) -> None:
    taken: dict[Place, Edit] = {}
    for edit in edits:
        if edit.index is None:
            continue  # what is added to the stream adds up
        # a place after the prompt stands for every new token
        new = [n_pos] if edit.positions.kind in ("all", "new") else []
        for position in (*positions_in(edit.positions, n_pos), *new):
            other = taken.setdefault((edit.site, edit.index, position), edit)
            if other is not edit and {edit.operation, other.operation} != {"add"}:
                where = "new tokens" if position == n_pos else f"position {position}"
                raise EditError(
                    f"{edit.name} has two edits at {where}, {_told(other)} and {_told(edit)}: "
                    "which one should hold is not for us to choose",
                    hint="Remove one, or give them different positions. Only additions add up.",
                )


def _told(edit: Edit) -> str:
    return edit.operation if edit.value is None else f"{edit.operation} {edit.value:g}"
