"""Who acts. Every route with an unsafe method depends on `get_actor`; a test walks the routes.

While nobody has an account, whoever reaches the server is its local owner: it listens on this
machine alone. From the first account on, everybody has to say who they are (`identifying.py`).
"""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from app.auth.identifying import identify
from app.auth.rights import Right, could_be_asked, may, may_everywhere, may_somewhere, models_seen
from app.errors import ForbiddenError, SignInError
from app.store.audit.noting import By
from app.store.locating import no_model
from app.store.views.account import LOCAL_OWNER, Person


class Actor(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    person: Person | None = None
    """None: nobody has an account."""

    @property
    def by(self) -> By:
        """As the audit log names them."""
        return By(self.name, None if self.person is None else self.person.token)

    @property
    def sees(self) -> frozenset[str] | None:
        """Names of models; None: all."""
        return None if self.person is None else models_seen(self.person)

    @property
    def is_administrator(self) -> bool:
        if self.person is None:
            return True
        return self.person.is_administrator and self.person.scopes is None

    def may(self, right: Right, model: str) -> bool:
        return self.person is None or may(self.person, right, model)

    def could_be_asked(self, model: str) -> bool:
        """Whether a campaign may ask them to judge: what others say is kept from those, also where
        a token shows that may only read."""
        return self.person is None or could_be_asked(self.person, model)

    def may_somewhere(self, right: Right) -> bool:
        return self.person is None or may_somewhere(self.person, right)

    def may_everywhere(self, right: Right) -> bool:
        return self.person is None or may_everywhere(self.person, right)

    def require(self, right: Right, model: str) -> None:
        """Raises NotFoundError of a model that they do not see, which they are not told of, and
        ForbiddenError."""
        if self.may(right, model):
            return
        if not self.may(Right.SEE, model):
            raise no_model(model)
        raise self.refused(right, f"with the model {model!r}")

    def refused(self, right: Right, what: str) -> ForbiddenError:
        return ForbiddenError(
            f"{self.name} may not {right} {what}.",
            hint=f"It takes the right “{right}”. An administrator can give it; a token may also be "
            "limited to less.",
        )

    def require_administrator(self) -> None:
        """Raises ForbiddenError."""
        if not self.is_administrator:
            raise ForbiddenError(
                "Only administrators of this server may do that.",
                hint="Sign in as one; tokens cannot do it.",
            )


async def get_actor(request: Request) -> Actor:
    """Raises SignInError where somebody has to sign in and has not."""
    known: Actor | None = getattr(request.state, "actor", None)
    if known is None:
        known = await _find(request)
        request.state.actor = known
    return known


async def _find(request: Request) -> Actor:
    found = await identify(request)
    if isinstance(found, Person):
        return Actor(name=found.name, person=found)
    if found == "alone":
        return Actor(name=LOCAL_OWNER)
    raise SignInError(
        "Nobody is signed in here."
        if found == "nobody"
        else "What was shown lets nobody in: it has expired, was revoked, or is incomplete.",
        hint="Sign in at /login. Programs send a token: Authorization: Bearer pc_…",
    )


CurrentActor = Annotated[Actor, Depends(get_actor)]
