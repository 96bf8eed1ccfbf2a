"""A backup of the running program, brought back to another machine, where the conversation goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Running

SECRETS = {"SECRET_KEY": "the same on both machines, long enough", "MESSAGES_PER_MINUTE": 1_000_000}


def _troly(running: Running, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "troly", *words],
        env=running.environment,
        cwd=running.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_conversation_goes_on_where_the_backup_was_restored(
    prepare: Callable[..., Running], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("backup")
    file = folder / "all.tar.gz"
    old = prepare(folder / "old", **SECRETS)
    old.start()
    try:
        visitor = old.visitor("vi")
        assert visitor.say("đăng ký khai sinh").about == ("1.001193", "overview")
        done = _troly(old, "backup", str(file), "--with-keys")
        assert done.returncode == 0, done.stderr
        assert "read again and found whole" in done.stdout
        before = visitor.transcript()
        token = visitor.http.headers["Authorization"]
        visitor.http.close()
        refused = _troly(old, "restore", str(file), "--force")
        assert refused.returncode == 2 and "stop troly first" in refused.stderr
        assert old.answers("gateway")
    finally:
        old.end()

    new = prepare(folder / "new", with_data=False, **SECRETS)
    for model in (folder / "new" / "models").glob("*.tar.gz"):
        model.unlink()  # the backup brings it
    checked = _troly(new, "restore", str(file), "--check")
    assert checked.returncode == 0 and "is whole" in checked.stdout, checked.stderr
    done = _troly(new, "restore", str(file))
    assert done.returncode == 0, done.stderr
    new.start()
    try:
        assert "raining" not in new.output, "the model came with the backup"
        with new.visitor("vi") as again:
            again.http.headers["Authorization"] = token
            assert again.transcript() == before
            # What the assistant remembers of the dialogue is there too.
            assert again.say("thế lệ phí thì sao?").about == ("1.001193", "fee")
    finally:
        new.end()
    assert _has_keys(new)


def _has_keys(running: Running) -> bool:
    data = Path(running.environment["DATA_DIR"])
    old = Path(str(data).replace("/new/", "/old/"))
    return (data / "encryption_keys").read_bytes() == (old / "encryption_keys").read_bytes()
