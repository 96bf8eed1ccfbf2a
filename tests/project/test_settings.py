"""Settings and .env.example say the same, and a wrong value is named."""

from __future__ import annotations

import re
import stat
from itertools import pairwise
from pathlib import Path

import pytest

from troly.database import async_engine, engine
from troly.errors import SettingError
from troly.settings import ROOT, Settings, settings

EXAMPLE = ROOT / ".env.example"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine, and no .env of this folder, may decide a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def named_in_example() -> list[str]:
    return re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text("utf-8"), re.M)


def test_the_example_names_every_setting_once_and_nothing_else() -> None:
    assert sorted(named_in_example()) == sorted(name.upper() for name in Settings.model_fields)


def test_the_examples_values_are_the_defaults() -> None:
    assert Settings(_env_file=EXAMPLE).model_dump() == Settings(_env_file=None).model_dump()


def test_every_line_of_the_example_is_explained_right_above() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    for above, line in pairwise(lines):
        if re.match(r"[A-Z_]+=", line):
            assert re.fullmatch(r"# [A-Z].*\.", above), line


def test_dot_env_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PROVINCE=Lào Cai\nGATEWAY_PORT=9000\n", encoding="utf-8")
    monkeypatch.setenv("GATEWAY_PORT", "9001")
    assert settings().province == "Lào Cai"
    assert settings().gateway_port == 9001


def test_secrets_are_read_from_files_of_their_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "TELEGRAM_TOKEN").write_text("1:from-a-file\n", encoding="utf-8")
    (folder / "database_url").write_text("postgresql://u:p@h/d", encoding="utf-8")
    (folder / "unknown").write_text("x", encoding="utf-8")
    # What `env_file` of a container makes of a line without a value.
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    (tmp_path / ".env").write_text(f"SECRETS_DIR={folder}\nZALO_BOT_TOKEN=from .env\n", encoding="utf-8")
    assert settings().telegram_token.get_secret_value() == "1:from-a-file"
    assert settings().database_url == "postgresql://u:p@h/d"
    assert settings().zalo_bot_token.get_secret_value() == "from .env"
    assert "from-a-file" not in repr(settings())


def test_a_missing_folder_of_secrets_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_DIR", "/no/such/folder")
    with pytest.raises(SettingError, match=r"^SECRETS_DIR: .*/no/such/folder"):
        settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWAY_PORT", "eighty"),
        ("GATEWAY_PORT", "70000"),
        ("DEFAULT_LANGUAGE", "fr"),
        ("PORTAL_TIMEOUT", "0"),
        ("STATUS_KIND", "soap"),
        ("TOKEN_MINUTES", "1"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_fails_with_the_variables_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError, match=rf"^{variable}: ") as caught:
        settings()
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [engine, async_engine])
@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("our database", "postgresql://user:password@host/name"),
        ("mysql://root@localhost/troly", "use sqlite:///"),
    ],
)
def test_a_broken_database_url_names_the_fix(make: object, url: str, fix: str) -> None:
    with pytest.raises(SettingError, match=r"^DATABASE_URL: ") as caught:
        make(url)  # type: ignore[operator]
    assert fix in str(caught.value)


def test_without_a_database_url_sqlite_lies_in_the_data_directory(tmp_path: Path) -> None:
    assert settings().database == f"sqlite:///{tmp_path / 'var' / 'troly.db'}"


def test_a_missing_demo_catalogue_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_CATALOGUE", "nowhere.jsonl")
    with pytest.raises(SettingError, match=r"^DEMO_CATALOGUE: .*nowhere\.jsonl"):
        _ = settings().demo_catalogue_file


def test_a_signing_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = settings().signing_key
    file = tmp_path / "var" / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first) >= 48
    settings.cache_clear()
    assert settings().signing_key == first


def test_a_signing_key_that_is_set_is_used_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    assert settings().signing_key == "from the environment"
    assert not (tmp_path / "var").exists()


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "sesame-1")
    monkeypatch.setenv("STATUS_CLIENT_SECRET", "sesame-2")
    assert "sesame" not in repr(settings())
