"""Addresses of a model's pages. All of them keep to the run that the reader asked for."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self
from urllib.parse import quote

from app.rendering.words import query

DEFAULTS: Final = {"split": "fit", "show": "overview", "seed": 0}
"""What a page takes where an address says nothing."""


@lru_cache(maxsize=4096)
def part(name: str) -> str:
    """A name as one part of a path; a page has the same few in a hundred links."""
    return quote(name, safe="")


@dataclass(frozen=True)
class ModelPages:
    """Where the pages of a model are. Parameters that are None or the default are left out."""

    model: str
    run: int | None = None
    """What the reader asked for; None for whichever run the model shows."""

    def within(self, run: int | None) -> Self:
        return replace(self, run=run)

    def front(self, **parameters: object) -> str:
        return f"/m/{part(self.model)}{self._query(parameters)}"

    def site(self, site: str, **parameters: object) -> str:
        return f"/m/{part(self.model)}/{part(site)}{self._query(parameters)}"

    def unit(self, site: str, index: int, **parameters: object) -> str:
        path = f"/m/{part(self.model)}/{part(site)}/{index}"
        return path + self._query(parameters)

    def scores(self) -> str:
        return f"/m/{part(self.model)}/scores{self._query({})}"

    def evidence(self) -> str:
        return f"/m/{part(self.model)}/evidence{self._query({})}"

    def disagreements(self, *number: int, **parameters: object) -> str:
        """All, or the one of an explanation; people judge explanations, not sweeps."""
        path = "/".join([f"/m/{part(self.model)}/disagreements", *map(str, number)])
        return path + query(parameters)

    def agreement(self, **parameters: object) -> str:
        return f"/m/{part(self.model)}/agreement{query(parameters)}"

    def people(self, *more: str) -> str:
        """Who may do what with the model. `more`: `invites`, and which one to withdraw."""
        return "/".join([f"/m/{part(self.model)}/people", *more])

    def experiments(self, **parameters: object) -> str:
        """They are of no sweep, so no run is asked for."""
        return f"/m/{part(self.model)}/experiments{query(parameters)}"

    def circuits(self, **parameters: object) -> str:
        """They are of no sweep, so no run is asked for."""
        return f"/m/{part(self.model)}/circuits{query(parameters)}"

    def circuit(self, slug: str, *more: str, **parameters: object) -> str:
        """`more`: `graph` or `compare`; `node`: which one is chosen."""
        path = "/".join([f"/m/{part(self.model)}/circuits", part(slug), *more])
        return path + query(parameters)

    def asked_of_circuit(self, slug: str, what: str) -> str:
        """Where scripts ask the loaded model: `prove`, `ablate`, `scrub`; and of what."""
        return f"/api/v1/models/{part(self.model)}/circuits/{part(slug)}/{what}"

    def tasks(self, **parameters: object) -> str:
        return f"/m/{part(self.model)}/tasks{query(parameters)}"

    def task(self, slug: str, **parameters: object) -> str:
        return f"/m/{part(self.model)}/tasks/{part(slug)}{query(parameters)}"

    def campaigns(self, **parameters: object) -> str:
        return f"/m/{part(self.model)}/campaigns{query(parameters)}"

    def campaign(self, slug: str, *more: object, **parameters: object) -> str:
        """`more`: `judge`, or what is done with it."""
        path = "/".join([f"/m/{part(self.model)}/campaigns", part(slug), *map(str, more)])
        return path + query(parameters)

    def playground(self, **parameters: object) -> str:
        """`edit` as it is typed, or several; `window` as run:number; `experiment` by its slug."""
        return f"/m/{part(self.model)}/playground{query(parameters)}"

    def live(self, site: str, index: int) -> str:
        """Where a text is tried on a unit."""
        return self.unit(site, index) + "/live"

    def text(self, **parameters: object) -> str:
        """Which units fire on a text, asked of the loaded model."""
        return f"/m/{part(self.model)}/text{query(parameters)}"

    def vectors(self, **parameters: object) -> str:
        return f"/m/{part(self.model)}/vectors{query(parameters)}"

    def comments(self, site: str, index: int) -> str:
        """What people say of a unit."""
        return self.unit(site, index).partition("?")[0] + "/comments" + self._query({})

    def activity(self, **parameters: object) -> str:
        """What people did; it is of no sweep."""
        return f"/m/{part(self.model)}/activity{query(parameters)}"

    def explanations(self, site: str, index: int, *more: object, **parameters: object) -> str:
        """All explanations of a unit, where a new one is sent to; `more` are parts of the path."""
        path = f"/m/{part(self.model)}/{part(site)}/{index}/explanations"
        return "/".join([path, *map(str, more)]) + self._query(parameters)

    def explanation(self, site: str, index: int, explanation_id: int) -> str:
        return self.explanations(site, index, explanation_id)

    def write(self, site: str, index: int, **parameters: object) -> str:
        """The form: `edit` names what becomes a new version, `start` what its text comes from."""
        return self.explanations(site, index, "new", **parameters)

    def random(self, seed: int) -> str:
        return f"/m/{part(self.model)}/random{query({'run': self.run, 'seed': seed})}"

    def _query(self, parameters: dict[str, object]) -> str:
        said = {key: value for key, value in parameters.items() if value != DEFAULTS.get(key)}
        return query({"run": self.run, **said})
