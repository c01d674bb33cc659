"""What a page offers: forms, buttons and downloads that whoever looks at it may use, and no others.

    {% if may("run", model) %} … {% else %}{{ "run"|lacking }}{% endif %}

It is told by what the guard of the routes goes by, so that nobody is offered a refusal; the guard
asks again all the same.
"""

from typing import Any

from fastapi import Request

from app.rendering.rights import RIGHTS


class Permitted:
    """`may` in templates."""

    def __init__(
        self,
        actor: Any,  # noqa: ANN401 - rendering knows nothing of who acts
        *,
        sealed: bool = False,
    ) -> None:
        self._actor = actor
        self.sealed = sealed

    def __call__(
        self,
        right: str,
        model: str | None = None,
        *,
        others: str | None = None,
        maker: str | None = None,
    ) -> bool:
        """`model` None: with one model at least. `others`: the right that it takes instead, where
        `maker` is somebody else. KeyError: it is no right."""
        if others is not None and maker not in {None, self.name}:
            right = others
        assert RIGHTS[right]  # noqa: S101 - a slip in a template would hide what somebody may do
        if self._actor is None:
            return False
        if model is None:
            return bool(self._actor.may_somewhere(right))
        return bool(self._actor.may(right, model))

    def everywhere(self, right: str) -> bool:
        """With every model, also those that are yet to come."""
        return self._actor is not None and bool(self._actor.may_everywhere(right))

    @property
    def administer(self) -> bool:
        """Whether they run this server."""
        return self._actor is not None and bool(self._actor.is_administrator)

    @property
    def download(self) -> str:
        """The attribute of links to files: none where the server is sealed, and may lead to the
        page where one asks for them."""
        return "" if self.sealed else "download"

    @property
    def name(self) -> str | None:
        return None if self._actor is None else self._actor.name


def permitted(request: Request) -> Permitted:
    """From what is known of the request already: asks nobody."""
    settings = getattr(request.app.state, "settings", None)
    sealed = bool(getattr(settings, "sealed", False))
    return Permitted(getattr(request.state, "actor", None), sealed=sealed)
