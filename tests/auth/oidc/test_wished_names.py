"""What a provider calls somebody becomes the name of an account."""

import pytest

from app.auth.oidc.identity import name_of


@pytest.mark.parametrize(
    ("wished", "name"),
    [
        ("Ada.L@lab.example", "ada.l"),
        ("Zoë Ü", "zo"),
        ("../x", "x"),
        ("--", ""),
        ("a" * 99, "a" * 60),
    ],
)
def test_a_wish_becomes_a_name(wished: str, name: str) -> None:
    assert name_of(wished) == name
