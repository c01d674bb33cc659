"""The key goes to its endpoint and nowhere else; without an endpoint nothing goes anywhere."""

import json
import logging
import pickle
import re
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from pydantic import SecretStr

from analysis.assistants.endpoint import configured_endpoint
from analysis.errors import AssistantError
from app.settings import Settings
from tests.analysis.assistants.asking import KEY, assistant, question
from tests.analysis.assistants.scripted import Play, dead_url, fails, object_says, says, scripted

ESCAPED = "".join(f"\\u{ord(letter):04X}" for letter in KEY)
PARTLY = "\\u0073" + KEY[1:].replace("4711", "4\\u003711").replace("-", "\\u002d")
assert json.loads(f'"{ESCAPED}"') == json.loads(f'"{PARTLY}"') == KEY


def says_as_it_is(content: str) -> Play:
    """A completion whose JSON is written by hand."""
    message = f'{{"role": "assistant", "content": "{content}"}}'
    return Play(body=f'{{"choices": [{{"finish_reason": "stop", "message": {message}}}]}}')


def unescaped(text: str) -> str:
    """With everything read that JSON could have escaped, however often."""
    for _ in range(4):
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return text.replace("\\", "")


def joined(text: str) -> str:
    """The tokens of an answer side by side."""
    return "".join(re.findall(r"text='([^']*)'", text))


ECHOES = [
    object_says({"number": 7}),
    says_as_it_is(f"Your key is {ESCAPED}"),
    says_as_it_is(f"Your key is {PARTLY}"),
    says(json.dumps({"number": 7, "key": "?"}).replace("?", ESCAPED)),
    says(json.dumps(json.dumps({"key": "?"})).replace("?", PARTLY)),
    says(json.dumps({"key": "?"}).replace("?", PARTLY.replace("\\", "\\u005c"))),
    says('{"number": 7}', places=[(part, {part: -0.1}) for part in (KEY[:4], KEY[4:])]),
    says('{"number": 7}', places=[("7", {KEY: -0.1})]),
    Play(401, f'{{"error": {{"message": "Incorrect API key: {ESCAPED}"}}}}'),
    Play(500, f'{{"error": {{"message": "{PARTLY}"}}}}'),
    Play(body=f'{{"hello": "{ESCAPED}"}}'),
    Play(401, "\0".join(KEY)),
    says(f"Your key is {KEY}"),
    fails(401, f"Incorrect API key provided: {KEY}"),
    fails(500, f"Authorization: Bearer {KEY}"),
    Play(body=f"<html>{KEY}</html>"),
]


@pytest.mark.parametrize("play", ECHOES)
def test_the_key_is_in_no_record_no_log_and_not_in_the_cache_even_if_it_is_echoed(
    play: Play, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "replies.sqlite"
    with scripted(play) as endpoint:
        with assistant(endpoint.url, cache=path) as asker:
            answered = asker.ask(question())
            said = repr(asker.tally) + repr(asker._endpoint)
        assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    everything = said + repr(answered) + repr([asdict(asked) for asked in answered.asked])
    assert KEY not in unescaped(everything)
    assert KEY not in joined(everything)
    assert KEY not in unescaped(caplog.text)
    with assistant(dead_url(), cache=path) as asker:
        stored = asker._cache
        assert stored is not None
        kept = stored.find(answered.asked[0].prompt_hash)
    assert KEY not in unescaped(repr(kept))
    assert KEY not in joined(repr(kept))
    assert KEY not in unescaped(path.read_bytes().decode(errors="replace"))


@pytest.mark.parametrize("key", ['s"k\\1', "s/k", "a", "a+b.c*", "[(k)]"])
def test_keys_of_any_characters_are_hidden_however_json_writes_them(key: str) -> None:
    endpoint = configured_endpoint("http://127.0.0.1:1/v1", SecretStr(key), 1.0)
    once = json.dumps(key)
    for written in (key, once, json.dumps(once), once.replace("/", "\\/")):
        assert endpoint.hide(f"<{written}>").count("(key)") == 1


def test_many_backslashes_are_passed_over_quickly() -> None:
    endpoint = configured_endpoint("http://127.0.0.1:1/v1", SecretStr(KEY), 1.0)
    begun = time.monotonic()
    for piece in ("\\", "s\\", "s" + "\\" * 70, "\\u005c", "\\u0073\\"):
        text = piece * (2_000_000 // len(piece))
        assert endpoint.hide(text) == text
    assert time.monotonic() - begun < 20


def test_an_endpoint_shows_no_key_and_cannot_be_told_it() -> None:
    endpoint = configured_endpoint("http://127.0.0.1:1/v1", SecretStr(KEY), 1.0)
    assert KEY not in f"{endpoint!r} {endpoint} {asdict(endpoint)}"
    assert pickle.loads(pickle.dumps(endpoint)) == endpoint  # noqa: S301 - our own bytes


def test_settings_make_an_endpoint_and_show_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHCLAMP_ASSISTANT_URL", "http://127.0.0.1:1/v1/")
    monkeypatch.setenv("PATCHCLAMP_ASSISTANT_KEY", KEY)
    settings = Settings()
    endpoint = configured_endpoint(
        settings.assistant_url, settings.assistant_key, settings.assistant_timeout_seconds
    )
    assert (endpoint.url, endpoint.timeout) == ("http://127.0.0.1:1/v1", 120)
    assert KEY not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_nothing_of_this_machine_or_its_environment_goes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ORG_ID", "PROJECT_ID", "API_KEY", "ADMIN_KEY"):
        monkeypatch.setenv(f"OPENAI_{name}", f"environment-{name}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Extra: environment-header")
    monkeypatch.setenv("OPENAI_BASE_URL", dead_url())
    with scripted(object_says({"number": 7})) as endpoint:
        with assistant(endpoint.url, key=None) as asker:
            assert asker.ask(question()).value == 7
        (headers,) = endpoint.headers
    assert "environment" not in repr(headers)
    assert headers["authorization"] == "Bearer none"
    assert headers["user-agent"] == "patchclamp"
    assert not {"x-stainless-os", "x-stainless-arch", "x-stainless-runtime"} & headers.keys()


def test_between_us_and_an_endpoint_on_this_machine_is_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted(object_says({"number": 3})) as proxy, scripted(object_says({"number": 7})) as own:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("NO_PROXY", "")
        with assistant(own.url) as asker:
            assert asker.ask(question()).value == 7
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://localhost:11434/v1", True),
        ("https://127.0.0.1.example.org/v1", False),
        ("http://10.0.0.7/v1", False),
    ],
)
def test_what_is_on_this_machine_is_known_by_its_address(url: str, here: bool) -> None:
    assert configured_endpoint(url, None, 1.0).is_here is here


@pytest.mark.parametrize("url", [None, "", "   "])
def test_without_a_url_there_is_nothing_to_ask_whatever_the_environment_says(
    url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(AssistantError) as refused:
        configured_endpoint(url, SecretStr(KEY), 1.0)
    assert refused.value.hint is not None
    assert "PATCHCLAMP_ASSISTANT_URL" in refused.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/v1",
        "127.0.0.1:8080",
        "http://",
        "http://[::1/v1",
        "http://host:99999/v1",
        f"http://user:{KEY}@127.0.0.1/v1",
        f"http://127.0.0.1/v1?key={KEY}",
        f"http://127.0.0.1/v1#{KEY}",
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(AssistantError) as refused:
        configured_endpoint(url, None, 1.0)
    assert KEY not in f"{refused.value.detail} {refused.value.hint}"
    assert "PATCHCLAMP_ASSISTANT_" in refused.value.detail


@pytest.mark.parametrize("key", ["sk-1\n", " sk-1", "sk-ü", "sk\x00"])
def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(AssistantError) as refused:
        configured_endpoint("http://127.0.0.1:1/v1", SecretStr(key), 1.0)
    assert key.strip() not in f"{refused.value.detail} {refused.value.hint}"


def test_a_trailing_slash_makes_no_difference() -> None:
    play = object_says({"number": 7})
    with scripted(play) as endpoint, assistant(f"{endpoint.url}/") as asker:
        assert asker.ask(question()).asked[0].prompt_hash == question().key(endpoint.url)
