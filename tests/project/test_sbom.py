"""The bill of materials: valid CycloneDX, and exactly what the locks hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, RefResolver

from tests.project.tools import tool

sbom = tool("sbom")
WHEN = datetime(2026, 11, 22, tzinfo=UTC)


def specification() -> Draft7Validator:
    folder = Path(str(distribution("cyclonedx-python-lib").locate_file("cyclonedx/schema/_res")))
    schemas = {
        schema["$id"]: schema
        for path in folder.glob("*.SNAPSHOT.schema.json")
        if "$id" in (schema := json.loads(path.read_text("utf-8")))
    }
    (main,) = (schema for name, schema in schemas.items() if name.endswith("/bom-1.6.schema.json"))
    return Draft7Validator(main, resolver=RefResolver.from_schema(main, store=schemas))


@pytest.mark.parametrize("name", sorted(sbom.LOCKS))
def test_it_follows_the_specification_and_names_every_locked_package(name: str) -> None:
    lock = sbom.LOCKS[name]
    text = sbom.written(lock, WHEN)
    made: dict[str, Any] = json.loads(text)
    assert [error.message for error in specification().iter_errors(made)] == []
    purls = {component["purl"] for component in made["components"]}
    assert purls == {f"pkg:pypi/{one.name}@{one.version}" for one in sbom.read(lock)}
    assert ("pkg:pypi/rasa@3.6.21" in purls) == (name == "full")
    assert made["metadata"]["component"]["name"] == "troly"
    allowed = {hash_ for one in sbom.read(lock) for hash_ in one.hashes}
    named = {entry["value"] for part in made["components"] for entry in part["properties"]}
    assert allowed <= named
    # The same lock is the same bill.
    assert sbom.written(lock, WHEN) == text


def test_the_specification_is_really_consulted() -> None:
    made = json.loads(sbom.written(sbom.LOCKS["slim"], WHEN))
    made["components"][0]["type"] = "thing"
    assert [error.message for error in specification().iter_errors(made)]
