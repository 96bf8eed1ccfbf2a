"""Signing in with an OpenID Connect provider: authorization code with PKCE, state and nonce."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.jwk import KeySet

from console.errors import Invalid, Refused
from console.permissions import ROLES
from troly.errors import SettingError
from troly.settings import Settings

log = structlog.get_logger("console")

COOKIE = "__Host-troly-sso"
_MINUTES = 10
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY = 60
"""Seconds that clocks may differ."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What has to come back: kept in a signed cookie of the browser that began."""

    state: str
    nonce: str
    verifier: str
    next: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for."""

    subject: str
    name: str
    display_name: str
    roles: tuple[str, ...]


def name_of(settings: Settings) -> str:
    """What the button says; empty when there is no provider."""
    return settings.oidc_issuer and (settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or "")


def mapping_of(settings: Settings) -> dict[str, str]:
    """Group -> role. Raises SettingError."""
    found: dict[str, str] = {}
    for pair in settings.oidc_roles.replace(",", " ").split():
        group, _, role = pair.rpartition("=")
        if not group or role not in ROLES:
            known = ", ".join(sorted(ROLES))
            raise SettingError(f"OIDC_ROLES: {pair!r} is not group=role; roles are {known}")
        found[group] = role
    return found


class Provider:
    """The provider of the settings, asked over HTTP."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        """Asks nothing yet."""
        self._settings = settings
        self._http = http
        self._signer = URLSafeTimedSerializer(settings.signing_key, salt="console sso")

    @property
    def redirect(self) -> str:
        """Where the provider sends people back to. Raises Refused without PUBLIC_URL."""
        if not self._settings.public_url:
            raise Refused("access.sso_public_url")
        return f"{self._settings.public_url.rstrip('/')}/console/sso/done"

    async def begin(self, after: str) -> tuple[str, str]:
        """The provider's address to go to, and the value of COOKIE."""
        described = await self._described()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, after)
        address = prepare_grant_uri(
            described["authorization_endpoint"],
            self._settings.oidc_client_id,
            "code",
            redirect_uri=self.redirect,
            scope="openid profile email",
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return address, self._signer.dumps(asdict(attempt))

    async def finish(self, query: Mapping[str, str], cookie: str) -> tuple[Person, str]:
        """Who came back, and where they wanted to go. Raises Invalid for anything that does not fit."""
        try:
            attempt = Attempt(**self._signer.loads(cookie, max_age=_MINUTES * 60))
        except BadSignature:
            raise Invalid("access.sso_again") from None
        if not secrets.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
            raise Invalid("access.sso_again")
        if "code" not in query:
            log.warning("sso_refused", error=query.get("error", "")[:40])
            raise Invalid("access.sso_refused")
        claims = await self._claims(query["code"], attempt)
        return self._person(claims), attempt.next

    async def _claims(self, code: str, attempt: Attempt) -> dict[str, Any]:
        described = await self._described()
        answer = await self._post(
            described["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect,
                "code_verifier": attempt.verifier,
            },
        )
        published: Any = await self._get(described["jwks_uri"])
        try:
            keys = KeySet.import_key_set(published)
            token = jwt.decode(answer["id_token"], keys, algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self._settings.oidc_issuer},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                    "nonce": {"essential": True, "value": attempt.nonce},
                },
                {"nonce": attempt.nonce, "client_id": self._settings.oidc_client_id},
            )
            claims.validate(leeway=_LEEWAY)
        except Exception as error:  # joserfc and authlib have an error of their own for each claim
            log.warning("sso_token_refused", error=type(error).__name__)
            raise Invalid("access.sso_refused") from None
        return dict(claims)

    def _person(self, claims: dict[str, Any]) -> Person:
        claimed = claims.get(self._settings.oidc_role_claim)
        groups = [claimed] if isinstance(claimed, str) else claimed if isinstance(claimed, list) else []
        mapping = mapping_of(self._settings)
        roles = {mapping[group] for group in groups if isinstance(group, str) and group in mapping}
        if not roles:
            raise Invalid("access.sso_no_role")
        name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        return Person(
            f"{self._settings.oidc_issuer}|{claims['sub']}"[:255],
            str(name),
            str(claims.get("name") or name),
            tuple(sorted(roles)),
        )

    async def _described(self) -> dict[str, Any]:
        issuer = self._settings.oidc_issuer
        described = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if described.get("issuer") != issuer:
            log.error("sso_issuer_differs")
            raise Invalid("access.sso_away")
        return described

    async def _get(self, address: str) -> dict[str, Any]:
        return await self._asked("GET", address)

    async def _post(self, address: str, form: dict[str, str]) -> dict[str, Any]:
        credentials = (self._settings.oidc_client_id, self._settings.oidc_client_secret.get_secret_value())
        return await self._asked("POST", address, data=form, auth=credentials)

    async def _asked(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, address, timeout=10.0, **options)
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            log.error("sso_away", error=type(error).__name__)
            raise Invalid("access.sso_away") from None
        if not isinstance(answer, dict):
            raise Invalid("access.sso_away")
        return answer
