"""How many stories there are about each service, in each language: python tests/stories/count.py."""

from __future__ import annotations

from pathlib import Path

import yaml

SERVICES = {
    "applications": "application status",
    "notices": "notices",
    "reports": "field reports, complaints",
    "offices": "offices, former communes",
    "guides": "digital help",
    "life_events": "life events",
    "ratings": "ratings",
    "person": "a person",
    "my_data": "my data",
    "procedures": "(procedures)",
    "control": "(control)",
}
LANGUAGES = ("vi", "en")


def counted() -> dict[str, dict[str, tuple[int, int]]]:
    """Subject -> language -> stories and their turns."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for path in sorted(Path(__file__).parent.glob("*/*.yml")):
        stories = yaml.safe_load(path.read_text(encoding="utf-8"))
        turns = sum(len(story["turns"]) for story in stories)
        found.setdefault(path.stem, {})[path.parent.name] = (len(stories), turns)
    return found


def main() -> None:
    """Print the table."""
    found = counted()
    print(f"{'service':<28}{'vi':>9}{'en':>9}   stories/turns")
    for subject in [*SERVICES, *sorted(set(found) - set(SERVICES))]:
        cells = ("/".join(map(str, found.get(subject, {}).get(language, (0, 0)))) for language in LANGUAGES)
        print(f"{SERVICES.get(subject, subject):<28}" + "".join(f"{cell:>9}" for cell in cells))
    sums = [[sum(row[language][part] for row in found.values()) for part in (0, 1)] for language in LANGUAGES]
    print(f"{'all':<28}" + "".join(f"{'/'.join(map(str, cell)):>9}" for cell in sums))


if __name__ == "__main__":
    main()
