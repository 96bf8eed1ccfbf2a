"""What a training takes of what staff taught: never what a test asks, each sentence once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from bot import learned_examples, training_data
from bot.learned_examples import Learned, joined
from bot.training_log import told
from troly.clock import now
from troly.learning import Taught, folded, take_back, teach_example
from troly.settings import Settings
from troly.tables import Base
from troly.tables.learning import HeldOut, LearnedExample


async def test_what_is_held_out_is_never_learned_however_it_is_written(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'troly.db'}")
    asked = next(learned_examples.project_tests())
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        taken = await teach_example(connection, "câu bị rút lại", "vi", "ask_fee", "lan")
        await take_back(connection, Taught("example", taken.id))
        await teach_example(connection, "câu được học", "vi", "ask_fee", "lan")
        await teach_example(connection, asked.upper() + " ?", "vi", "ask_fee", "lan")
        # Past what teach_example() refuses: rows as an older program or a hand may have left them.
        rows = {"Lệ phí bao nhiêu??": LearnedExample, "le phi BAO NHIEU": HeldOut}
        for number, (text, table) in enumerate(rows.items()):
            await connection.execute(
                insert(table).values(
                    text=text, folded=f"odd {number}", language="vi", intent="ask_fee", author="x", at=now()
                )
            )
    await engine.dispose()
    found = learned_examples.read(Settings(_env_file=None, data_dir=tmp_path))
    assert found.examples == [("ask_fee", "vi", "câu được học")]
    assert dict(found.left_out) == {"held_out": 1, "project_held_out": 1}
    assert found.last == 4


def test_a_database_without_tables_has_no_examples(tmp_path: Path) -> None:
    assert learned_examples.read(Settings(_env_file=None, data_dir=tmp_path)).examples == []


def test_what_staff_decided_counts_more_than_the_files() -> None:
    authored = [("ask_fee", "vi", "giá bao nhiêu"), ("greet", "vi", "chào")]
    learned = [("ask_form", "vi", "Gia bao nhieu?"), ("greet", "vi", "chào!"), ("thank", "vi", "cảm ơn nhé")]
    assert joined(authored, learned) == [
        ("greet", "vi", "chào"),
        ("ask_form", "vi", "Gia bao nhieu?"),
        ("thank", "vi", "cảm ơn nhé"),
    ]


def test_all_processes_of_a_training_learn_the_same_and_only_they() -> None:
    plain = training_data.sentences()
    learned = Learned([("ask_fee", "vi", "câu [phone] hoàn toàn mới")], last=7)
    with learned_examples.copied(learned) as path:
        assert Path(os.environ[learned_examples.EXAMPLES]) == path
        more = training_data.sentences()
    assert set(more) - set(plain) == {("ask_fee", "vi", "câu (phone) hoàn toàn mới")}
    assert learned_examples.EXAMPLES not in os.environ and not path.exists()
    assert training_data.sentences() == plain
    assert training_data.fingerprint(more) != training_data.fingerprint(plain)


@pytest.mark.parametrize("line", ["ValueError: Lệ phí khai sinh của Tôi!", "…LE PHI KHAI SINH CUA TOI…"])
def test_a_log_says_nothing_that_citizens_wrote(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log"
    path.write_text(f"== training\n{line}\ncall 0912345678 now\n100%|##| 3/3 [00:01, 2.0it/s]\n", "utf-8")
    assert folded("Lệ phí khai sinh của tôi") in folded(line)
    said = told(path, ["lệ phí khai sinh của tôi"])
    assert said == "== training\n[…]\ncall [phone] now"
