"""The numbers by which understanding acts, each with how it was set: on our own messages, never on evaluation
files. The weights of the probabilities that they are compared with stand in certainty.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RankingKnobs:
    """Set on tests/nlu and tests/bot/finder_messages*.yml.

    Halving or doubling any of them moves no set by more than chance: what is left is a matter of names.
    """

    asked: float = 0.32
    named: float = 0.30
    both: float = 0.30
    pairs: float = 0.08
    spelled: float = 0.20
    dense: float = 0.45
    accents: float = 0.4
    variant: float = 0.09
    commune_or_province: float = 0.02
    everyday_names: float = 0.05
    cosine_zero: float = 0.78
    """The cosine of texts that have nothing in common: e5's lie close together."""
    cosine_span: float = 0.14
    """From there to the cosine of texts that mean the same."""
    further: float = 0.2
    """What the second and third best name of a procedure add, on average."""
    lacking: float = 0.5
    """How well a name that a procedure does not have is taken to fit, in parts of its best. Without it the
    procedures that citizens named are preferred: 5 points fewer official names are found."""


@dataclass(frozen=True, slots=True)
class FinderThresholds:
    """Probabilities from which the finder acts, set for .93 right direct answers on tests/nlu."""

    sure: float = 0.80
    """From here on the encoder is not asked: .97 are right with it and without."""
    answer: float = 0.60
    """From here on it answers without asking back (Vietnamese: 78 % of tests/nlu, .930 of them right)."""
    answer_english: float = 0.70
    """70 % of tests/nlu, .931 right; tests/bot/finder_messages_en.yml were easier, names followed them."""
    answer_foreign: float = 0.60
    """Chinese, Korean and Japanese: half of 40 messages of tests/bot/finder_messages*.yml, 19 of 20 right."""
    found: float = 0.65
    """Below this chance of being among the first five, nothing fits."""
    follow_up: float = 0.1
    """Below this chance of naming a procedure, the message is about the one before."""


@dataclass(frozen=True, slots=True)
class ScopeKnobs:
    """Weights of a logistic formula, fitted on our own sentences: their intents by models that had not seen
    the sentence's topic (60 clusters in 4 folds), half of them with half of the everyday names taken away."""

    constant: float = 2.42
    odds: float = 0.64
    certainty: float = -0.83
    among: float = -1.06
    reject: float = 0.85
    """From this probability on a message is rejected. With more sentences out of scope the same probability
    rejects more: chosen so that of long messages in scope, whose topic was never taught, no more are rejected
    than before (between 2 and 3 %), in four folds by topic."""
    worth_finding: float = 0.02
    """Where the message seems out of scope, the chance of a procedure for which the finder is asked."""
    worth_naming: float = 0.03
    """The same for messages of other intents: their procedures are named, but nothing is decided."""


RANKING = RankingKnobs()
FINDER = FinderThresholds()
SCOPE = ScopeKnobs()
