"""An OpenID provider that forgives nothing: exact redirect, PKCE, single-use codes, signed tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.example.gov.vn"
CLIENT, SECRET = "troly", "bí mật"


class Provider:
    """Serves as an httpx transport; `claims` may be changed by a test before the token is made."""

    def __init__(self, redirect: str) -> None:
        """With a fresh key."""
        self.redirect = redirect
        self.key = RSAKey.generate_key(2048, parameters={"kid": "k1"})
        self.signs_with = self.key
        self.person: dict[str, Any] = {
            "sub": "42",
            "preferred_username": "Lan.Nguyen",
            "name": "Nguyễn Thị Lan",
            "groups": ["mot-cua", "khac"],
        }
        self.change: Callable[[dict[str, Any]], None] = lambda claims: None
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "k1"}
        self.asked: dict[str, dict[str, str]] = {}

    def authorize(self, address: str) -> str:
        """What a browser does at the provider: sign in; gives the address it is sent back to."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        assert query["client_id"] == CLIENT and query["response_type"] == "code"
        assert query["redirect_uri"] == self.redirect
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        assert "openid" in query["scope"].split() and len(query["state"]) > 30 and len(query["nonce"]) > 30
        code = secrets.token_urlsafe(16)
        self.asked[code] = query
        return f"{self.redirect}?{urlencode({'code': code, 'state': query['state']})}"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The back channel."""
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.described())
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
        if request.url.path == "/token" and request.method == "POST":
            return self.token(request)
        return httpx.Response(404)

    def described(self) -> dict[str, str]:
        """Its configuration."""
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }

    def token(self, request: httpx.Request) -> httpx.Response:
        """One token for one code."""
        credentials = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        query = self.asked.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            credentials != f"{CLIENT}:{SECRET}"
            or query is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != query["redirect_uri"]
            or challenge.rstrip(b"=").decode() != query["code_challenge"]
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        moment = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 300,
            "nonce": query["nonce"],
            **self.person,
        }
        self.change(claims)
        token = jwt.encode(self.header, claims, self.signs_with)
        return httpx.Response(
            200, json={"id_token": token, "access_token": "x", "token_type": "Bearer", "expires_in": 300}
        )
