"""`make sbom`: the bill of materials of the two images, as CycloneDX 1.6 JSON, made from the locks alone."""

from __future__ import annotations

import argparse
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

sys.path.insert(0, str(Path(__file__).resolve().parent))
from locked import ROOT, Locked, read

LOCKS = {"full": ROOT / "requirements.lock", "slim": ROOT / "requirements.slim.lock"}


def bill(lock: Path, when: datetime) -> Bom:
    """All packages of a lock, and Trợ Lý as what they are for. The same lock makes the same serial number."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    made = Bom(serial_number=uuid.UUID(sha256(lock.read_bytes()).hexdigest()[:32], version=4))
    made.metadata.timestamp = when
    made.metadata.component = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
    )
    packages = [_component(one) for one in read(lock)]
    made.components.update(packages)
    made.register_dependency(made.metadata.component, packages)
    return made


def _component(package: Locked) -> Component:
    address = PackageURL("pypi", name=package.name, version=package.version)
    # Every file that the lock allows: wheels of each platform, and the source.
    properties = [Property(name="troly:sha256", value=value) for value in package.hashes]
    if package.marker:
        properties.append(Property(name="troly:marker", value=package.marker))
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=address,
        bom_ref=address.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.hashes[0])]
        if len(package.hashes) == 1
        else [],
        properties=properties,
    )


def written(lock: Path, when: datetime) -> str:
    """The bill as JSON."""
    return str(JsonV1Dot6(bill(lock, when)).output_as_string(indent=2)) + "\n"


def main() -> int:
    """Write troly-full.cdx.json and troly-slim.cdx.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "var" / "sbom")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, lock in LOCKS.items():
        path = folder / f"troly-{name}.cdx.json"
        path.write_text(written(lock, datetime.now(UTC)), "utf-8")
        print(f"{path}: {len(read(lock))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
