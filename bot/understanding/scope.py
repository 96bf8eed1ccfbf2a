"""Is the message for the service at all? The intent's odds and the finder's evidence decide together.

"Điều kiện" is asked of a building permit and of a football team alike; only that no procedure fits tells them
apart. A clear name of a procedure, the other way round, outweighs an unusual question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import log

from bot.understanding.certainty import Evidence, logistic
from bot.understanding.knobs import SCOPE, ScopeKnobs

OUT_OF_SCOPE = "out_of_scope"
_FLOOR = 1e-4
_A_NAME, _IN_A_NAME = 0.6, (0.9, 0.5)
"""The message is a name from this product on, of the share of the message that is in a name and that of the
name that is in the message; or a part of one from these on. None of 580 own messages out of scope is."""


def outside(
    probabilities: Mapping[str, float],
    needing: Collection[str],
    certainty: float,
    among: float,
    knobs: ScopeKnobs = SCOPE,
    *,
    elsewhere: bool = False,
) -> float:
    """The probability that the message is out of scope.

    `probabilities` by intent, `needing` the intents that are about a procedure; `certainty` and `among` are
    the finder's that the right procedure is first, and among the first five; `elsewhere` tells that it names
    a paper of another country.
    """
    odds = log((probabilities.get(OUT_OF_SCOPE, 0.0) + _FLOOR) / (mass(probabilities, needing) + _FLOOR))
    return logistic(
        knobs.constant
        + knobs.odds * odds
        + knobs.certainty * certainty
        + knobs.among * among
        + knobs.elsewhere * elsewhere
    )


def is_a_name(evidence: Evidence) -> bool:
    """Whether the message is a name of a procedure and hardly anything else ("income tax refund").

    Such words are few for the intents to go by: they look like a topic of any kind.
    """
    asked, named = _IN_A_NAME
    return evidence.asked * evidence.named >= _A_NAME or (evidence.asked >= asked and evidence.named >= named)


def mass(probabilities: Mapping[str, float], needing: Collection[str]) -> float:
    """The probability that the message is about a procedure."""
    return sum(value for name, value in probabilities.items() if name in needing)


def revised(probabilities: Mapping[str, float], out: float, rejects: bool) -> dict[str, float]:
    """The probabilities with that of out_of_scope at `out`, most likely first; its place agrees with
    `rejects`."""
    others = {name: value for name, value in probabilities.items() if name != OUT_OF_SCOPE}
    rest = sum(others.values()) or 1.0
    made = {name: value * (1 - out) / rest for name, value in others.items()}
    best = max(made.values(), default=0.0)
    made[OUT_OF_SCOPE] = max(out, best) if rejects else min(out, 0.9 * best)
    # The rejection comes first among equals.
    return dict(sorted(made.items(), key=lambda pair: (-pair[1], (pair[0] != OUT_OF_SCOPE) == rejects)))
