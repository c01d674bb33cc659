"""Accounts, and what lets them in, as shown: never a secret, nor what one could be guessed from."""

from datetime import datetime
from typing import Final, Literal

from app.store.views.base import View

Role = Literal["owner", "admin", "reviewer", "annotator", "viewer"]
LinkKind = Literal["login", "invite", "reset"]

LOCAL_OWNER: Final = "local owner"
"""Whoever acts on the machine itself. Nobody else is called so: names have no spaces."""


class Membership(View):
    model: str | None
    """None: every model."""
    role: Role


class MemberView(View):
    """Somebody with a role with one model."""

    name: str
    full_name: str
    role: Role
    """The one that counts."""
    own_role: Role | None
    """The one with this model; None: none of its own."""
    role_everywhere: Role | None
    """The one with every model, which administrators give."""


class NewInviteView(View):
    """An invite to a model."""

    link: str
    """Told this once: whoever opens it makes an account with the role, once."""


class AccountView(View):
    id: int
    name: str
    full_name: str
    is_administrator: bool
    has_password: bool
    has_identity: bool
    """From OpenID Connect."""
    created_at: datetime
    disabled_at: datetime | None
    memberships: list[Membership]


class LoginView(View):
    """One browser that somebody is signed in with."""

    id: int
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class LinkView(View):
    id: int
    kind: LinkKind
    account: str | None
    """Whom it lets in; None of an invite."""
    role: Role | None
    model: str | None
    note: str
    actor: str
    created_at: datetime
    expires_at: datetime


class TokenView(View):
    id: int
    name: str
    ending: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewTokenView(TokenView):
    secret: str
    """What the program shows: told this once."""


class SelfView(View):
    """Whoever asks."""

    name: str
    full_name: str
    is_administrator: bool
    """May do everything on this server; no token may."""
    roles: list[Membership]
    token: str | None
    """Name of the token that was shown; None: none was."""
    scopes: list[str] | None
    """What the token is limited to, of what its account may."""


class Person(View):
    """Who stands behind a request: an account that may come in, with what it may do where."""

    account_id: int
    name: str
    full_name: str
    is_administrator: bool
    roles: dict[str | None, Role]
    """By name of model; None: every model."""
    login_id: int | None = None
    token_id: int | None = None
    token: str | None = None
    """The token's name."""
    scopes: list[str] | None = None
    """What a token is limited to; None: no token."""
