"""The training pages in a real browser: asking, watching, comparing, activating, going back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import insert, text, update
from test_console import ATTACK, Desk, grave, wide

from troly.clock import now
from troly.tables.learning import HeldOut
from troly.tables.training import ModelActivation, ModelInstance, ModelVersion, TrainingRun


def share(right: int, n: int) -> dict[str, Any]:
    from troly.statistics import Share

    return Share(right, n).to_dict()


def figure(
    name: str, a: tuple[int, int], b: tuple[int, int], verdict: str = "", **more: Any
) -> dict[str, Any]:
    return {
        "name": name, "current": share(*a), "candidate": share(*b), "gained": 14, "lost": 3, "p": 0.013,
        "verdict": verdict, "lower_is_better": False, "neutral": False,
    } | more  # fmt: skip


def found(verdict: str, broken: list[dict[str, Any]]) -> dict[str, Any]:
    """A result as the training run leaves it."""
    said = {"intent": "ask_fee", "decision": "answer", "procedure": "1.001193", "language": "vi"}
    other = {"intent": "ask_documents", "decision": "choose", "procedure": "1.000689", "language": "vi"}
    intents = ["ask_documents", "ask_fee", "ask_place", "report_issue"]

    def part(name: str, n: int) -> dict[str, Any]:
        return {
            "name": name,
            "n": n,
            "figures": [
                figure("understood", (n - 20, n), (n - 9, n), verdict),
                figure("intent accuracy", (n - 18, n), (n - 8, n), verdict),
                figure("asked back", (30, n), (28, n), neutral=True),
                figure("false answers out of scope", (3, 20), (2, 20), lower_is_better=True),
            ],
            "intents": [
                {"intent": one, "gained": 2, "lost": 1, "current": {"f1": 0.8, "found": share(8, 10)},
                 "candidate": {"f1": 0.9, "found": share(9, 10)}}
                for one in intents
            ],
            "confusion": {
                side: [[a, b, 20 if a == b else 1] for a in intents for b in intents]
                for side in ("current", "candidate")
            },
            "counts": {"mended": 14, "broken": 3},
            "changed": [
                {"kind": "broken", "id": "held_out:1", "text": None, "intent": "ask_fee", "procedures": [],
                 "current": said, "candidate": other, "faults": ["intent"]},
                {"kind": "mended", "id": "vi/1", "text": ATTACK, "intent": "ask_fee",
                 "procedures": ["1.001193"], "current": other, "candidate": said, "faults": []},
            ],
        }  # fmt: skip

    stories = {"n": 119, "passed": 119 - len(broken), "broken": broken, "broken_before": []}
    return {"verdict": verdict, "contaminated": 0, "project_there": True, "stories": stories,
            "sets": [part("living", 120), part("project", 1321)]}  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("training-desk"))
    yield made
    made.served.stop()
    made.database.dispose()


@pytest.fixture(autouse=True)
def versions(desk: Desk) -> None:
    """One version answers; two candidates were compared with it, the second one badly."""
    broken = [{"story": "vi/control: chào hỏi", "turn": 2, "why": "status is form, not smalltalk"}]
    common = {"cancel_asked": False, "reason": "", "log": "", "progress": 1.0, "stage": "done"}
    with desk.database.begin() as connection:
        for table in (TrainingRun, ModelVersion, ModelActivation, ModelInstance, HeldOut):
            connection.execute(table.__table__.delete())
        connection.execute(
            insert(HeldOut).values(
                id=1, text="lệ phí của Nguyễn Văn An", folded="x", language="vi", intent="ask_fee",
                author="lan", at=now(),
            )
        )  # fmt: skip
        results = {1: found("better", []), 2: found("worse", broken)}
        for number, result in results.items():
            connection.execute(
                insert(TrainingRun).values(
                    id=number, state="done", asked_by="lan", asked_at=now(), note="hội thoại tháng 11",
                    started_at=now() - timedelta(minutes=3), ended_at=now(), heartbeat_at=now(),
                    version=f"troly-2-r{number}", baseline="troly-1", result=result, **common,
                )
            )  # fmt: skip
            figures = {
                one["name"]: {f["name"]: f["candidate"] for f in one["figures"]} for one in result["sets"]
            }
            connection.execute(
                insert(ModelVersion).values(
                    name=f"troly-2-r{number}", path="x.tar.gz", made_at=now(), author="lan", note="tháng 11",
                    run_id=number, files="f", data="ab12cd34ef56", verdict=result["verdict"],
                    broken_stories=len(result["stories"]["broken"]), bytes=1, figures=figures,
                    counts={"sentences": 11213, "learned": 200, "left_out": {"held_out": 2}},
                )
            )  # fmt: skip
        connection.execute(
            insert(ModelVersion).values(
                name="troly-1", path="y.tar.gz", made_at=now() - timedelta(days=9), author="troly train",
                note="", files="f", data="", verdict="", broken_stories=0, bytes=1,
                counts={"sentences": 11013, "learned": 0},
            )
        )  # fmt: skip
        connection.execute(
            insert(ModelActivation).values(
                version="troly-1", kind="start", at=now(), by="troly serve", reason=""
            )
        )
        connection.execute(
            insert(ModelInstance).values(
                name="rasa:5005", state="serving", version="troly-1", attempts=0, error="", files="f",
                since=now(), seen_at=now() + timedelta(hours=1),
            )
        )  # fmt: skip


def test_a_training_is_asked_for_watched_and_stopped(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "editor")
    page.goto(f"{desk.url}/training")
    page.get_by_label("Ghi chú").fill("rà soát tuần này")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Lần huấn luyện 3")).to_be_visible()
    expect(page.get_by_text("Đang chờ", exact=True)).to_be_visible()
    with desk.database.begin() as connection:
        connection.execute(
            update(TrainingRun)
            .where(TrainingRun.id == 3)
            .values(state="running", stage="training", progress=0.4, heartbeat_at=now())
        )
    expect(page.locator("[data-stage]")).to_have_text("Đang huấn luyện")
    assert page.locator("progress").evaluate("bar => bar.value") == 0.4
    assert grave(page) == []
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Dừng").click()
    expect(page.get_by_text("Đang dừng …")).to_be_visible()
    with desk.database.begin() as connection:
        connection.execute(
            update(TrainingRun).where(TrainingRun.id == 3).values(state="cancelled", reason="cancelled")
        )
    expect(page.get_by_text("đã được dừng theo yêu cầu")).to_be_visible()


def test_a_better_version_is_activated_and_taken_back(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "editor")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{desk.url}/training/runs/1")
    expect(page.get_by_text("không kém ở mặt nào")).to_be_visible()
    assert "stolen" not in page.title()
    expect(page.get_by_text("lệ phí của [họ tên]").first).to_be_visible()
    page.get_by_role("button", name="Kích hoạt bản này").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã kích hoạt")
    page.get_by_role("button", name="Quay lại bản troly-1").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã quay lại")
    with desk.database.connect() as connection:
        rows = connection.execute(text("SELECT version, kind FROM model_activation ORDER BY id")).all()
    assert [tuple(row) for row in rows][1:] == [("troly-2-r1", "activate"), ("troly-1", "back")]


def test_a_worse_version_is_for_an_admin_with_a_reason(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "editor")
    page.goto(f"{desk.url}/training/runs/2")
    expect(page.get_by_text("vi/control: chào hỏi")).to_be_visible()
    expect(page.get_by_text("Chỉ quản trị viên được kích hoạt")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("ích hoạt"))).to_have_count(0)
    page = desk.signed_in(context, "admin")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{desk.url}/training/runs/2")
    page.get_by_label("Lý do vẫn kích hoạt").fill("bài kiểm tra đã cũ")
    page.get_by_role("button", name="Vẫn kích hoạt").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã kích hoạt")
    expect(page.get_by_text("“bài kiểm tra đã cũ”")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/training", "/training/runs/1", "/training/runs/2"])
def test_every_page_fits_and_can_be_read_by_everybody(
    browser: Browser, desk: Desk, size: dict[str, int], path: str, screenshots: Path
) -> None:
    context = browser.new_context(viewport=size)
    page = desk.signed_in(context, "admin")
    page.goto(desk.url + path)
    page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    assert not wide(page)
    assert grave(page) == []
    name = path.strip("/").replace("/", "-")
    page.screenshot(path=screenshots / f"console-{name}-{size['width']}.png", full_page=True)
    context.close()
