"""The judge of a run: it must see what is lost, doubled, and out of order."""

from __future__ import annotations

import pytest

from tests.faults.crowd import Crowd


class _Shown(Crowd):
    def __init__(self, asked: list[int], shown: list[int]) -> None:
        super().__init__(4, [])
        self.asked["telegram", "Lan"] = asked
        self.written = dict.fromkeys(asked, 0.0)
        self._shown = shown

    def shown(self, channel: str, citizen: str) -> list[int]:
        return self._shown


@pytest.mark.parametrize(
    ("shown", "recorded", "wrong"),
    [
        ([1, 2, 3], {}, {}),
        ([1, 3], {}, {"lost": 1}),
        ([1, 2, 2, 3], {}, {"doubled": 1}),
        ([1, 2, 2, 3], {2: 1}, {"repeated_and_recorded": 1}),
        ([1, 3, 2], {}, {"citizens_out_of_order": 1}),
        ([1, 2, 1, 3], {1: 1}, {"repeated_and_recorded": 1, "citizens_out_of_order": 1}),
        ([], {}, {"lost": 3}),
    ],
)
def test_the_judge_sees_what_went_wrong(
    shown: list[int], recorded: dict[int, int], wrong: dict[str, int]
) -> None:
    verdict = _Shown([1, 2, 3], shown).verdict(recorded)
    found = {name: count for name, count in verdict.items() if name not in ("written", "brought_again")}
    assert found == dict.fromkeys(found, 0) | wrong
