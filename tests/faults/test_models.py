"""A model file that was damaged: the start says what to do, and a version that works answers meanwhile."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from bot import versions
from troly import migrate, training
from troly.clock import now
from troly.database import async_engine
from troly.errors import UsageError
from troly.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, data_dir=tmp_path, model_dir=tmp_path / "models")
    migrate.upgrade(made.database)
    made.model_dir.mkdir()
    return made


def _model(config: Settings, name: str, *, age: float = 0) -> Path:
    import tarfile

    path = config.model_dir / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for number in range(20):
            file = config.data_dir / f"part{number}"
            file.write_bytes(os.urandom(4000))
            tar.add(file, arcname=f"components/{number}")
    os.utime(path, (path.stat().st_mtime - age,) * 2)
    return path


def _harm(path: Path, how: str) -> None:
    content, moment = path.read_bytes(), path.stat().st_mtime
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "not a model":
        path.write_bytes(b"<html>proxy error</html>")
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes(200) + content[middle + 200 :])
    os.utime(path, (moment, moment))


DAMAGE = ("cut off", "empty", "not a model", "bad sectors")


@pytest.mark.parametrize("how", DAMAGE)
def test_a_start_with_a_damaged_model_names_the_file_and_the_way_out(config: Settings, how: str) -> None:
    _model(config, "older", age=3600)
    newest = _model(config, "newest")
    assert versions.newest_model(config.model_dir) == newest
    _harm(newest, how)
    with pytest.raises(UsageError, match=r"newest\.tar\.gz is broken: delete it and run `troly train`"):
        versions.require_model(config)
    newest.unlink()
    versions.require_model(config)
    assert versions.serving_model(config).name == "older.tar.gz", "what the message says helps"


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_version_is_refused_before_it_is_loaded(config: Settings, how: str) -> None:
    model = _model(config, "v2")
    versions.check_file(model)
    _harm(model, how)
    with pytest.raises(versions.ModelBroken) as error:
        versions.check_file(model)
    assert error.value.reason == "broken"


def test_an_activated_version_whose_file_was_deleted_gives_way_to_the_newest(config: Settings) -> None:
    newest = _model(config, "newest")
    chosen = _model(config, "chosen", age=3600)

    async def choose() -> None:
        made = async_engine(config.database)
        async with made.begin() as connection:
            await training.register(
                connection, name="chosen", path="chosen.tar.gz", made_at=now(), author="t", counts={}
            )
            assert await training.activate(connection, "chosen", "activate", "t", after=None)
        await made.dispose()

    asyncio.run(choose())
    assert versions.serving_model(config) == chosen
    shutil.move(chosen, config.data_dir / "away")
    assert versions.serving_model(config) == newest
