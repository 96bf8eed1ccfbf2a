"""Does a message that seems to be about no procedure go on with the one that is talked of?

"Ông ấy không chịu ký thì làm thế nào" is about nothing alone. Said after a question about a house it is about
that house, though it looks like a private quarrel; "mai trời có mưa không" is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from bot.understanding.certainty import logistic
from bot.understanding.second_opinion import EncoderHead

FOLLOWS, OTHER = "follows", "other"
_FLOOR = 1e-3
_CONSTANT, _LOOKS, _SURE, _OUTSIDE = 0.960, 0.601, -0.435, 1.770
"""Fitted on the odd dialogues of tests/dialogues: 89 turns that seemed to be about no procedure."""
LIKELY = 0.75
"""From this probability on a message goes on with what is talked of. Of the 46 that do in the odd dialogues
34 are seen, of the 41 in the even ones 26; of the 112 that do not, 4 are taken for one."""


@dataclass(frozen=True, slots=True)
class FollowUps:
    """The encoder's head that knows what further messages look like, with the labels FOLLOWS and OTHER."""

    head: EncoderHead

    def probability(self, vector: NDArray[np.float32], confidence: float, *, outside: bool) -> float:
        """That the message goes on; `confidence` is of its intent, which is about no procedure, and `outside`
        whether that is out_of_scope."""
        looks = float(self.head.probabilities(vector)[self.head.labels.index(FOLLOWS)])
        return logistic(_CONSTANT + _LOOKS * _odds(looks) + _SURE * _odds(confidence) + _OUTSIDE * outside)


def _odds(probability: float) -> float:
    kept = min(max(probability, _FLOOR), 1 - _FLOOR)
    return log(kept / (1 - kept))
