"""Roles, rights and browsers have words."""

import pytest

from app.auth.rights import Right
from app.rendering.device import device
from app.rendering.rights import RIGHTS, ROLES
from app.store.accounts import members


def test_every_right_and_every_role_has_words() -> None:
    assert list(RIGHTS) == [right.value for right in Right]
    assert set(ROLES) == set(members.ROLES)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            "like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.1", "curl"),
        ("something else", "something else"),
        ("", "a program without a name"),
    ],
)
def test_a_browser_is_named_in_few_words(given: str, words: str) -> None:
    assert device(given) == words
