"""The programs in tools/, which are no package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from troly.settings import ROOT


def tool(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
    assert specification and specification.loader
    made = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = made  # dataclasses look their module up
    specification.loader.exec_module(made)
    return made
