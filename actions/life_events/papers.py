"""One list of papers for several procedures: each paper once, with the procedures that need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from actions.values import is_alternative, is_paper, shorten
from portal.models import Case, Document, Procedure
from troly.text import fold

MOST_PAPERS = 60
_LENGTH = 180
_SHORTEST_HEAD = 8
_BULLET = re.compile(r"^(?:[-+*•⃰.\s]+|\(?\d{1,2}[.)]\s*|\(?(?:[a-zđ]|[ivx]{1,4})\)\s*|[A-Z]\.\s+)+")
_PART = re.compile(r"\s(?=[a-zđ]\)\s)")
_END_OF_HEAD = re.compile(r"[;.:](?:\s|$)")
_GOES_ON = re.compile(r"\b(?:sau|sau day|gom|nhu)$")
_ONLY_IF = re.compile(r"\b(?:(?<!tru )truong hop|doi voi|neu|tuy tung)\b")
_BRACKETS = re.compile(r"\([^()]*\)")
_COPY = re.compile(r"^(?:0?1 |mot )?(?:ban (?:sao|chinh|goc)|giay to sau)\s+(?:co chung thuc\s+)?")
_FORM = re.compile(r"\btheo mau\b.*$")


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper to bring, as the portal names it."""

    name: str
    needed: tuple[int, ...]
    """Numbers of the procedures, in the event's order, that need it."""
    originals: int
    copies: int
    only_if: bool
    """Needed in a certain case only, as its name says."""


def combined(procedures: Sequence[tuple[Procedure, str]]) -> list[Paper]:
    """The papers of all procedures, what everybody needs first; with each, words of the case that holds."""
    papers: dict[str, Paper] = {}
    for number, (procedure, case) in enumerate(procedures, 1):
        for one in _documents(procedure, case):
            for name in _parts(one.name):
                paper = Paper(_title(name), (number,), one.originals, one.copies, _is_conditional(name))
                if not paper.name:
                    continue
                key = _key(name)
                known = papers.get(key)
                papers[key] = _merged(known, paper) if known else paper
    ordered = sorted(papers.values(), key=lambda paper: paper.only_if)
    return ordered[:MOST_PAPERS]


def has_open_cases(procedure: Procedure, case: str) -> bool:
    """Whether the record names cases that exclude each other, and nothing tells which one holds."""
    alternatives = _alternatives(procedure)
    return len(alternatives) > 1 and not _chosen(alternatives, case)


def _documents(procedure: Procedure, case: str) -> list[Document]:
    """The papers of the case that holds and of what is common to all; open cases are left out."""
    alternatives = _alternatives(procedure)
    left_out: Iterable[Case] = ()
    if len(alternatives) > 1:
        chosen = _chosen(alternatives, case)
        left_out = [one for one in alternatives if one not in chosen]
    return [
        document
        for one in procedure.cases
        if one not in left_out
        for document in one.documents
        if is_paper(document) and not document.name.rstrip().endswith(":")
    ]


def _alternatives(procedure: Procedure) -> list[Case]:
    return [case for case in procedure.cases if case.documents and is_alternative(case)]


def _chosen(alternatives: list[Case], words: str) -> list[Case]:
    return [case for case in alternatives if words and fold(words) in fold(case.name)]


def _parts(name: str) -> list[str]:
    """The papers of a list that the portal wrote into one field ("… a) … b) …")."""
    parts = [part.strip() for part in _PART.split(f" {' '.join(name.split())}") if part.strip()]
    if len(parts) < 2:
        return [name]
    return [part for part in parts if not part.endswith(":")]


def _head(name: str) -> str:
    """Up to the end of the first sentence: what follows are the portal's remarks."""
    text = _BULLET.sub("", " ".join(name.split()))
    ends = (text[: match.start()] for match in _END_OF_HEAD.finditer(text))
    whole = (head for head in ends if len(head) >= _SHORTEST_HEAD and not _GOES_ON.search(fold(head)))
    return next(whole, text)


def _title(name: str) -> str:
    head = shorten(_head(name), _LENGTH).strip(" ,;:")
    return head[:1].upper() + head[1:]


def _is_conditional(name: str) -> bool:
    return bool(_ONLY_IF.search(fold(_BRACKETS.sub(" ", _head(name)))))


def _key(name: str) -> str:
    """What two names of one paper have in common."""
    words = fold(_BRACKETS.sub(" ", _head(name)).split(",")[0])
    return " ".join(_FORM.sub("", _COPY.sub("", words)).split()) or fold(name)


def _merged(known: Paper, paper: Paper) -> Paper:
    return replace(
        known,
        needed=tuple(sorted({*known.needed, *paper.needed})),
        originals=max(known.originals, paper.originals),
        copies=max(known.copies, paper.copies),
        only_if=known.only_if and paper.only_if,
    )
