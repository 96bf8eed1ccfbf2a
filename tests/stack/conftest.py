"""The real program, all four processes of it, on free ports and its own data."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Test folders are no packages; what these tests share lies beside them.
sys.path.insert(0, str(Path(__file__).parent))

from running import Running
from visitors import Visitor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def prepare(trained_model: Path, bare_environment: dict[str, str]) -> Callable[..., Running]:
    """Gives a program with the trained model that is not started yet; the words are its settings."""

    def make(folder: Path, *, with_data: bool = True, **settings: object) -> Running:
        models = folder / "models"
        models.mkdir(parents=True)
        # Without its record, or `serve` would train anew when a file was changed since.
        shutil.copy(trained_model, models)
        if with_data:
            (folder / "data").mkdir()
            for file in (trained_model.parent.parent / "data").glob("troly.db*"):
                shutil.copy(file, folder / "data")
        return Running(folder, bare_environment, MODEL_DIR=models, **settings)

    return make


@pytest.fixture(scope="session")
def stack(prepare: Callable[..., Running], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The program for tests that leave it as it was: no limits, an impatient client of the portal."""
    running = prepare(
        tmp_path_factory.mktemp("stack"),
        PORTAL_TIMEOUT=2,
        PORTAL_CACHE_SECONDS=0,
        MESSAGES_PER_MINUTE=1_000_000,
        CONVERSATIONS_PER_HOUR=1_000_000,
        LOOKUPS_PER_HOUR=500,
    )
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="session")
def fragile(prepare: Callable[..., Running], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The program for tests that kill parts of it, with the limits that a deployment has."""
    running = prepare(tmp_path_factory.mktemp("fragile"), PORTAL_CACHE_SECONDS=0)
    running.start()
    yield running
    running.end()


@pytest.fixture
def visitor(stack: Running) -> Iterator[Visitor]:
    """Someone whose page is in Vietnamese."""
    with stack.visitor("vi") as made:
        yield made
