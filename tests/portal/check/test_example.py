"""The worked example of docs/integrating-a-portal.md: the invented province's system, and its translation."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from portal.check.findings import Findings
from portal.check.run import Wanted, check
from portal.check.status import Sample
from portal.owner import Factor
from troly.settings import Settings

CODE = "H99.05-261120-0031"
_STATUS = {"Mới nộp": 1, "Đã nhận": 2, "Trả lại": 3, "Đang xem xét": 4, "Chờ bổ sung": 5}
_THEIRS = {
    CODE: {
        "maHS": CODE,
        "thuTuc": "1.001193.H99",
        "tenThuTuc": "Đăng ký khai sinh",
        "chuHS": "Nguyễn Thị Mẫu",
        "cccd": "000190000031",
        "phong": "UBND xã Sông Hoa",
        "tinhTrang": "Đang xem xét",
        "nop": "20/11/2026",
        "hen": "27/11/2026 16:30",
    }
}


def translation(due: Callable[[str], str]) -> FastAPI:
    """The translating service, with `due` for the date of the result."""
    app = FastAPI()
    sessions: set[str] = set()

    @app.post("/login")
    async def login(body: dict[str, Any]) -> dict[str, Any]:
        if (body.get("username"), body.get("password")) != ("troly", "secret"):
            return {"session": "", "error_code": -1}
        sessions.add(session := secrets.token_hex(16))
        return {"session": session, "error_code": 0}

    @app.post("/service")
    async def service(body: dict[str, Any]) -> dict[str, Any]:
        if body.get("session") not in sessions:
            return {"error_code": -1}
        found = _THEIRS.get(str(body.get("mahoso") or body.get("MaHoSo")))
        if body["service"] == "TraCuuHccPortal" and found and body["Params"] != found["cccd"][-4:]:
            found = None
        if found is None:
            return {"error_code": 0, "result": []}
        filed = datetime.strptime(found["nop"], "%d/%m/%Y").strftime("%Y%m%d000000")
        shown = {
            "MaHoSo": found["maHS"],
            "MaTTHC": found["thuTuc"],
            "TenTTHC": found["tenThuTuc"],
            "DonViXuLy": found["phong"],
            "TrangThaiHoSo": _STATUS[found["tinhTrang"]],
            "NgayNopHoSo": filed,
            "NgayHenTra": due(found["hen"]),
        }
        owner = {"ChuHoSo": found["chuHS"]} if body["service"] == "TraCuuHccPortal" else {}
        return {"error_code": 0, "result": [shown | owner]}

    return app


@pytest.fixture
def served(free_port: int) -> Iterator[Callable[[FastAPI], str]]:
    """Serves an application and gives its address."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(app: FastAPI) -> str:
        config = uvicorn.Config(app, port=free_port, log_level="error", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{free_port}"

    yield serve
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)


async def _failed(url: str, features: str) -> dict[str, str]:
    settings = Settings(
        status_url=f"{url}/service",
        status_token_url=f"{url}/login",
        status_client_id="troly",
        status_client_secret="secret",  # type: ignore[arg-type]
        status_features=features,
        _env_file=None,  # type: ignore[call-arg]
    )
    found = Findings()
    wanted = Wanted(sample=Sample(CODE, Factor("identity", "0031")))
    await check(found, f"{url}/service", ["lgsp"], settings, wanted)
    return {finding.name: finding.said for finding in found.all if finding.verdict == "FAIL"}


async def test_the_first_run_names_the_date_that_was_not_translated(served: Callable[[FastAPI], str]) -> None:
    failed = await _failed(served(translation(lambda written: written)), "")
    said = "NgayHenTra is '27/11/2026 16:30', not a time as 20260105170000"
    assert failed == {"status.look_up": said}


async def test_the_mended_translation_passes_also_with_the_second_factor(
    served: Callable[[FastAPI], str],
) -> None:
    def due(written: str) -> str:
        return datetime.strptime(written, "%d/%m/%Y %H:%M").strftime("%Y%m%d%H%M00")

    assert await _failed(served(translation(due)), "verify") == {}


def test_the_feed_of_an_lgsp_is_asked_for_at_its_host() -> None:
    from portal.adapters.lgsp import Lgsp
    from portal.client import status_service

    service = status_service(
        Settings(
            status_kind="lgsp",
            status_url="http://10.0.0.7:9000/lgsp/service",
            status_features="changes",
            _env_file=None,  # type: ignore[call-arg]
        )
    )
    assert isinstance(service, Lgsp)
    assert service._changes_path == "http://10.0.0.7:9000/changes"
