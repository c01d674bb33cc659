"""Who an ID token says somebody is, once everything about it was checked.

OpenID Connect Core 1.0, section 3.1.3.7: signed by a key of the issuer, of this issuer, for us and
nobody else, not expired, and with the nonce of this very attempt.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import BadRequestError

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                     "ES512", "EdDSA", "Ed25519")  # fmt: skip
"""Of key pairs: what a shared secret signs, anybody could sign who reads our settings."""
LEEWAY_SECONDS: Final = 60
LONGEST_TOKEN: Final = 100_000
LONGEST_SUBJECT: Final = 255
NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9._-]+")
LONGEST_NAME: Final = 60


class UnknownKeyError(Exception):
    """Signed by a key that is not among those that are known: it may be newer than they are."""


@dataclass(frozen=True)
class Identity:
    issuer: str
    subject: str
    email: str | None
    """None: none, or not verified by the issuer."""
    full_name: str
    wished_name: str
    """For a new account; may be taken, or empty."""

    @property
    def kept(self) -> str:
        """As accounts have it. An e-mail address says nothing: it goes from one to another."""
        return f"{self.issuer} {self.subject}"


def read_identity(
    token: str, *, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str
) -> Identity:
    """Raises BadRequestError where anything is wrong with it, and UnknownKeyError."""
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError
    from joserfc.jwk import KeySet

    if len(token) > LONGEST_TOKEN:
        raise refused("its token is too long")
    try:
        key_set = KeySet.import_key_set({"keys": list(_of_pairs(keys.get("keys")))})
        claims = jwt.decode(token, key_set, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise refused(f"its token is not what it should be ({error})"[:300]) from error
    _check_party(claims, client_id)
    return _identity(claims, issuer)


def refused(why: str) -> BadRequestError:
    return BadRequestError(
        f"The provider's answer was refused: {why}.",
        hint="Begin again at /login. If it stays so, whoever runs this server finds the reason in "
        "its log.",
    )


def _of_pairs(keys: object) -> Sequence[dict[str, Any]]:
    """Those that verify signatures of key pairs."""
    found = keys if isinstance(keys, list) else []
    return [
        key
        for key in found
        if isinstance(key, dict)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
    ]


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """A token for several is for us only where it says that we asked for it."""
    audience = claims["aud"]
    alone = audience == client_id or audience == [client_id]
    if claims.get("azp", None if not alone else client_id) != client_id:
        raise refused("its token is for somebody else")


def _identity(claims: Mapping[str, Any], issuer: str) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise refused("it does not say who you are")
    email = claims.get("email") if claims.get("email_verified") is True else None
    wished = claims.get("preferred_username") or claims.get("email") or claims.get("name") or ""
    full_name = claims.get("name")
    return Identity(
        issuer=issuer,
        subject=subject,
        email=email.lower() if isinstance(email, str) else None,
        full_name=_printable(full_name) if isinstance(full_name, str) else "",
        wished_name=name_of(wished if isinstance(wished, str) else ""),
    )


def name_of(wished: str) -> str:
    """As a name of an account can be, or empty."""
    name = NOT_IN_A_NAME.sub("-", wished.partition("@")[0].lower())[:LONGEST_NAME]
    return name.strip("._-")


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]
