"""Training in the console: asking, stopping, what a run found, activating, going back, planning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from troly import training
from troly.clock import now
from troly.learning import Taught, hold_out, take_back, teach_example
from troly.tables.training import ModelInstance, ModelVersion, TrainingRun

FIGURE = {
    "name": "understood",
    "current": {"value": 0.8, "right": 8, "n": 10, "low": 0.49, "high": 0.94},
    "candidate": {"value": 0.9, "right": 9, "n": 10, "low": 0.6, "high": 0.98},
    "gained": 1,
    "lost": 0,
    "p": 1.0,
    "verdict": "",
    "lower_is_better": False,
    "neutral": False,
}
ATTACK = "<script>document.title='stolen'</script> số 0912345678"


def found(verdict: str = "better", broken: int = 0, **more: Any) -> dict[str, Any]:
    """A result as bot/training_result.py makes it."""
    said = {"intent": "ask_fee", "decision": "answer", "procedure": "1.001193", "language": "vi"}
    side = {"f1": 0.9, "found": FIGURE["current"]}
    return {
        "verdict": verdict,
        "contaminated": 1,
        "project_there": False,
        "stories": {
            "n": 3,
            "passed": 3 - broken,
            "broken": [{"story": "vi/control: chào", "turn": 2, "why": "status is x"}] * broken,
            "broken_before": [],
        },
        "sets": [
            {
                "name": "living",
                "n": 10,
                "figures": [FIGURE],
                "intents": [
                    {"intent": "ask_fee", "gained": 1, "lost": 0, "current": side, "candidate": side}
                ],
                "confusion": {
                    "current": [["ask_fee", "ask_fee", 8], ["ask_fee", "ask_form", 2]],
                    "candidate": [["ask_fee", "ask_fee", 9], ["ask_fee", "ask_form", 1]],
                },
                "counts": {"mended": 1, "broken": 0},
                "changed": [
                    {"kind": "mended", "id": "held_out:1", "text": None, "intent": "ask_fee",
                     "procedures": [], "current": said, "candidate": said, "faults": []},
                    {"kind": "otherwise", "id": "vi/x/1", "text": ATTACK, "intent": "ask_fee",
                     "procedures": ["1.001193"], "current": said, "candidate": said, "faults": []},
                ],
            }
        ],
    } | more  # fmt: skip


async def version(office: Any, name: str, **values: Any) -> None:
    """A version, with the run that made it where one is told."""
    async with office.store.write() as connection:
        await training.register(
            connection, **{"name": name, "path": f"{name}.tar.gz", "made_at": now(), "author": "lan"} | values
        )


async def ran(office: Any, name: str, baseline: str, result: dict[str, Any]) -> int:
    """A run that ended well."""
    async with office.store.write() as connection:
        row = await connection.execute(
            insert(TrainingRun)
            .values(
                state="done", stage="done", progress=1.0, asked_by="lan", note="", cancel_asked=False,
                reason="", log="", version=name, baseline=baseline, result=result,
                started_at=now() - timedelta(minutes=2), ended_at=now(), heartbeat_at=now(),
            )
            .returning(TrainingRun.id)
        )  # fmt: skip
        run_id = int(row.scalar_one())
    await version(
        office, name, run_id=run_id, verdict=result["verdict"],
        broken_stories=len(result["stories"]["broken"]) if result["stories"] else 0,
    )  # fmt: skip
    return run_id


async def answering(office: Any, name: str) -> None:
    """This version answers."""
    await version(office, name)
    async with office.store.write() as connection:
        assert await training.activate(connection, name, "start", "troly serve", after=None)


async def active(office: Any) -> Any:
    async with office.store.read() as connection:
        return await training.active(connection)


async def test_a_run_is_asked_for_once_and_stopped(each_office: Any) -> None:
    office = each_office
    editor = await office.staff("editor", name="lan")
    response = await office.post(editor, "/training/runs", {"note": "tháng 11"})
    assert response.headers["location"] == "/console/training/runs/1?done=training.done_asked"
    page = (await editor.get("/console/training/runs/1")).text
    assert "Đang chờ" in page and "tháng 11" in page and 'http-equiv="refresh"' in page
    again = await office.post(editor, "/training/runs")
    assert again.status_code == 409 and "đang chờ hoặc đang chạy" in again.text
    await office.post(editor, "/training/runs/1/cancel")
    (row,) = await office.rows(text("SELECT state, reason FROM training_run"))
    assert tuple(row) == ("cancelled", "cancelled")
    assert (await office.post(editor, "/training/runs/1/cancel")).status_code == 409
    actions = [
        row.action for row in await office.rows(text("SELECT action FROM audit_line ORDER BY sequence"))
    ]
    assert actions[-2:] == ["training_asked", "training_stopped"]


async def test_a_running_one_is_asked_to_stop_and_its_progress_is_told(office: Any) -> None:
    editor = await office.staff("editor")
    await office.post(editor, "/training/runs")
    async with office.store.write() as connection:
        await connection.execute(
            update(TrainingRun).values(state="running", stage="current", progress=0.4, heartbeat_at=now())
        )
    told = (await editor.get("/console/training/runs/1/progress")).json()
    assert told == {"state": "running", "progress": 0.4, "stage": "Đo bản đang dùng", "stopping": False}
    await office.post(editor, "/training/runs/1/cancel")
    (row,) = await office.rows(text("SELECT state, cancel_asked FROM training_run"))
    assert row.state == "running" and row.cancel_asked
    assert "Đang dừng" in (await editor.get("/console/training/runs/1")).text


async def test_a_run_that_died_is_closed_and_says_so(each_office: Any) -> None:
    office = each_office
    editor = await office.staff("editor")
    await office.post(editor, "/training/runs")
    async with office.store.write() as connection:
        await connection.execute(
            update(TrainingRun).values(
                state="running", heartbeat_at=now() - training.DEAD * 2, log="== training"
            )
        )
    async with office.store.write() as connection:
        assert await training.bury(connection) == 1
    page = (await editor.get("/console/training/runs/1")).text
    assert "Việc bị ngắt giữa chừng" in page and "== training" in page
    assert "bản đang dùng vẫn trả lời" in page
    response = await office.post(editor, "/training/runs")
    assert response.status_code == 303, "another may begin"


async def test_what_a_run_found_is_shown_masked_and_runs_nowhere(office: Any) -> None:
    async with office.store.write() as connection:
        await hold_out(connection, "lệ phí của Nguyễn Văn An", "vi", "ask_fee", None, "lan")
    await answering(office, "one")
    run_id = await ran(office, "two", "one", found())
    reviewer = await office.staff("reviewer")
    page = (await reviewer.get(f"/console/training/runs/{run_id}")).text
    assert "tốt hơn" in page and "90,0%" in page and "60,0–98,0 %" in page
    assert "lệ phí của [họ tên]" in page and "Nguyễn Văn An" not in page
    assert "<script>document" not in page and "0912345678" not in page
    assert "Kích hoạt bản này" not in page, "a reviewer only reads"
    async with office.store.write() as connection:
        await take_back(connection, Taught("held_out", 1))
    page = (await reviewer.get(f"/console/training/runs/{run_id}")).text
    assert "đã được rút khỏi bài kiểm tra" in page and "lệ phí của" not in page


async def test_a_better_version_is_activated_and_taken_back_with_one_click(each_office: Any) -> None:
    office = each_office
    await answering(office, "one")
    await ran(office, "two", "one", found())
    editor = await office.staff("editor", name="lan")
    response = await office.post(editor, "/training/versions/two/activate")
    assert response.status_code == 303
    row = await active(office)
    assert (row.version, row.previous, row.kind, row.by) == ("two", "one", "activate", "lan")
    page = (await editor.get("/console/training")).text
    assert "Quay lại bản one" in page
    await office.post(editor, "/training/back", {"version": "one"})
    row = await active(office)
    assert (row.version, row.previous, row.kind) == ("one", "two", "back")
    stale = await office.post(editor, "/training/back", {"version": "one"})
    assert stale.status_code == 409 and (await active(office)).id == row.id
    lines = await office.rows(text("SELECT action, target FROM audit_line ORDER BY sequence"))
    assert [tuple(line) for line in lines[-2:]] == [
        ("model_activated", "model:two"),
        ("model_rolled_back", "model:one"),
    ]


@pytest.mark.parametrize(
    "result",
    [found("worse"), found("better", broken=1), found("")],
    ids=["worse", "breaks-story", "unmeasured"],
)
async def test_what_the_figures_speak_against_needs_an_admin_and_a_reason(
    office: Any, result: dict[str, Any]
) -> None:
    await answering(office, "one")
    run_id = await ran(office, "two", "one", result)
    editor, admin = await office.staff("editor"), await office.staff("admin", name="quan-tri")
    form = {"reason": "vì tôi muốn", "run": run_id}
    refused = await office.post(editor, "/training/versions/two/activate", form)
    assert refused.status_code == 403 and "Chỉ quản trị viên" in refused.text
    assert (await office.post(admin, "/training/versions/two/activate", {"reason": " a "})).status_code == 422
    assert (await active(office)).version == "one"
    form["reason"] = "bài kiểm tra đã cũ"
    assert (await office.post(admin, "/training/versions/two/activate", form)).status_code == 303
    row = await active(office)
    assert (row.version, row.reason) == ("two", "bài kiểm tra đã cũ")
    (line,) = await office.rows(text("SELECT after FROM audit_line WHERE action = 'model_activated'"))
    assert "bài kiểm tra đã cũ" in line.after and "overruled" in line.after


async def test_a_comparison_with_a_version_that_answers_no_more_counts_for_nothing(office: Any) -> None:
    await answering(office, "one")
    await ran(office, "two", "one", found())
    await ran(office, "three", "one", found())
    editor = await office.staff("editor")
    assert (await office.post(editor, "/training/versions/two/activate")).status_code == 303
    assert (await office.post(editor, "/training/versions/three/activate")).status_code == 403


@pytest.mark.parametrize(
    ("values", "status"),
    [({"pruned_at": now()}, 409), ({"files": "other"}, 409), ({}, 303)],
    ids=["pruned", "of another program", "fine"],
)
async def test_what_cannot_run_here_is_not_activated(
    office: Any, values: dict[str, Any], status: int
) -> None:
    await answering(office, "one")
    await ran(office, "two", "one", found())
    async with office.store.write() as connection:
        await connection.execute(
            update(ModelVersion).where(ModelVersion.name == "two").values(files="here", **values)
            if "files" not in values
            else update(ModelVersion).where(ModelVersion.name == "two").values(**values)
        )
        await connection.execute(
            insert(ModelInstance).values(name="rasa:5005", state="serving", version="one", files="here",
                                         attempts=0, error="", since=now(), seen_at=now())
        )  # fmt: skip
    editor = await office.staff("editor")
    assert (await office.post(editor, "/training/versions/two/activate")).status_code == status
    assert (await office.post(editor, "/training/versions/none/activate")).status_code == 404
    assert (
        await office.post(editor, f"/training/versions/{'one' if status != 303 else 'two'}/activate")
    ).status_code == 409


async def test_a_version_that_does_not_load_is_shown(office: Any) -> None:
    await answering(office, "one")
    await ran(office, "two", "one", found())
    editor = await office.staff("editor")
    await office.post(editor, "/training/versions/two/activate")
    async with office.store.write() as connection:
        row = await training.active(connection)
    async with office.store.write() as connection:
        assert await training.activate(connection, "one", "withdrawn", "troly serve", "broken", after=row.id)
    page = (await editor.get("/console/training")).text
    assert "Không nạp được bản two (tệp bị hỏng)" in page and "Bản one vẫn tiếp tục trả lời" in page
    assert "Quay lại bản" not in page, "what does not load is no version to go back to"


async def test_new_examples_are_counted_since_the_active_version(office: Any) -> None:
    async with office.store.write() as connection:
        for number in range(3):
            await teach_example(connection, f"câu số {number}", "vi", "ask_fee", "lan")
    await version(office, "one", counts={"last_example": 2, "learned": 2, "sentences": 11013})
    async with office.store.write() as connection:
        await training.activate(connection, "one", "start", "troly serve", after=None)
    page = (await (await office.staff("reviewer")).get("/console/training")).text
    assert "Có 1 câu mẫu mới" in page and "Tất cả 3 câu" in page and "11.013 câu" in page


async def test_the_plan_begins_a_run_once_in_its_hour_when_there_is_something_new(
    each_office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = each_office
    editor = await office.staff("editor")
    for form in ({"hour": "24"}, {"least": "0"}, {"keep": "99"}, {"keep": "x"}):
        assert (
            await office.post(editor, "/training/plan", {"hour": "2", "least": "1", "keep": "5"} | form)
        ).status_code == 422
    assert (
        await office.post(editor, "/training/plan", {"hour": "2", "least": "2", "keep": "3"})
    ).status_code == 303
    moment = now().astimezone(training.today().tzinfo).replace(hour=2)
    monkeypatch.setattr(training, "today", lambda: moment)

    async def look() -> int | None:
        async with office.store.write() as connection:
            return await training.begin_by_plan(connection)

    async with office.store.write() as connection:
        await teach_example(connection, "câu một", "vi", "ask_fee", "lan")
    assert await look() is None, "one new example is too few"
    async with office.store.write() as connection:
        await teach_example(connection, "câu hai", "vi", "ask_fee", "lan")
    assert await look() is None, "once a day"
    moment += timedelta(days=1)
    assert await look() == 1
    moment = moment.replace(hour=5)
    assert await look() is None
    page = (await editor.get("/console/training/runs/1")).text
    assert "theo lịch" in page


async def test_nobody_without_the_right_sees_or_does_anything(office: Any) -> None:
    await answering(office, "one")
    analyst, reviewer = await office.staff("analyst"), await office.staff("reviewer")
    assert (await analyst.get("/console/training")).status_code == 403
    for path in ("/training/runs", "/training/plan", "/training/back", "/training/versions/one/activate"):
        assert (await office.post(reviewer, path)).status_code == 403


async def test_two_who_activate_at_once_do_not_overtake_each_other(
    open_office: Callable[..., Any], both_databases: str
) -> None:
    office = open_office(both_databases)
    await answering(office, "one")
    async with office.store.write() as connection:
        assert await training.activate(connection, "two", "activate", "a", after=1)
    async with office.store.write() as connection:
        assert not await training.activate(connection, "three", "activate", "b", after=1)
    assert (await active(office)).version == "two"
