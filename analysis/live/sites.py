"""The sites that a request names, as this model has them."""

from collections.abc import Iterable

from analysis.errors import ModelError
from analysis.models.subject import SubjectModel
from analysis.protocol.edits import UnitRef
from analysis.records import Site


def sites_of(model: SubjectModel, names: Iterable[str] | None) -> list[Site]:
    """Those named, each once and in the model's order; all for None. ModelError: no such site."""
    if names is None:
        return list(model.sites)
    wanted = set(names)
    there = {site.name for site in model.sites}
    for name in sorted(wanted - there):
        raise ModelError(
            f"the model has no site {name!r}",
            hint=f"Its sites run from {model.sites[0].name} to {model.sites[-1].name}.",
        )
    return [site for site in model.sites if site.name in wanted]


def require_units(model: SubjectModel, units: Iterable[UnitRef]) -> None:
    """ModelError: a unit's site is not there, or has not so many units."""
    units = list(units)
    sizes = {site.name: site.n_units for site in sites_of(model, {unit.site for unit in units})}
    for unit in units:
        n_units = sizes[unit.site]
        if unit.index >= n_units:
            raise ModelError(
                f"{unit.site} has no unit {unit.index}: it has {n_units:,}",
                hint=f"Name one from 0 to {n_units - 1}.",
            )
