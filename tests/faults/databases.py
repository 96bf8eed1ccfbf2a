"""A PostgreSQL that can be stopped, killed, started again and made read-only; a disk that can be full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.conftest import _postgres_answers, _postgres_program, _unprivileged, _wait, lacking, unused_port
from troly.database import engine


class Server:
    """A server of its own, with its usual safety."""

    def __init__(self, folder: Path) -> None:
        """`folder` may be entered by any user."""
        self._folder, self._port, self._user = folder, unused_port(), _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"postgresql://troly@127.0.0.1:{self._port}"
        self.url = f"{self.address}/postgres"

    def prepare(self) -> None:
        """Make its files."""
        initdb = _postgres_program("initdb")
        if initdb is None:
            lacking("PostgreSQL's programs are not installed (Debian: apt-get install postgresql)")
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        command = [str(initdb), "-D", str(self._folder / "data"), "-U", "troly", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*command, "--locale=C", "-N"],
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def start(self) -> None:
        """Until it answers."""
        command = [
            str(_postgres_program("postgres")),
            "-D",
            str(self._folder / "data"),
            "-p",
            str(self._port),
        ]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, user=self._user, cwd=self._folder, stdout=log, stderr=log
            )
        _wait(self._process, self._folder / "log", lambda: _postgres_answers(self.address))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: at once and orderly; SIGQUIT: as after a loss of power."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(20)

    def read_only(self, on: bool) -> None:
        """As a standby, or a disk that was mounted anew after an error."""
        made = engine(self.url, isolation_level="AUTOCOMMIT")
        with made.connect() as connection:
            word = "on" if on else "off"
            connection.execute(sa.text("SET default_transaction_read_only = off"))
            connection.execute(sa.text(f"ALTER DATABASE postgres SET default_transaction_read_only = {word}"))
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
                )
            )
        made.dispose()


@contextmanager
def server() -> Iterator[Server]:
    """Started, and gone afterwards."""
    # A short path, since a socket's name has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    made = Server(folder)
    try:
        made.prepare()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Disk:
    """A small file system in memory; only root can mount it."""

    def __init__(self, folder: Path) -> None:
        """An empty folder."""
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no byte."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """As an operator who deletes something."""
        self._filler.unlink()

    def read_only(self, on: bool) -> None:
        """As the kernel does after an error; not while a file is open for writing."""
        mode = "remount,ro" if on else "remount,rw"
        subprocess.run(["mount", "-o", mode, str(self.folder)], check=True)


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Mounted, and gone afterwards."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        lacking("only root can mount a small disk")
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        lacking("a small disk cannot be mounted here")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
