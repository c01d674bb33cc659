"""The provider that people sign in at: discovered, led to, asked for the token behind a code.

Everything that it answers is bounded in time and size, and nothing of it is believed before it was
checked. Only to be asked in a thread.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from importlib.util import find_spec
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import structlog

from app.auth.oidc.identity import Identity, UnknownKeyError, read_identity, refused
from app.errors import NotFoundError, PatchclampError, UnavailableError
from app.sealed import is_here, refuse_outgoing
from app.settings import Settings

log = structlog.get_logger("patchclamp.web")

DISCOVERY: Final = "/.well-known/openid-configuration"
SECONDS: Final = 10.0
LARGEST: Final = 1 << 20
KNOWN_SECONDS: Final = 3600.0
KEYS_AGAIN_SECONDS: Final = 30.0
"""Keys that are not known are looked for this often, whoever makes them up."""


class Provider:
    """Of one application, as the settings name it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = (settings.oidc_issuer or "").rstrip()
        self._lock = Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    @property
    def name(self) -> str | None:
        """What its button says; None: there is none."""
        return self._settings.oidc_name if self._issuer and self._settings.oidc_client_id else None

    def address(self, *, state: str, nonce: str, verifier: str, back: str) -> str:
        """Where a browser is led to. Raises NotFoundError, SealedError, UnavailableError."""
        challenge = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        there = self._endpoint("authorization_endpoint")
        return f"{there}{'&' if urlsplit(there).query else '?'}{urlencode(asked)}"

    def identity(self, *, code: str, nonce: str, verifier: str, back: str) -> Identity:
        """Whom the code stands for. Raises BadRequestError and as `address` does."""
        answer = self._exchange(code=code, verifier=verifier, back=back)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise refused("it sent no token")
        asked = {"issuer": self._issuer, "client_id": self._client_id, "nonce": nonce}
        there = self._endpoint("jwks_uri")
        try:
            return read_identity(token, keys=self._keys(there), **asked)
        except UnknownKeyError:
            self._forget(there, older_than=KEYS_AGAIN_SECONDS)
        try:
            return read_identity(token, keys=self._keys(there), **asked)
        except UnknownKeyError as error:
            raise refused("its token is signed by a key that is none of its") from error

    @property
    def _client_id(self) -> str:
        """Raises NotFoundError where there is no provider, UnavailableError without the extra."""
        if self.name is None:
            raise NotFoundError("Nobody signs in by another provider here.", hint="Go to /login.")
        if find_spec("joserfc") is None:
            raise UnavailableError(
                "Signing in by OpenID Connect is not installed.",
                hint="Whoever runs this server installs it: pip install 'patchclamp[oidc]'.",
            )
        return self._settings.oidc_client_id or ""

    def _exchange(self, *, code: str, verifier: str, back: str) -> dict[str, Any]:
        """Raises BadRequestError where the provider takes the code for none of its."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        secret, auth = self._settings.oidc_client_secret, None
        if secret is not None:  # RFC 6749, section 2.3.1: encoded as in a form first
            auth = (quote(self._client_id, safe=""), quote(secret.get_secret_value(), safe=""))
        status, body = self._ask("POST", self._endpoint("token_endpoint"), data=fields, auth=auth)
        if status != 200:
            said = str(body.get("error", status))[:60]
            log.warning("oidc.code_refused", status=status, error=said)
            raise refused("it did not take the code, which may have been used, or be too old")
        return body

    def _endpoint(self, name: str) -> str:
        found = self._metadata().get(name)
        if not isinstance(found, str) or not _is_safe(found):
            raise _unusable(f"it names no {name} that is reached by https")
        self._check_reach(found)
        return found

    def _metadata(self) -> dict[str, Any]:
        self._check_reach(self._issuer)
        if not _is_safe(self._issuer):
            raise _unusable("PATCHCLAMP_OIDC_ISSUER is not reached by https")
        found = self._read(self._issuer.rstrip("/") + DISCOVERY)
        if found.get("issuer") != self._issuer:
            raise _unusable("it calls itself otherwise than PATCHCLAMP_OIDC_ISSUER does")
        return found

    def _keys(self, address: str) -> dict[str, Any]:
        return self._read(address)

    def _read(self, address: str) -> dict[str, Any]:
        """JSON of an address, kept for an hour."""
        with self._lock:
            at, known = self._kept.get(address, (float("-inf"), {}))
        if time.monotonic() - at < KNOWN_SECONDS:
            return known
        status, body = self._ask("GET", address)
        if status != 200:
            raise _unusable(f"{urlsplit(address).path} answers {status}")
        with self._lock:
            self._kept[address] = time.monotonic(), body
        return body

    def _forget(self, address: str, *, older_than: float) -> None:
        with self._lock:
            at, _ = self._kept.get(address, (0.0, {}))
            if time.monotonic() - at >= older_than:
                self._kept.pop(address, None)

    def _ask(
        self,
        method: str,
        address: str,
        *,
        data: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        try:
            with (
                httpx.Client(timeout=SECONDS, trust_env=not self._settings.sealed) as client,
                client.stream(
                    method, address, data=data, auth=auth, headers={"Accept": "application/json"}
                ) as answer,
            ):
                read = b""
                for piece in answer.iter_bytes():
                    read += piece
                    if len(read) > LARGEST:
                        raise _unusable("it says too much")
            body = json.loads(read)
        except httpx.HTTPError as error:
            log.warning("oidc.unreachable", error=str(error))
            raise _unusable("it cannot be reached") from error
        except (ValueError, RecursionError) as error:
            raise _unusable("what it says is no JSON") from error
        if not isinstance(body, dict):
            raise _unusable("what it says is no object")
        return answer.status_code, body

    def _check_reach(self, address: str) -> None:
        """Raises SealedError."""
        refuse_outgoing(
            self._settings,
            "Signing in at a provider on another machine",
            instead="Sign in with name and password, or by a link of an administrator.",
            address=address,
        )


def _is_safe(address: str) -> bool:
    """By https; to this machine without, as for tests and tunnels."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_here(host))


def _unusable(why: str) -> PatchclampError:
    return UnavailableError(
        f"The provider cannot be used: {why}.",
        hint="Sign in with name and password, or by a link, meanwhile; whoever runs this server "
        "looks at PATCHCLAMP_OIDC_ISSUER and the log.",
    )
