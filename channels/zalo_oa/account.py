"""One Official Account as the settings name it: its API, its token service and its tokens."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from channels.store import Store
from channels.zalo_oa.api import ZaloApi
from channels.zalo_oa.grants import Grants
from channels.zalo_oa.oauth import OAuth
from channels.zalo_oa.tokens import Tokens
from troly.errors import SettingError
from troly.privacy import Keyring
from troly.settings import Settings


def is_configured(settings: Settings) -> bool:
    """Whether there is an account to connect. Raises SettingError when one is named and a secret missing."""
    if not settings.zalo_oa_app_id:
        return False
    if not settings.zalo_oa_app_id.isdecimal():
        raise SettingError("ZALO_OA_APP_ID: is the app's number on developers.zalo.me, digits only")
    for name in ("zalo_oa_secret_key", "zalo_oa_app_secret"):
        if not getattr(settings, name).get_secret_value():
            raise SettingError(
                f"{name.upper()}: is missing while ZALO_OA_APP_ID is set; see docs/connecting-zalo-oa.md"
            )
    return True


@dataclass(frozen=True, slots=True)
class Account:
    """What is needed to speak to Zalo."""

    api: ZaloApi
    oauth: OAuth
    grants: Grants
    tokens: Tokens

    @classmethod
    def of(cls, settings: Settings, store: Store, keyring: Keyring, http: httpx.AsyncClient) -> Account:
        """From settings that is_configured() found complete."""
        api = ZaloApi(http, settings.zalo_oa_api)
        oauth = OAuth(
            http,
            settings.zalo_oa_auth,
            settings.zalo_oa_app_id,
            settings.zalo_oa_app_secret.get_secret_value(),
        )
        grants = Grants(store, keyring)
        seed = settings.zalo_oa_refresh_token.get_secret_value().strip()
        tokens = Tokens(grants, oauth, seed=seed, alive=api.alive)
        api.authorize(tokens)
        return cls(api, oauth, grants, tokens)
