"""A report while it is being written: what is known, and what is asked next."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

Step = Literal["text", "category", "place", "commune", "office", "when", "photos", "contact", "summary"]

REPORT: tuple[Step, ...] = ("text", "category", "place", "commune", "photos", "contact", "summary")
COMPLAINT: tuple[Step, ...] = ("text", "office", "when", "contact", "summary")

MOST_PHOTOS = 3
LONGEST_TEXT = 3000


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything is empty until it is known. A slot keeps it as a dictionary."""

    kind: str = "report"
    """report or complaint."""
    text: str = ""
    category: str = ""
    address: str = ""
    commune: str = ""
    """The code of the commune."""
    communes: tuple[str, ...] = ()
    """Codes to choose from, where a name leads to several."""
    latitude: float | None = None
    longitude: float | None = None
    place_done: bool = False
    happened: str = ""
    when_done: bool = False
    photos: tuple[str, ...] = ()
    photos_done: bool = False
    phone: str = ""
    """Encrypted."""
    phone_shown: str = ""
    """Masked, for the summary."""
    contact_done: bool = False
    note: str = ""
    """What is said before the next question, once: a response report_note_… without its first part."""
    taken: str = ""
    """The id of the message that this was last changed by."""

    @property
    def step(self) -> Step:
        """What is asked next."""
        return next(step for step in (COMPLAINT if self.kind == "complaint" else REPORT) if self._open(step))

    def _open(self, step: Step) -> bool:
        known: dict[Step, bool] = {
            "text": bool(self.text),
            "category": bool(self.category),
            "place": bool(self.address or self.commune or self.latitude is not None),
            "commune": bool(self.commune) or self.place_done,
            "office": bool(self.address),
            "when": self.when_done,
            "photos": self.photos_done,
            "contact": self.contact_done,
            "summary": False,
        }
        return not known[step]

    def again(self, step: Step) -> Draft:
        """With this part to be asked once more."""
        empty: dict[Step, dict[str, Any]] = {
            "text": {"text": ""},
            "category": {"category": ""},
            "place": _NOWHERE,
            "commune": _NOWHERE,
            "office": _NOWHERE,
            "when": {"happened": "", "when_done": False},
            "photos": {"photos": (), "photos_done": False},
            "contact": {"phone": "", "phone_shown": "", "contact_done": False},
            "summary": {},
        }
        return replace(self, **empty[step])

    def with_photo(self, name: str) -> Draft:
        """With one more picture, as long as there is room."""
        if name in self.photos:
            return self
        if len(self.photos) >= MOST_PHOTOS:
            return replace(self, note="enough_photos", photos_done=True)
        photos = (*self.photos, name)
        done = self.photos_done or len(photos) == MOST_PHOTOS
        return replace(self, photos=photos, photos_done=done, note="photo_taken")

    def more(self, text: str) -> Draft:
        """With something added to what was said."""
        return replace(self, text=f"{self.text}\n{text}"[:LONGEST_TEXT], note="added")

    def to_slot(self) -> dict[str, Any]:
        """As a slot keeps it."""
        return asdict(self)

    @classmethod
    def from_slot(cls, value: Any) -> Draft | None:
        """The draft that a slot keeps; None where it keeps none."""
        if not isinstance(value, dict):
            return None
        known = {item.name for item in fields(cls)}
        given: dict[str, Any] = {
            name: tuple(part) if isinstance(part, list) else part for name, part in value.items()
        }
        return cls(**{name: part for name, part in given.items() if name in known})


_NOWHERE: dict[str, Any] = {
    "address": "",
    "commune": "",
    "communes": (),
    "latitude": None,
    "longitude": None,
    "place_done": False,
}
