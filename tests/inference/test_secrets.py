"""Only whoever knows the secret is answered."""

import httpx
import pytest

from analysis.inference.application import create_app
from analysis.inference.serving import listen, warning_of
from analysis.protocol.refusals import Refusal
from tests.inference.serving import SECRET, options_of

GUARDED = ("/readyz", "/metrics", "/v1/models")


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": SECRET}]
)
def test_a_wrong_or_missing_secret_is_refused(running, path, headers):
    answer = httpx.get(f"{running.url}{path}", headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert Refusal.model_validate_json(answer.content).reason == "unauthorised"


def test_nothing_is_computed_or_kept_without_the_secret(running, spec):
    body = {"model": spec.model_dump(), "prompts": [{"text": "a"}]}
    asked = httpx.post(f"{running.url}/v1/tokenize", json=body, trust_env=False)
    sent = httpx.put(f"{running.url}/v1/arrays/{'0' * 64}", content=b"", trust_env=False)
    assert (asked.status_code, sent.status_code) == (401, 401)
    assert running.service.describe().models == ()


def test_a_secret_that_is_no_text_is_refused(running):
    answer = httpx.get(
        f"{running.url}/readyz", headers={"Authorization": b"Bearer \xff\xfe"}, trust_env=False
    )
    assert answer.status_code == 401


def test_listening_beyond_this_machine_is_warned_of():
    with listen("0.0.0.0", 0) as everywhere, listen("127.0.0.1", 0) as here:  # noqa: S104
        warning = str(warning_of(everywhere))
        assert warning_of(here) is None
    assert "unencrypted" in warning
    assert "the secret alone protects it" in warning


def test_what_describes_a_service_does_not_tell_its_secret(tmp_path):
    assert SECRET not in repr(options_of(tmp_path))


def test_health_is_for_everybody(running):
    assert httpx.get(f"{running.url}/healthz", trust_env=False).json() == {"status": "ok"}


@pytest.mark.parametrize("secret", ["", "fifteen letters"])
def test_a_service_without_a_secret_of_some_length_is_not_made(tmp_path, secret):
    app = create_app(options_of(tmp_path, secret=secret))
    with pytest.raises(ValueError, match="needs a secret"):
        app.build_middleware_stack()
