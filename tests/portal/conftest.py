"""The demo portal over real HTTP, servers that misbehave, and small records in the wire format."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import troly.tables.catalogue  # noqa: F401 - registers the tables
from portal.client import PortalClient
from portal.demo.app import create_app
from portal.demo.applications import Applications
from portal.demo.catalogue import DemoCatalogue
from portal.demo.controls import Controls
from portal.demo.schema import ApplicationData
from troly.database import async_engine
from troly.settings import Settings
from troly.tables import Base

Record = dict[str, Any]


@pytest.fixture
def shared(reference: Path) -> Path:
    """The reference files beside the project; the test is skipped where they are absent."""
    return reference


@pytest.fixture
def record() -> Callable[..., Record]:
    """Makes a procedure in the national portal's wire format."""

    def make(number: int = 1, **changes: Any) -> Record:
        made: Record = {
            "id": f"00000000-0000-7000-8000-{number:012d}",
            "code": f"1.{number:06d}",
            "codeNotation": f"1.{number:06d}",
            "name": f"Cấp giấy phép mẫu số {number}",
            "state": "ACTIVE",
            "type": "STANDARD",
            "isMinistry": False,
            "isProvince": True,
            "isWard": True,
            "isFullProcess": False,
            "executionSteps": [{"name": "", "description": "Bước 1: Nộp hồ sơ.\n Bước 2: Nhận kết quả."}],
            "executionMethods": [
                {
                    "submissionMethod": "DIRECT",
                    "processingTime": 5,
                    "processingTimeUnit": "WORKING_DAY",
                    "description": "",
                    "fees": [
                        {
                            "type": "SERVICE_FEE",
                            "value": 8000,
                            "currencyName": "Việt Nam Đồng",
                            "description": "",
                        }
                    ],
                }
            ],
            "executionCases": [
                {
                    "name": "",
                    "profileComponents": [
                        {
                            "name": "Đơn đề nghị",
                            "code": "KQ1",
                            "originalQty": 1,
                            "copyQty": 0,
                            "attachments": [{"id": "f1", "fileName": "Mẫu 1.doc"}],
                        }
                    ],
                }
            ],
            "cases": [],
            "fees": [],
            "requirementsAndConditions": "",
            "categoriesDetails": [{"id": "c1", "name": "Lĩnh vực mẫu", "code": "X"}],
            "subjectTypesDetails": [{"id": "s1", "name": "Công dân Việt Nam"}],
            "resultsDetails": [{"id": "r1", "name": "Giấy phép"}],
            "legalBasisesDetails": [{"id": "l1", "name": "Luật Mẫu", "code": "1/2025/QH15"}],
            "unitGroupsExecuting": [None],
            "departmentsExecuting": [{"id": "d1", "name": "UBND cấp xã"}],
            "departmentPromulgateName": "Bộ Mẫu",
            "procedureProposal": {"proposalNumber": "1/QĐ-BM"},
            "updatedAt": 1_770_000_000_000 + number,
        }
        return made | changes

    return make


@pytest.fixture
def application() -> Callable[..., ApplicationData]:
    """Makes a fictitious application."""

    def make(code: str = "H49.08-251105-0312", **changes: Any) -> ApplicationData:
        made: Record = {
            "code": code,
            "procedure": "1.000001",
            "status": 4,
            "agency": "UBND phường Mẫu",
            "channel": "ONLINE",
            "owner": {"name": "Nguyễn Thị Bí Mật", "id_number": "000190000077", "phone": "0900000077"},
            "applied": "2025-11-05T08:00:00",
            "accepted": "2025-11-05T09:00:00",
            "due": "2025-11-12T17:00:00",
        }
        return ApplicationData.model_validate(made | changes)

    return make


class Running:
    """The demo portal on a free loopback port."""

    def __init__(self, data: DemoCatalogue, applications: Applications) -> None:
        self.data = data
        self.controls = Controls()
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        app = create_app(data, applications, self.controls)
        config = uvicorn.Config(
            app, port=self.port, log_level="error", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **changes: Any) -> PortalClient:
        """A client for it, with settings changed as given."""
        return PortalClient.from_settings(self.settings(**changes))

    def settings(self, **changes: Any) -> Settings:
        return Settings(_env_file=None, portal_port=self.port, **changes)  # type: ignore[call-arg]

    def fail(self, mode: str, **more: Any) -> None:
        httpx.post(f"{self.url}/demo/fail", json={"mode": mode, **more}, trust_env=False).raise_for_status()

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the demo portal did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def demo(
    record: Callable[..., Record], application: Callable[..., ApplicationData]
) -> Iterator[Callable[..., Running]]:
    """Starts demo portals: demo(records, applications)."""
    started: list[Running] = []

    def start(
        records: list[Record] | None = None, applications: list[ApplicationData] | None = None
    ) -> Running:
        data = DemoCatalogue([record(number) for number in range(1, 6)] if records is None else records)
        chosen = [application()] if applications is None else applications
        running = Running(data, Applications(chosen, data.names()))
        started.append(running)
        running.start()
        return running

    yield start
    for running in started:
        running.stop()


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@pytest.fixture
def misbehaving() -> Any:
    """An async context manager: misbehaving(handler) serves raw bytes and gives its address."""

    @asynccontextmanager
    async def serve(handler: Handler) -> AsyncIterator[str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()

    return serve


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """An engine with fresh tables, on SQLite and (where a server can be started) on PostgreSQL."""
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    if request.param == "postgresql":
        try:
            url = request.getfixturevalue("postgres_url")
        except pytest.FixtureLookupError:
            pytest.skip("no fixture postgres_url")
    made = async_engine(url)
    async with made.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    yield made
    await made.dispose()
