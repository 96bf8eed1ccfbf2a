"""What was computed before comes from disk, unless something that it was computed from has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bot.cache import Arrays, cached_arrays, cached_json, content_key
from troly.settings import ROOT


class Work:
    """A computation that counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> Arrays:
        self.done += 1
        return {"made": np.arange(3, dtype=np.float16), "names": np.array(["lệ phí", ""])}


@dataclass(frozen=True)
class Point:
    x: int
    y: str


@dataclass(frozen=True)
class Spot:
    x: int
    y: str


def test_the_same_key_is_computed_once(tmp_path: Path) -> None:
    work = Work()
    first, second = (cached_arrays("a", content_key("k"), work, tmp_path) for _ in range(2))
    assert work.done == 1
    assert second["names"].tolist() == first["names"].tolist() == ["lệ phí", ""]
    assert second["made"].dtype == np.float16


def test_another_key_and_another_kind_are_computed_again(tmp_path: Path) -> None:
    work = Work()
    for kind, key in (("a", "1"), ("a", "2"), ("a-b", "1")):
        cached_arrays(kind, content_key(key), work, tmp_path)
    assert work.done == 3


def test_a_broken_file_is_made_again(tmp_path: Path) -> None:
    work = Work()
    cached_arrays("a", content_key("k"), work, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:50])
    assert cached_arrays("a", content_key("k"), work, tmp_path)["made"].tolist() == [0, 1, 2]
    assert work.done == 2


def test_only_the_latest_results_of_a_kind_are_kept(tmp_path: Path) -> None:
    cached_arrays("a-b", content_key("other kind"), Work(), tmp_path)
    for number in range(6):
        cached_arrays("a", content_key(number), Work(), tmp_path)
        for path in tmp_path.iterdir():
            stamp = path.stat().st_mtime - 10
            os.utime(path, (stamp, stamp))
    again = Work()
    cached_arrays("a", content_key(5), again, tmp_path)
    cached_arrays("a-b", content_key("other kind"), again, tmp_path)
    assert again.done == 0
    assert len(list(tmp_path.iterdir())) == 5


def test_objects_are_refused_since_reading_them_back_could_run_code(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="objects"):
        cached_arrays("a", content_key("k"), lambda: {"bad": np.array([{}], dtype=object)}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    value = {"phí": [1, 2.5, None, "đ"]}
    calls: list[int] = []

    def make() -> object:
        calls.append(1)
        return value

    assert [cached_json("a", content_key("k"), make, tmp_path) for _ in range(2)] == [value, value]
    assert calls == [1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("1",), (1,)),
        ((1,), (1.0,)),
        ((True,), (1,)),
        ((None,), ("None",)),
        ((["a", "b"],), ("a", "b")),
        (([["a"], "b"],), ([["a", "b"]],)),
        (({"a": 1, "b": 2},), ({"a": 2, "b": 1},)),
        ((np.zeros(2, np.float32),), (np.zeros(2, np.float16),)),
        ((np.zeros((2, 1)),), (np.zeros((1, 2)),)),
        ((Point(1, "a"),), (Point(1, "b"),)),
        ((Point(1, "a"),), (Spot(1, "a"),)),
    ],
)
def test_different_content_has_different_keys(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert content_key(*one) != content_key(*other)
    assert content_key(*one) == content_key(*one)


def test_order_matters_in_lists_and_not_in_mappings_and_sets() -> None:
    assert content_key(["a", "b"]) != content_key(["b", "a"])
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key({"a", "b", "c"}) == content_key({"c", "b", "a"})


def test_a_changed_file_changes_the_key(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("a", encoding="utf-8")
    before = content_key(file)
    file.write_text("b", encoding="utf-8")
    assert content_key(file) != before


@pytest.mark.parametrize("bad", [object(), len, Callable])
def test_what_has_no_content_is_refused(bad: object) -> None:
    with pytest.raises(TypeError, match="no key"):
        content_key([bad])


def test_a_changed_source_changes_the_key() -> None:
    from bot.understanding import augment, noise

    assert content_key(noise) == content_key(noise) != content_key(augment)


def test_what_a_killed_process_left_is_thrown_away_after_a_while(tmp_path: Path) -> None:
    left, writing = (tmp_path / f"a-{content_key('k')}.{number}.npz" for number in (1, 2))
    for path in (left, writing):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    cached_arrays("a", content_key("other"), Work(), tmp_path)
    assert not left.exists() and writing.exists()


def test_two_processes_that_want_the_same_compute_it_once(tmp_path: Path) -> None:
    program = (
        "import sys, time, numpy as np\n"
        "from pathlib import Path\n"
        "from bot.cache import cached_arrays\n"
        "def make():\n"
        "    print('made', flush=True)\n"
        "    time.sleep(1)\n"
        "    return {'a': np.zeros(1)}\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "cached_arrays('k', '0' * 32, make, Path(sys.argv[1]))\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in started:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in started]
    assert sorted(outputs) == ["", "made\n"]
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]
