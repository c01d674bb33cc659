"""Which role may do what, with which model."""

import pytest

from app.auth.actor import Actor
from app.auth.rights import RIGHTS, Right, may, models_seen, role_with
from app.errors import ForbiddenError, NotFoundError
from app.store.accounts.members import ROLES
from app.store.views.account import Person


def person(**options) -> Person:
    known = {"account_id": 1, "name": "bo", "full_name": "", "is_administrator": False, "roles": {}}
    return Person(**{**known, **options})


def test_each_role_may_do_what_those_below_it_may() -> None:
    assert list(RIGHTS) == list(reversed(ROLES))
    for lower, higher in zip(RIGHTS.values(), list(RIGHTS.values())[1:], strict=False):
        assert lower < higher
    assert RIGHTS["owner"] == set(Right)


def test_a_role_with_one_model_goes_before_that_with_every_model() -> None:
    bo = person(roles={None: "reviewer", "secret": "viewer"})
    assert (role_with(bo, "toy"), role_with(bo, "secret")) == ("reviewer", "viewer")
    assert may(bo, Right.REVIEW, "toy")
    assert not may(bo, Right.REVIEW, "secret")


def test_without_a_role_nothing_is_seen() -> None:
    assert models_seen(person()) == frozenset()
    assert models_seen(person(roles={"toy": "viewer"})) == {"toy"}
    assert models_seen(person(roles={None: "viewer", "toy": "owner"})) is None
    assert models_seen(person(is_administrator=True)) is None
    assert not any(may(person(), right, "toy") for right in Right)


def test_a_token_may_do_less_than_its_account() -> None:
    limited = person(is_administrator=True, scopes=["see"], token="t")
    assert may(limited, Right.SEE, "toy")
    assert not may(limited, Right.ANNOTATE, "toy")
    assert models_seen(person(roles={"toy": "owner"}, scopes=["run"])) == frozenset()
    assert not Actor(name="bo", person=limited).is_administrator


def test_what_is_not_seen_is_not_there_and_what_is_seen_may_be_forbidden() -> None:
    bo = Actor(name="bo", person=person(roles={"toy": "viewer"}))
    bo.require(Right.SEE, "toy")
    with pytest.raises(ForbiddenError, match="may not annotate with the model 'toy'"):
        bo.require(Right.ANNOTATE, "toy")
    with pytest.raises(NotFoundError, match="There is no model 'other'"):
        bo.require(Right.ANNOTATE, "other")


def test_alone_everything_may_be_done() -> None:
    alone = Actor(name="local owner")
    assert alone.is_administrator
    assert alone.sees is None
    for right in Right:
        alone.require(right, "toy")
