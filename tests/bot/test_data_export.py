"""`troly data export` adds lines to nlu_data/ and changes nothing else; nothing is counted twice."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from bot import learned_examples
from bot.data_check import check
from bot.data_export import Name, _insert, export
from bot.understanding import data
from troly.learning import hold_out, teach_example, teach_name
from troly.settings import ROOT, Settings
from troly.tables import Base

NEW = "nộp tiền làm giấy khai sinh cho bé thì đóng nhiêu vậy chị ơi"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("nlu_data", "tests/nlu", "bot/responses", "actions/data", "bot/domain"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / "project" / name)
    return tmp_path / "project"


@pytest.fixture
async def config(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, data_dir=tmp_path)
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'troly.db'}")
    authored = next(data.sentences(ROOT / "nlu_data"))
    asked = next(learned_examples.project_tests())
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await teach_example(connection, NEW, "vi", "ask_fee", "lan")
        await teach_example(connection, 'say "how much" for a: birth # certificate?', "en", "ask_fee", "lan")
        await teach_example(connection, authored.text, authored.language, authored.intent, "lan")
        await teach_example(connection, asked, "vi", "ask_fee", "lan")
        await teach_example(connection, "gọi cho tôi số [phone] về lệ phí", "vi", "ask_fee", "lan")
        await teach_example(connection, "một câu của ý định đã bỏ", "vi", "no_such_intent", "lan")
        await teach_name(connection, "1.001193", "vi", "làm giấy chứng sanh cho em bé", "lan")
        await teach_name(connection, "9.999999", "en", "a brand new thing", "lan")
        await hold_out(connection, "câu để kiểm tra thôi", "vi", "ask_fee", None, "lan")
    await engine.dispose()
    return made


def difference(before: Path, after: Path) -> list[str]:
    texts = [path.read_text("utf-8").splitlines() for path in (before, after)]
    lines = difflib.unified_diff(*texts, n=0)
    return [line for line in lines if line[:2] not in ("--", "++", "@@")]


async def test_lines_are_added_and_nothing_else_changes(config: Settings, project: Path) -> None:
    before = check(project)
    done = export(config, project)
    files = {path.relative_to(project).as_posix(): texts for path, texts in done.sentences.items()}
    assert set(files) == {"nlu_data/vi/ask_fee.yml", "nlu_data/en/ask_fee.yml"}
    for name in files:
        assert [line[:5] for line in difference(ROOT / name, project / name)] == ["+  - "]
    assert difference(ROOT / "nlu_data/vi/ask_fee.yml", project / "nlu_data/vi/ask_fee.yml") == [
        f'+  - "{NEW}"'
    ]
    names = difference(ROOT / "nlu_data/procedures.yml", project / "nlu_data/procedures.yml")
    assert len(names) == 4 and names[1].endswith('"làm giấy chứng sanh cho em bé"]')
    assert names[2:] == ['+- code: "9.999999"', '+  en: ["a brand new thing"]']
    assert data.citizens_names(project / "nlu_data")["9.999999"]["en"] == ["a brand new thing"]
    assert done.known == 1
    assert any("masked place" in line for line in done.undecided)
    assert "1 examples: project_held_out" in done.undecided and "1 examples: intent" in done.undecided
    assert check(project) == before, "what is written passes `troly data check`"


async def test_a_second_export_writes_nothing(config: Settings, project: Path) -> None:
    export(config, project)
    again = export(config, project)
    assert not again.sentences and not again.names and again.known == 5


async def test_a_training_learns_a_sentence_once_before_and_after(config: Settings, project: Path) -> None:
    def lines() -> list[tuple[str, str, str]]:
        authored = [(one.intent, one.language, one.text) for one in data.sentences(project / "nlu_data")]
        return learned_examples.joined(authored, learned_examples.read(config, project).examples)

    before = lines()
    assert before.count(("ask_fee", "vi", NEW)) == 1
    export(config, project)
    after = lines()
    assert after.count(("ask_fee", "vi", NEW)) == 1 and sorted(before) == sorted(after)


def test_a_name_joins_its_list_and_a_comment_stays() -> None:
    lines = ["# top", '- code: "1.1"', '  vi: ["a"]  # note', "", '- code: "1.2"', "  en: []"]
    assert _insert(lines, Name("1.1", "vi", "b")) and lines[2] == '  vi: ["a", "b"]  # note'
    assert _insert(lines, Name("1.1", "en", "c")) and lines[3] == '  en: ["c"]'
    assert _insert(lines, Name("1.2", "en", 'd "e"')) and lines[-1] == '  en: ["d \\"e\\""]'
    lines = ['- code: "1.3"', "  vi:", "    - long"]
    assert not _insert(lines, Name("1.3", "vi", "x"))
