"""What tests of every part may ask for. Programs that the machine lacks skip a test, with the reason."""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
import structlog

from tests import second_try
from tests.log_witness import Witness
from troly.database import engine
from troly.settings import ROOT, Settings

STARTUP_SECONDS = 30
TRAINING_SECONDS = 600

WITNESS = Witness()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running, beside which no other can be run."""
    items.sort(key=lambda item: "browser" in item.path.parts)
    second_try.allow(items)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run in which many tests were tried again has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        session.exitstatus = second_try.judge(reporter, int(session.exitstatus))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that were tried again."""
    second_try.tell(terminalreporter)


# The same examples in every run: what chance finds, it finds where somebody looks (HYPOTHESIS=explore).
hypothesis.settings.register_profile("steady", derandomize=True)
hypothesis.settings.register_profile("explore", max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS", "steady"))


def pytest_configure() -> None:
    """Keep loggers uncached in this process: Rasa has them cached, and `capture_logs` misses cached ones."""
    configure = structlog.configure

    def uncached(*args: Any, **named: Any) -> None:
        configure(*args, **(named | {"cache_logger_on_first_use": False}))

    structlog.configure = uncached
    WITNESS.listen()


@pytest.fixture(autouse=True)
def _logs_as_imported() -> Iterator[None]:
    """No test sees the level or the place of logs that another has set; none logs a secret."""
    structlog.reset_defaults()
    # Not where commands write what they are asked for.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    yield
    found, WITNESS.found = WITNESS.found, []
    assert not found, f"a token or key was logged by: {found}"


def lacking(what: str) -> None:
    """Skip the test because the machine lacks something; fail where REQUIRE_ALL says that it must not."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"{what} (REQUIRE_ALL is set)")
    pytest.skip(what)


def unused_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    return unused_port()


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference files that may lie beside the project."""
    folder = ROOT.parent / "shared"
    if not (folder / "portal_samples").is_dir():
        pytest.skip("the reference files are not beside the project (../shared)")
    return folder


@pytest.fixture(scope="session")
def bare_environment() -> dict[str, str]:
    """The environment without any setting of ours, for programs that a test starts.

    They must also run outside the project's folder, where a .env may lie.
    """
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours}


@pytest.fixture(scope="session")
def trained_model(tmp_path_factory: pytest.TempPathFactory, bare_environment: dict[str, str]) -> Path:
    """A model of the demo portal's own catalogue without encoder, trained once a run.

    The database that it was trained on is ../data/troly.db, seen from the model.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # where all workers find it
    models, data = folder / "trained" / "models", folder / "trained" / "data"
    data.mkdir(parents=True, exist_ok=True)
    with (folder / "trained" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(models.glob("*.json")):  # written last
            named = {"DATA_DIR": data, "MODEL_DIR": models, "DEMO_CATALOGUE": "own", "ENCODER": "none"}
            done = subprocess.run(
                [sys.executable, "-m", "troly", "train"],
                env=bare_environment | {name: str(value) for name, value in named.items()},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=TRAINING_SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (model,) = models.glob("*.tar.gz")
    return model


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        lacking("chromium is not installed (Debian: apt-get install chromium)")
    return str(path)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of an empty Redis server, started for this run."""
    program = shutil.which("redis-server")
    if program is None:
        lacking("redis-server is not installed (Debian: apt-get install redis-server)")
    port = unused_port()
    command = [str(program), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(process, log, lambda: _redis_answers(port))
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(STARTUP_SECONDS)


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server (without a database's name), started for this run."""
    initdb, postgres = _postgres_program("initdb"), _postgres_program("postgres")
    if initdb is None or postgres is None:
        lacking("PostgreSQL's programs are not installed (Debian: apt-get install postgresql)")
    # A short path, since a socket's name has at most 107 bytes; and one that any user may enter.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = _unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    data, log, port = folder / "data", folder / "log", unused_port()
    try:
        initialise = [
            str(initdb),
            "-D",
            str(data),
            "-U",
            "troly",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        made = subprocess.run(initialise, user=user, cwd=folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        command = [str(postgres), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, user=user, cwd=folder, stdout=output, stderr=subprocess.STDOUT
            )
        address = f"postgresql://troly@127.0.0.1:{port}"
        try:
            _wait(process, log, lambda: _postgres_answers(address))
            yield address
        finally:
            process.send_signal(signal.SIGINT)  # does not wait for clients, as SIGTERM would
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(_postgres_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database that only this test uses."""
    name = f"test_{secrets.token_hex(6)}"
    _administer(_postgres_server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield f"{_postgres_server}/{name}"
    _administer(_postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(address: str, statement: str) -> None:
    made = engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
    try:
        with made.connect() as connection:
            connection.execute(sa.text(statement))
    finally:
        made.dispose()


def _postgres_program(name: str) -> str | None:
    # Debian keeps all but the client's programs off the PATH; the newest version comes last.
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(debian[-1]) if debian else shutil.which(name)


def _unprivileged() -> str | None:
    """Whom to run PostgreSQL as: it refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _postgres_answers(address: str) -> bool:
    try:
        _administer(address, "SELECT 1")
    except sa.exc.OperationalError:
        return False
    return True


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _wait(process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool]) -> None:
    end = time.monotonic() + STARTUP_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"{process.args!r} did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.05)
