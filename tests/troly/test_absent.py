"""A package that is not there is looked for once."""

import importlib
import sys

import pytest

from troly import absent


def test_what_is_not_installed_fails_at_once_and_what_is_stays_importable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("no_such_package_at_all", "wave"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    absent.remember("no_such_package_at_all", "wave")
    try:
        assert sys.modules["no_such_package_at_all"] is None
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_such_package_at_all")
        assert importlib.import_module("wave").__name__ == "wave"
    finally:
        sys.modules.pop("no_such_package_at_all", None)
