"""The stack for a measurement is started apart from everything else and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pytest

from channels.stack import running_stack
from troly.errors import TrolyError, UsageError
from troly.settings import Settings

_SERVE = """\
#!{python}
import json, os, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
seen = {{**os.environ, "ARGUMENTS": sys.argv[1:], "PIDS": [os.getpid(), child.pid]}}
open(os.path.join(os.environ["DATA_DIR"], "seen.json"), "w").write(json.dumps(seen))
class Handler(BaseHTTPRequestHandler):
    tries = 0
    def do_GET(self):
        Handler.tries += 1
        self.send_response(200 if Handler.tries > 1 else 503)
        self.end_headers()
        self.wfile.write(json.dumps({{"status": "ready" if Handler.tries > 2 else "degraded"}}).encode())
    def log_message(self, *arguments):
        pass
HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Handler).serve_forever()
"""


def program(folder: Path, source: str) -> Path:
    path = folder / "troly"
    path.write_text(source.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)
    return path


def config(folder: Path) -> Settings:
    return Settings(_env_file=None, model_dir=folder / "models")


def gone(pid: int) -> bool:
    """Whether the process ended, also where nobody has collected it yet."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_it_runs_apart_and_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://precious/data")
    monkeypatch.setenv("PORTAL_URL", "https://portal.example.vn")
    folder = tmp_path / "converse"
    said: list[str] = []
    with running_stack(config(tmp_path), folder, said.append, program=program(tmp_path, _SERVE)) as url:
        seen = json.loads((folder / "seen.json").read_text())
        assert httpx.get(f"{url}/readyz", trust_env=False).json() == {"status": "ready"}
    assert seen["ARGUMENTS"] == ["serve"]
    assert (seen["DATABASE_URL"], seen["PORTAL_URL"]) == ("", ""), "nothing outside may be touched"
    assert (seen["DATA_DIR"], seen["MODEL_DIR"]) == (str(folder), str(tmp_path / "models"))
    assert len({seen[name] for name in ("GATEWAY_PORT", "RASA_PORT", "ACTIONS_PORT", "PORTAL_PORT")}) == 4
    assert url in said[0] and "serve.log" in said[0]
    assert all(gone(pid) for pid in seen["PIDS"])


def test_the_environment_is_one_that_the_settings_accept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_stack(config(tmp_path), tmp_path / "c", lambda _: None, program=program(tmp_path, _SERVE)):
        seen = json.loads((tmp_path / "c" / "seen.json").read_text())
    for name, value in seen.items():
        if isinstance(value, str):
            monkeypatch.setenv(name, value)
    accepted = Settings(_env_file=None)
    assert accepted.database == f"sqlite:///{tmp_path / 'c' / 'troly.db'}"
    assert accepted.portal == f"http://127.0.0.1:{seen['PORTAL_PORT']}" and accepted.uses_demo_portal


def test_a_stack_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = program(tmp_path, "#!{python}\nprint('GATEWAY_PORT: port in use')\nraise SystemExit(2)\n")
    with (
        pytest.raises(TrolyError, match="ended with 2: GATEWAY_PORT: port in use"),
        running_stack(config(tmp_path), tmp_path / "c", lambda _: None, program=broken),
    ):
        pass


def test_a_stack_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    idle = "#!{python}\nimport os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"
    with (
        pytest.raises(TrolyError, match="not ready after 1 s") as caught,
        running_stack(
            config(tmp_path), tmp_path / "c", lambda _: None, program=program(tmp_path, idle), patience=1
        ),
    ):
        pass
    pid = int((tmp_path / "c" / "serve.log").read_text())
    assert str(pid) in str(caught.value) and gone(pid)


def test_a_missing_program_is_the_installers_to_mend(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="make install"),
        running_stack(config(tmp_path), tmp_path, lambda _: None, program=tmp_path / "nothing"),
    ):
        pass


def test_a_time_limit_around_the_command_also_ends_the_stack(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from channels.stack import running_stack
        from troly.settings import Settings
        folder = Path({str(tmp_path)!r})
        with running_stack(Settings(_env_file=None), folder / "c", print, program=folder / "troly"):
            (folder / "ready").touch()
            time.sleep(600)
        """
    )
    program(tmp_path, _SERVE)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM
    assert all(gone(pid) for pid in json.loads((tmp_path / "c" / "seen.json").read_text())["PIDS"])
