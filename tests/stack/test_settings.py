"""What is wrong with the start is said in one line that names the fix, and the exit code is 2."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_SECONDS = 60

Start = Callable[..., str]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """MODEL_DIR, empty."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def start(tmp_path: Path, models: Path, bare_environment: dict[str, str]) -> Start:
    """Runs `troly serve` with settings that are wrong; gives the one line that it says."""

    def run(*arguments: str, **settings: object) -> str:
        given = {"DATA_DIR": tmp_path / "data", "MODEL_DIR": models, "DEMO_CATALOGUE": "own"}
        ended = subprocess.run(
            [sys.executable, "-m", "troly", "serve", *arguments],
            env=bare_environment | {name: str(value) for name, value in (given | settings).items()},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        said = ended.stderr.splitlines()
        assert ended.returncode == 2 and len(said) == 1, ended.stderr[-3000:]
        assert said[0].startswith("troly: ")
        return said[0]

    return run


_ALL = ()
_GATEWAY, _RASA, _ACTIONS = (("--only", name) for name in ("gateway", "rasa", "actions"))


@pytest.fixture
def model(trained_model: Path, models: Path) -> Path:
    """The trained model, in MODEL_DIR."""
    return Path(shutil.copy(trained_model, models))


@pytest.mark.parametrize(
    ("url", "named"),
    [("nonsense", "postgresql://"), ("mysql://root@127.0.0.1/troly", "mysql is not supported")],
)
def test_an_address_that_is_no_database(start: Start, url: str, named: str) -> None:
    said = start(DATABASE_URL=url)
    assert "DATABASE_URL" in said and named in said


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("only", [_ALL, _GATEWAY, _RASA, _ACTIONS], ids=["all", "gateway", "rasa", "actions"])
def test_a_database_that_does_not_answer(start: Start, only: tuple[str, ...], free_port: int) -> None:
    said = start(*only, DATABASE_URL=f"postgresql://troly@127.0.0.1:{free_port}/troly")
    assert "DATABASE_URL" in said and "does not answer" in said


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("GATEWAY_PORT", "x", "integer"),
        ("RASA_PORT", "70000", "65535"),
        ("PORTAL_TIMEOUT", "0", "greater than 0"),
        ("DEFAULT_LANGUAGE", "fr", "'vi' or 'en'"),
        ("LOG_LEVEL", "loud", "warning"),
        ("STATUS_KIND", "carrier pigeon", "igate"),
        ("DEMO_CATALOGUE", "/nope", "own"),
        ("HOST", "203.0.113.1", "cannot listen"),
    ],
)
def test_a_wrong_setting(start: Start, name: str, value: str, named: str) -> None:
    said = start(**{name: value})
    assert name in said and named in said


def test_a_data_folder_that_cannot_be_made(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "DATA_DIR" in start(DATA_DIR=tmp_path / "file" / "data")


@pytest.mark.parametrize(
    ("name", "only"),
    [("GATEWAY_PORT", _ALL), ("RASA_PORT", _ALL), ("ACTIONS_PORT", _ACTIONS), ("PORTAL_PORT", _ALL)],
)
def test_a_port_in_use(start: Start, name: str, only: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = start(*only, **{name: port})
    assert said.startswith(f"troly: {name}: port {port} is in use") and "free port" in said


@pytest.fixture
def tables(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    """A database with its tables: a missing one is named before a missing model."""
    subprocess.run(
        [sys.executable, "-m", "troly", "db", "upgrade"],
        env=bare_environment | {"DATA_DIR": str(tmp_path / "data")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )


@pytest.mark.usefixtures("tables")
def test_no_model(start: Start) -> None:
    assert "troly train" in start(*_RASA)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("content", [b"", b"not a model", None], ids=["empty", "something else", "cut off"])
def test_a_broken_model(start: Start, model: Path, content: bytes | None) -> None:
    model.write_bytes(model.read_bytes()[:200_000] if content is None else content)
    said = start(*_RASA)
    assert model.name in said and "troly train" in said


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("only", [_GATEWAY, _RASA, _ACTIONS], ids=["gateway", "rasa", "actions"])
def test_no_tables_for_a_process_alone(start: Start, only: tuple[str, ...]) -> None:
    assert "troly db upgrade" in start(*only)


def test_an_unknown_process(start: Start) -> None:
    assert "gateway" in start("--only", "gatway")
