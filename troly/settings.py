"""Settings: typed, read once at start from the environment and .env, each named in .env.example."""

from __future__ import annotations

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from troly.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
"""The project's root: the data files of bot/, nlu_data/ and portal/demo/ are found from here."""


class Settings(BaseSettings):
    """All settings. A field's name in upper case is the environment variable."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    # Where this deployment stands
    province: str = "Quảng Ninh"
    default_language: Literal["vi", "en"] = "vi"
    office_hours: str = "1-5 07:30-11:30 13:30-17:00"

    # A person, and how long things are kept
    handover_minutes: int = Field(default=15, ge=0)
    handover_idle_minutes: int = Field(default=60, ge=1)
    retention_days: int = Field(default=90, ge=1)
    retention_days_with_report: int = Field(default=365, ge=1)
    identifier_hours: int = Field(default=1, ge=0, le=168)

    # Storage
    secrets_dir: str = ""
    data_dir: Path = Path("var")
    database_url: str = ""
    redis_url: str = ""
    model_dir: Path = Path("models")

    # Processes
    host: str = "127.0.0.1"
    gateway_port: int = Field(default=8000, ge=1, le=65535)
    rasa_port: int = Field(default=5005, ge=1, le=65535)
    actions_port: int = Field(default=5055, ge=1, le=65535)
    portal_port: int = Field(default=8010, ge=1, le=65535)
    rasa_url: str = ""
    actions_url: str = ""
    demo_portal_url: str = ""

    # The public service portal
    portal_url: str = ""
    portal_timeout: float = Field(default=6.0, gt=0, le=60)
    portal_cache_seconds: float = Field(default=600, ge=0)
    status_kind: Literal["igate", "lgsp"] = "igate"
    status_url: str = ""
    status_token_url: str = ""
    status_client_id: str = ""
    status_client_secret: SecretStr = SecretStr("")
    lgsp_unit: str = ""
    status_features: str = ""
    verify_attempts: int = Field(default=3, ge=1, le=20)
    verify_attempts_per_address: int = Field(default=10, ge=1, le=200)
    lookups_per_hour: int = Field(default=30, ge=1)
    notice_poll_minutes: float = Field(default=30, gt=0)
    notice_requests_per_minute: int = Field(default=60, ge=1)
    portal_webhook_secret: SecretStr = SecretStr("")
    report_url: str = ""
    report_token: SecretStr = SecretStr("")
    report_follow_minutes: float = Field(default=15, gt=0)
    holidays_url: str = ""
    demo_catalogue: str = "auto"

    # The website
    secret_key: SecretStr = SecretStr("")
    public_url: str = ""
    embed_origins: str = ""
    trusted_proxies: str = "127.0.0.1,::1"
    token_minutes: int = Field(default=60, ge=5)
    messages_per_minute: int = Field(default=20, ge=1)
    conversations_per_hour: int = Field(default=60, ge=1)

    # Staff
    staff_idle_minutes: int = Field(default=30, ge=1, le=1440)
    staff_session_hours: int = Field(default=12, ge=1, le=168)
    staff_two_factor: Literal["required", "optional"] = "required"
    answers_four_eyes: bool = True
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_name: str = ""
    oidc_role_claim: str = "groups"
    oidc_roles: str = ""

    # Channels
    encryption_keys: SecretStr = SecretStr("")
    telegram_token: SecretStr = SecretStr("")
    telegram_secret: SecretStr = SecretStr("")
    telegram_mode: Literal["webhook", "polling"] = "webhook"
    telegram_api: str = "https://api.telegram.org"
    zalo_oa_app_id: str = ""
    zalo_oa_id: str = ""
    zalo_oa_secret_key: SecretStr = SecretStr("")
    zalo_oa_app_secret: SecretStr = SecretStr("")
    zalo_oa_refresh_token: SecretStr = SecretStr("")
    zalo_oa_api: str = "https://openapi.zalo.me"
    zalo_oa_auth: str = "https://oauth.zaloapp.com"
    zalo_oa_free_messages: int = Field(default=0, ge=0)
    zalo_oa_paid_window: bool = False
    zalo_oa_monthly_messages: int = Field(default=0, ge=0)
    zalo_oa_night: Literal["hold", "send"] = "hold"
    zalo_bot_token: SecretStr = SecretStr("")
    zalo_bot_secret: SecretStr = SecretStr("")
    zalo_bot_mode: Literal["webhook", "polling"] = "webhook"
    zalo_bot_api: str = "https://bot-api.zaloplatforms.com"
    zalo_bot_monthly_messages: int = Field(default=3000, ge=0)
    broadcast_reserve: float = Field(default=0.5, ge=0, le=1)

    # Review
    review_confirm_share: float = Field(default=0.2, ge=0, le=1)
    review_test_share: float = Field(default=0.2, ge=0, le=1)
    review_sample_share: float = Field(default=0.02, ge=0, le=1)

    # Understanding
    encoder: str = "auto"
    encoder_backend: Literal["auto", "torch", "onnx"] = "auto"
    encoder_pooling: Literal["auto", "mean", "cls"] = "auto"
    encoder_query_prefix: str = "auto"
    encoder_passage_prefix: str = "auto"
    encoder_device: str = "auto"
    encoder_batch: int = Field(default=32, ge=1, le=4096)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otel_exporter_otlp_endpoint: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files in SECRETS_DIR come first: a container often has the same variable, left empty."""
        named = env_settings().get("secrets_dir") or dotenv_settings().get("secrets_dir")
        if not named:
            return init_settings, env_settings, dotenv_settings
        if not Path(named).is_dir():
            raise SettingError(f"SECRETS_DIR: no folder {named}")
        files = SecretsSettingsSource(settings_cls, named)
        return init_settings, files, env_settings, dotenv_settings

    @property
    def database(self) -> str:
        """The database address; SQLite in the data directory unless DATABASE_URL is set."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'troly.db'}"

    @property
    def rasas(self) -> tuple[str, ...]:
        """Where the gateway finds Rasa's processes; RASA_URL may name several."""
        named = tuple(one.strip().rstrip("/") for one in self.rasa_url.split(",") if one.strip())
        return tuple(dict.fromkeys(named)) or (f"http://127.0.0.1:{self.rasa_port}",)

    @property
    def rasa(self) -> str:
        """One of them, for what belongs to no conversation."""
        return self.rasas[0]

    @property
    def actions(self) -> str:
        """Where Rasa finds the action server."""
        return self.actions_url or f"http://127.0.0.1:{self.actions_port}"

    @property
    def uses_demo_portal(self) -> bool:
        """True when no real portal is named, so that the demo portal stands in."""
        return not self.portal_url

    @property
    def portal(self) -> str:
        """The base address of the procedure portal."""
        return self.portal_url or self.demo_portal_url or f"http://127.0.0.1:{self.portal_port}"

    @property
    def status(self) -> str:
        """The base address of the application-status service."""
        return self.status_url or self.portal

    @property
    def signing_key(self) -> str:
        """SECRET_KEY, or a random one made once and kept in the data directory (mode 600)."""
        if key := self.secret_key.get_secret_value():
            return key
        path = self.data_dir / "secret_key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            try:
                with open(path, "x", encoding="ascii", opener=_private) as file:
                    file.write(secrets.token_urlsafe(48))
            except FileExistsError:
                pass  # another process of the same start was first
        return path.read_text(encoding="ascii").strip()

    @property
    def demo_catalogue_file(self) -> Path | None:
        """The catalogue in the portal's wire format that the demo portal serves; None for its own.

        "auto" takes ../shared/data/portal_details.jsonl.gz beside the project where it is there.
        """
        if self.demo_catalogue == "own":
            return None
        if self.demo_catalogue == "auto":
            beside = ROOT.parent / "shared" / "data" / "portal_details.jsonl.gz"
            return beside if beside.is_file() else None
        path = Path(self.demo_catalogue)
        if not path.is_file():
            raise SettingError(f"DEMO_CATALOGUE: no file {path}; use auto, own, or a .jsonl(.gz) file")
        return path


def _private(path: str, flags: int) -> int:
    import os

    return os.open(path, flags, 0o600)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once.

    Raises SettingError naming the variable and what it may be.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise SettingError(f"{name}: {first['msg']} (got {first['input']!r}); see .env.example") from None
