"""The numbers by which understanding acts, each with how it was set: on our own messages, never on evaluation
files. The weights of the probabilities that they are compared with stand in certainty.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RankingKnobs:
    """Set on tests/nlu, tests/bot/finder_messages*.yml, the first turns of tests/dialogues and
    tests/messages/fitted.

    Halving or doubling any of them moves no set by more than chance: what is left is a matter of names.
    """

    asked: float = 0.32
    named: float = 0.30
    both: float = 0.30
    pairs: float = 0.08
    spelled: float = 0.20
    whole: float = 0.6
    """What a name gets that is the whole message, and the message the whole name: what records say of others
    must not outweigh it ("gia hạn hộ chiếu", of which those of diplomats say more)."""
    dense: float = 0.85
    records: float = 1.0
    """What a record that says all of the message adds to a score, which is about 1 for a name in full."""
    same_field: float = 0.2
    same_words: float = 0.2
    """What a procedure gets that is like the one talked of before: of its field, and with all words of its
    name. Of 252 changes of subject in tests/dialogues 193 are found first with them, 175 without."""
    foreigner: float = 0.15
    """What a procedure for Vietnamese alone loses where the message names a foreigner, and a sibling is for
    those."""
    age: float = 0.4
    """What a procedure loses that is for the younger or older than those of whom the message speaks."""
    accents: float = 0.4
    variant: float = 0.09
    commune_or_province: float = 0.03
    everyday_names: float = 0.08
    cosine_zero: float = 0.78
    """The cosine of texts that have nothing in common: e5's lie close together."""
    cosine_span: float = 0.14
    """From there to the cosine of texts that mean the same."""
    cosine_zero_foreign: float = 0.80
    cosine_span_foreign: float = 0.12
    """The same for Chinese, Korean and Japanese, whose vectors lie closer together."""
    further: float = 0.2
    """What the second and third best name of a procedure add, on average."""
    lacking: float = 0.5
    """How well a name that a procedure does not have is taken to fit, in parts of its best. Without it the
    procedures that citizens named are preferred: 5 points fewer official names are found."""


@dataclass(frozen=True, slots=True)
class FinderThresholds:
    """Probabilities from which the finder acts. A wrong answer costs a day, a question back half a minute:
    set where a higher one would no longer make direct answers better."""

    sure: float = 0.80
    """From here on the encoder is not asked: .97 are right with it and without."""
    answer: float = 0.82
    """From here on it answers without asking back (Vietnamese: 77 % of 1,022 messages, .955 right)."""
    answer_english: float = 0.82
    """67 % of 367 messages, .959 right."""
    answer_foreign: float = 0.65
    """Chinese, Korean and Japanese: a third of 97 messages, .935 right."""
    found: float = 0.65
    """Below this chance of being among the first five, nothing fits."""
    follow_up: float = 0.1
    """Below this chance of naming a procedure, the message is about the one before."""


@dataclass(frozen=True, slots=True)
class ScopeKnobs:
    """Weights of a logistic formula, fitted on tests/messages/fitted: 612 messages, 176 of them out
    of scope, that neither the intents nor the names had seen."""

    constant: float = 2.3
    odds: float = 0.52
    certainty: float = -3.0
    among: float = -1.05
    elsewhere: float = 6.0
    """Set apart from the others, on 17 of our own messages that name a paper of another country and on
    those that only mention one: what names a procedure of ours word for word still passes."""
    reject: float = 0.5
    """From this probability on a message is rejected: of our own Vietnamese ones .93 of those out of scope,
    and .013 of the others."""
    worth_finding: float = 0.02
    """Where the message seems out of scope, the chance of a procedure for which the finder is asked."""
    worth_naming: float = 0.03
    """The same for messages of other intents: their procedures are named, but nothing is decided."""


RANKING = RankingKnobs()
FINDER = FinderThresholds()
SCOPE = ScopeKnobs()
