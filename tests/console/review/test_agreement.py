"""Cohen's kappa, against values worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from console.review.agreement import agreement, kappa
from troly.clock import now
from troly.tables.review import ReviewGroup, ReviewItem, ReviewLabel


def test_kappa_of_a_worked_example() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, by chance .5
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)


def test_kappa_tells_nothing_without_labels_or_with_one_category() -> None:
    assert kappa([]) is None
    assert kappa([("a", "a")] * 5) is None
    assert kappa([("a", "b"), ("b", "a")]) == pytest.approx(-1.0)


async def test_pairs_are_counted_in_whichever_order_they_labelled(each_office: Any) -> None:
    async with each_office.store.write() as connection:
        made = insert(ReviewGroup).values(leader="", kind="").returning(ReviewGroup.id)
        group = (await connection.execute(made)).scalar_one()
        for first, second, one, other in [
            ("lan", "mai", "ask_fee", "ask_fee"),
            ("mai", "lan", "ask_fee", "ask_place"),
            ("lan", "mai", "ask_place", "ask_place"),
            ("lan", "bao", "ask_fee", "ask_fee"),
        ]:
            added = insert(ReviewItem).values(
                group_id=group,
                at=now(),
                channel="web",
                language="vi",
                text="",
                folded="",
                status="",
                reasons=0,
            )
            item = (await connection.execute(added.returning(ReviewItem.id))).scalar_one()
            for stage, author, intent in (("first", first, one), ("second", second, other)):
                await connection.execute(
                    insert(ReviewLabel).values(
                        item_id=item, batch="b", stage=stage, verdict="intent", intent=intent, author=author
                    )
                )
    async with each_office.store.read() as connection:
        overall, pairs = await agreement(connection)
    assert [(one.first, one.second, one.number, one.same) for one in pairs] == [
        ("lan", "mai", 3, 2),
        ("bao", "lan", 1, 1),
    ]
    # lan: fee, place, place; mai: fee, fee, place
    assert pairs[0].kappa == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9))
    assert (overall.number, overall.same) == (4, 3)
    client = await each_office.staff("analyst", "reviewer")
    page = await client.get("/console/review/agreement")
    assert "0,40" in page.text
