"""A small OpenID Connect provider of our own: discovers, asks nobody, signs, and keeps its codes.

What it does wrong on purpose, a test says by `issuer.lies`.
"""

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "patchclamp"
SECRET = "s e/cret:+ü"
Lie = Callable[[dict[str, Any]], dict[str, Any]]


def honest(claims: dict[str, Any]) -> dict[str, Any]:
    return claims


@dataclass
class Issuer:
    address: str = ""
    subject: str = "subject-1"
    claims: dict[str, Any] = field(default_factory=dict)
    """Beside those that every token has."""
    lies: Lie = honest
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signing: RSAKey | None = None
    """None: with the key that is published."""
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    calls_itself: str | None = None

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": CLIENT, "sub": self.subject, "iat": now, "exp": now + 300,
            "nonce": nonce, **self.claims,
        }  # fmt: skip
        return jwt.encode(self.header, self.lies(claims), self.signing or self.key)


def app_of(issuer: Issuer) -> FastAPI:
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    def discover() -> dict[str, Any]:
        issuer.asked.append("discovery")
        return {
            "issuer": issuer.calls_itself or issuer.address,
            "authorization_endpoint": f"{issuer.address}/authorize",
            "token_endpoint": f"{issuer.address}/token",
            "jwks_uri": f"{issuer.address}/keys",
        }

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        issuer.asked.append("keys")
        return {"keys": [issuer.key.as_dict(private=False)]}

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        """Whoever comes is let in at once."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        issuer.codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    @app.post("/token")
    async def token(request: Request) -> Response:
        issuer.asked.append("token")
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked = issuer.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        sent = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != sent
            or asked["redirect_uri"] != form["redirect_uri"]
            or not _knows(request)
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"id_token": issuer.token(asked["nonce"]), "token_type": "Bearer",
                             "access_token": "none-of-your-business"})  # fmt: skip

    return app


def _knows(request: Request) -> bool:
    """Name and secret are encoded before they are sent, as RFC 6749 says."""
    sent = request.headers.get("authorization", "").removeprefix("Basic ")
    wanted = f"{CLIENT}:s%20e%2Fcret%3A%2B%C3%BC"
    return base64.b64decode(sent).decode() == wanted


@contextmanager
def served(issuer: Issuer) -> Iterator[None]:
    taken = socket.create_server(("127.0.0.1", 0))
    issuer.address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app_of(issuer), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(10)
