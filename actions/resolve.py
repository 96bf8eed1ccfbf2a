"""Which procedure does the citizen mean? The recipe reads top down; the first that knows, decides."""

from __future__ import annotations

from dataclasses import dataclass

from actions.siblings import Group, are_siblings, group_for, group_with_a_foreigner, names_a_foreigner
from actions.turn import ASPECTS, Candidate, Turn
from troly.text import fold

NEW_TOPIC = 0.5
"""From this probability of another procedure (`change`) on, it replaces the one in focus."""

UNSURE = 0.4, 0.65
"""Between these, both are offered: of 19 turns of tests/dialogues there, 9 were about the new one that was
found surely, 9 about the one talked of. Not where a procedure is asked for as a whole: of 15 such turns that
were offered the one talked of among others, 14 meant another."""

CORRECTION = 0.25
"""From this probability of naming a procedure (`mention`) on, a sibling replaces the one in focus ("không
mất, sắp hết hạn thôi"), and one of those that are on offer is taken."""

MOST_CHOICES = 5


@dataclass(frozen=True)
class Meant:
    """The procedure is known: its code, what is asked about it, and which case or page of it."""

    code: str
    aspect: str
    case: int | None = None
    page: int = 1


@dataclass(frozen=True)
class Ask:
    """Several fit: the group whose question tells them apart, or the candidates themselves.

    `still` is the procedure talked of before, which the message may be about as well.
    """

    aspect: str
    candidates: tuple[Candidate, ...]
    group: Group | None = None
    still: str | None = None


@dataclass(frozen=True)
class NotFound:
    """The message names a procedure that the catalogue does not have."""

    aspect: str


@dataclass(frozen=True)
class Missing:
    """No procedure is named and none is in focus."""

    aspect: str


@dataclass(frozen=True)
class AskAgain:
    """A further question while the choice between procedures is still open: offer the same ones again."""

    aspect: str


Resolution = Meant | Ask | AskAgain | NotFound | Missing


def resolve(turn: Turn) -> Resolution:
    """The procedure that the latest message is about."""
    return (
        _typed_code(turn)
        or _choice(turn)
        or _not_served(turn)
        or _pending(turn)
        or _in_focus(turn)
        or _found(turn)
    )


def chosen(turn: Turn) -> Meant | None:
    """The offered choice that the citizen took by number or by name; None when they took none."""
    if not turn.choices:
        return None
    if "ordinal" in turn.entities:
        index = _whole(turn.entities["ordinal"]) or 0
        if index != 0 and -len(turn.choices) <= index <= len(turn.choices):
            return _taken(turn.choices[index if index < 0 else index - 1])
        return None
    return _named(turn)


def _typed_code(turn: Turn) -> Meant | None:
    code = turn.entities.get("procedure_code")
    if not code:
        return None
    page = max(_whole(turn.entities.get("page")) or 1, 1)
    return Meant(str(code), turn.aspect, _whole(turn.entities.get("case")), page)


def _whole(value: object) -> int | None:
    """A whole number from a button's payload, which anyone can write; None for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return None


def _choice(turn: Turn) -> Meant | None:
    return None if turn.pressed else chosen(turn)


def _taken(choice: dict[str, object]) -> Meant:
    aspect = ASPECTS.get(str(choice["intent"]), "overview")
    return Meant(str(choice["procedure_code"]), aspect, _whole(choice.get("case")))


def _named(turn: Turn) -> Meant | None:
    words = set(fold(turn.text).split())
    if not words or len(words) > 12:
        return None
    scores = [
        max(len(words & set(fold(title).split())) / len(words) for title in _titles(choice))
        for choice in turn.choices
    ]
    best = max(scores)
    if best < 0.6 or scores.count(best) > 1:
        return None
    return _taken(turn.choices[scores.index(best)])


def _titles(choice: dict[str, object]) -> list[str]:
    title = choice.get("title")
    return [str(text) for text in title.values()] if isinstance(title, dict) else [str(title)]


def _not_served(turn: Turn) -> NotFound | None:
    """A message that names a procedure which this catalogue has not, whatever was talked of or is on offer.

    Where the catalogue has all, nothing found means that the message may go on.
    """
    named = turn.decision == "not_found" and not turn.candidates and turn.change >= NEW_TOPIC
    return NotFound(turn.aspect) if named else None


def _pending(turn: Turn) -> Meant | AskAgain | None:
    """What a message means while several procedures are on offer."""
    offered = {str(choice["procedure_code"]) for choice in turn.choices if "case" not in choice}
    if not offered or turn.pressed:
        return None
    if turn.decision in ("none", "not_found") or turn.mention < CORRECTION or not turn.candidates:
        return AskAgain(turn.aspect)
    first = turn.candidates[0]
    if first.code not in offered:
        return AskAgain(turn.aspect) if turn.change < NEW_TOPIC else None
    taken = next(_taken(choice) for choice in turn.choices if choice["procedure_code"] == first.code)
    return taken if turn.aspect == "overview" else Meant(first.code, turn.aspect)


def _in_focus(turn: Turn) -> Meant | Ask | None:
    if turn.focus is None:
        return None
    stays = _staying(turn, turn.focus)
    if not turn.candidates or turn.decision in ("none", "not_found"):
        return stays
    first = turn.candidates[0]
    if first.code == turn.focus:
        return stays
    if are_siblings(first.code, turn.focus):
        return None if turn.mention >= CORRECTION else stays
    if turn.decision == "answer" and UNSURE[0] <= turn.change < UNSURE[1] and turn.aspect != "overview":
        return Ask(turn.aspect, turn.candidates[:1], still=turn.focus)
    if turn.change < NEW_TOPIC:
        return stays
    if turn.decision == "choose" and turn.focus in {candidate.code for candidate in turn.candidates[:3]}:
        return stays
    return None


def _staying(turn: Turn, focus: str) -> Meant | Ask:
    """The procedure talked of; "bạn trai em là người Hàn" after a wedding asks for the other wedding."""
    group = _with_a_foreigner(turn, focus)
    return Meant(focus, turn.aspect) if group is None else Ask(turn.aspect, (), group)


def _found(turn: Turn) -> Resolution:
    if turn.decision == "none" or (not turn.candidates and turn.decision != "not_found"):
        return Missing(turn.aspect)
    if turn.decision == "not_found":
        return NotFound(turn.aspect)
    first, *others = turn.candidates
    if turn.decision == "answer":
        if (group := _with_a_foreigner(turn, first.code)) is not None:
            return Ask(turn.aspect, turn.candidates[:MOST_CHOICES], group)
        return Meant(first.code, turn.aspect)
    # A sibling further down says little: of 375 choices of our own messages 355 hold the right one like this,
    # 341 where any of the five offered calls for the question.
    group = group_for(first.code, (candidate.code for candidate in others[:1]))
    still = None if turn.aspect == "overview" else turn.focus
    return Ask(turn.aspect, turn.candidates[:MOST_CHOICES], group, still)


def _with_a_foreigner(turn: Turn, code: str) -> Group | None:
    """The question to ask where a foreigner was talked of, and the procedure found is that of Vietnamese.

    Who has just asked how to marry a foreigner, and now asks for a birth certificate, may need the other one;
    so may who asks how to report the death of a British father.
    """
    talked_of = turn.focus is not None and names_a_foreigner(turn.focus)
    if not (turn.foreigner or talked_of):
        return None
    return None if names_a_foreigner(code) else group_with_a_foreigner(code)
