"""Where a language model is asked: an OpenAI-compatible base URL, and the key that it wants."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import SecretStr

from analysis.errors import AssistantError

HINT = "Set it to the base URL of an OpenAI-compatible endpoint, such as http://127.0.0.1:8080/v1."
HIDDEN = "(key)"
MOST_ESCAPES = 64
"""Backslashes before one character of the key."""


@dataclass(frozen=True)
class Endpoint:
    """One that somebody configured. There is no default: without one nothing is sent."""

    url: str
    key: SecretStr | None
    timeout: float
    """Seconds that one answer may take in all."""

    @property
    def is_here(self) -> bool:
        """It is on this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def hide(self, text: str) -> str:
        """The text without the key, should the endpoint have repeated it: as it is, or with any of
        its characters written as JSON may (`\\u0073` for s), also in JSON within JSON."""
        key = self.key.get_secret_value() if self.key else ""
        return re.sub(_written(key), HIDDEN, text) if key else text


def configured_endpoint(url: str | None, key: SecretStr | None, timeout: float) -> Endpoint:
    """The endpoint of these settings.

    Raises:
        AssistantError: there is none, or its URL is none that can be asked. The message never
            repeats the URL, because people put keys into URLs.
    """
    if not url or not url.strip():
        raise AssistantError(
            "No language model is configured, so none is asked.",
            hint=f"PATCHCLAMP_ASSISTANT_URL names one. {HINT}",
        )
    try:
        parts = urlsplit(url.strip())
        port_is_fine = parts.port != 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise AssistantError("PATCHCLAMP_ASSISTANT_URL is no http or https address.", hint=HINT)
    if parts.username is not None or parts.query or parts.fragment:
        raise AssistantError(
            "PATCHCLAMP_ASSISTANT_URL has a user, a query or a fragment.",
            hint="Give the bare base URL, and the key as PATCHCLAMP_ASSISTANT_KEY.",
        )
    given = key.get_secret_value() if key else ""
    if not given.isascii() or not given.isprintable() or given != given.strip():
        raise AssistantError(
            "PATCHCLAMP_ASSISTANT_KEY has characters that no HTTP header can carry.",
            hint="Copy it again, without line ends and blanks around it.",
        )
    return Endpoint(url=url.strip().rstrip("/"), key=key if given else None, timeout=timeout)


def _written(key: str) -> str:
    """An expression for all the ways of writing it. Backslashes are bounded, so that many of them
    cost no more than their number."""
    backslash = r"\\(?:u005c)*"
    first, *others = ((re.escape(letter), f"u{ord(letter):04x}") for letter in key)
    expression = rf"(?:{first[0]}|{backslash}{first[1]})"
    for plain, escaped in others:
        expression += rf"(?:{backslash}){{0,{MOST_ESCAPES}}}(?:{plain}|{escaped})"
    return f"(?i:{expression})"
