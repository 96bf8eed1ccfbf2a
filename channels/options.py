"""How patient delivery and sending are; tests are less so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """How patient delivery is. All in seconds unless said otherwise."""

    workers: int = 20
    """Conversations answered at once by this process; `share` of them may be one visitor's."""
    lag: float = 0.5
    """By so much each further message of one visitor stands back (channels/claiming.py)."""
    lease: float = 12.0
    """Renewed while a worker lives; a dead worker's message waits no longer than this for another."""
    attempt: float = 30.0
    """One try, Rasa and storing together."""
    poll: float = 1.0
    """How often to look for what other processes left."""
    pauses: tuple[float, ...] = (1.0, 3.0, 8.0, 20.0)
    """After each failed try; one try more than pauses, then the message is parked."""
    outage_pause: float = 10.0
    """Longest pause while Rasa is off; those tries do not count."""
    outage: float = 900.0
    """A message older than this is parked even if only Rasa was off."""
    notice: float = 60.0
    """After this the citizen is told that it takes longer."""
    collect: float = 10.0
    """For fetching a picture or recording before it is answered."""
    drain: float = 5.0
    """For running tries at shutdown; what is cut off then is taken up again after its lease."""

    @property
    def share(self) -> int:
        """How many workers one visitor may have at once: a fifth is always left to others."""
        return self.workers - self.workers // 5

    @property
    def tries(self) -> int:
        """After so many a message is parked."""
        return len(self.pauses) + 1


@dataclass(frozen=True, slots=True)
class SenderOptions:
    """How patient sending is. All in seconds unless said otherwise."""

    workers: int = 16
    """Calls at once by this process."""
    attempt: float = 20.0
    """One call; cut off then, its outcome is unknown."""
    lease: float = 25.0
    """More than a call: what a dead sender held waits no longer than this for another."""
    poll: float = 1.0
    """How often to look for what other processes left."""
    pauses: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)
    """After each try that was surely not delivered; the last one again and again."""
    tries: int = 20
    """After so many, an hour and a half, the reply is given up."""
    unknown_pauses: tuple[float, ...] = (5.0, 60.0)
    """Before a reply is repeated whose outcome is unknown; one time more, it is given up."""
    drain: float = 3.0
    """At shutdown, for what is due. With delivery's, less than a supervisor waits before it kills (10 s)."""
