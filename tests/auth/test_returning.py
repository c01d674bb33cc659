"""Only paths of ours are come back to."""

import pytest

from app.auth.returning import ours

ELSEWHERE = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "/a\\b",
    "https://evil.example", "http:evil.example", "javascript:alert(1)", "data:text/html,x",
    "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "evil.example",
    "/ /evil.example", "/\x00", "/\x7f", "/ok\r\nSet-Cookie: a=b", "/é", "/\u2028", "",
    "/login", "/login?next=/", "/login/secret", "/logout", "/" + "a" * 3000,
)  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_what_leads_elsewhere_or_nowhere_becomes_home(path: str) -> None:
    assert ours(path) == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/jobs",
        "/m/synthetic/mlp.1/7?show=top#x",
        "/search?q=a%20b%2F%2F",
        "/loginless",
        "/m/a//b",
    ],
)
def test_a_path_of_ours_stays_as_it_is(path: str) -> None:
    assert ours(path) == path
