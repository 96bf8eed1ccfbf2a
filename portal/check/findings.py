"""What a check found, one line each, with how to mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from portal.errors import NotFound, PortalError, PortalRejected, PortalUnavailable

Verdict = Literal["PASS", "FAIL", "SKIPPED"]

_T = TypeVar("_T")

_FIXES = {
    "timeout": "answer within PORTAL_TIMEOUT; citizens wait for this",
    "connection": "is the address right, does the service run, may this machine reach it?",
    "server": "see the service's own log for this moment",
    "protocol": "answer JSON in the documented shape, also for errors; a page in HTML usually comes from a "
    "firewall or a login page: let this machine's address and User-Agent through",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. name: service.question; fix: what to change, for a FAIL."""

    verdict: Verdict
    name: str
    said: str
    fix: str = ""


class Findings:
    """Collects findings; each is told as soon as it is there."""

    def __init__(self, tell: Callable[[Finding], None] = lambda _finding: None) -> None:
        self.all: list[Finding] = []
        self._tell = tell

    def passed(self, name: str, said: str) -> None:
        """The question was answered as it must be."""
        self._add(Finding("PASS", name, said))

    def failed(self, name: str, said: str, fix: str) -> None:
        """It was not; `fix` names what to change."""
        self._add(Finding("FAIL", name, said, fix))

    def skipped(self, name: str, why: str) -> None:
        """It could not be tried, or need not be there."""
        self._add(Finding("SKIPPED", name, why))

    def judged(self, name: str, faults: list[str], said: str, fix: str) -> bool:
        """A PASS without faults, else a FAIL that names the first of them."""
        if not faults:
            self.passed(name, said)
            return True
        more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
        self.failed(name, "; ".join(faults[:3]) + more, fix)
        return False

    async def tried(self, name: str, question: Awaitable[_T], fix: str = "") -> _T | None:
        """The answer to a question; what goes wrong becomes a FAIL and None."""
        try:
            return await question
        except PortalUnavailable as error:
            own = fix if error.reason == "protocol" and fix else _FIXES.get(error.reason, "")
            self.failed(name, str(error), own or _FIXES["server"])
        except PortalRejected as error:
            self.failed(name, str(error), fix or "the question is described in docs/integrating-a-portal.md")
        except NotFound as error:
            self.failed(name, str(error), fix or "name something that exists at the portal")
        except PortalError as error:
            self.failed(name, str(error), fix or _FIXES["protocol"])
        return None

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many of each."""
        kinds: tuple[Verdict, ...] = ("PASS", "FAIL", "SKIPPED")
        return {kind: sum(finding.verdict == kind for finding in self.all) for kind in kinds}

    def _add(self, finding: Finding) -> None:
        self.all.append(finding)
        self._tell(finding)
