"""What visitors ask in a measurement: four kinds of messages that cost differently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from random import Random

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from channels.converse import STATUSES
from troly.database import engine
from troly.tables.catalogue import CatalogueProcedure

_ORDER = 7
"""Seed: every run asks the same in the same order."""

_GREETING = "xin chào"
_USUAL_CODE = "1.001193"
_CODE = re.compile(r"\d\.\d{6}")

_FROM_A_RECORD = frozenset({"answered", "clarify"})

_OPENINGS = (
    "", "Cho tôi hỏi ", "Chào anh chị, ", "Em muốn hỏi ", "Xin hỏi ", "Nhờ tư vấn giúp ", "Tôi cần biết ",
    "Anh chị ơi, ", "Bác muốn hỏi ", "Cháu xin hỏi ", "Làm ơn cho biết ", "Mình hỏi chút, ",
)  # fmt: skip
_WISHES = (
    "khai sinh cho con mới đẻ", "đăng ký kết hôn với người Hàn Quốc", "báo tử cho ông nội",
    "xin giấy xác nhận độc thân", "đổi họ cho con trong hộ tịch", "nhận cha cho con ngoài giá thú",
    "nhận con nuôi trong nước", "nhập khẩu cho vợ về nhà chồng", "đăng ký tạm trú cho công nhân thuê trọ",
    "làm lại căn cước bị mất", "làm hộ chiếu cho trẻ em", "gia hạn thị thực cho chuyên gia",
    "sang tên sổ đỏ cho con trai", "tách thửa đất vườn", "chuyển đất trồng lúa sang đất ở",
    "cấp lại sổ đỏ bị rách", "xin phép xây nhà ba tầng", "sửa chữa cải tạo nhà cũ",
    "mở cửa hàng tạp hóa", "lập công ty trách nhiệm hữu hạn", "đóng cửa hộ kinh doanh",
    "chứng thực bản sao bằng tốt nghiệp", "đổi giấy phép lái xe máy", "đăng ký xe ô tô cũ mua lại",
    "hưởng trợ cấp người khuyết tật", "hỗ trợ chi phí mai táng", "hưởng chế độ thai sản",
    "xin giấy phép lao động cho kỹ sư nước ngoài", "mở phòng khám răng", "chuyển trường cho học sinh lớp 6",
)  # fmt: skip
_QUESTIONS = (
    "cần giấy tờ gì", "mất bao nhiêu tiền", "bao lâu thì xong", "nộp ở đâu", "làm thế nào",
    "có nộp qua mạng được không", "cần điều kiện gì", "lấy mẫu đơn ở đâu",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of message; `accepts` are the statuses of a right answer."""

    name: str
    title: str
    texts: Sequence[str]
    accepts: frozenset[str]
    repeats: bool = False
    """Whether the texts may be asked more than once."""
    warm_up: str = ""
    """What new visitors say first where the texts are too few to be spent on it."""

    def share(self, index: int, of: int) -> Iterator[str]:
        """The texts for one of `of` measurements: endless, or those that no other one gets."""
        return cycle(self.texts) if self.repeats else iter(self.texts[index::of])

    def failure(self, status: str) -> str:
        """Why an answer of this status is not what is measured here; empty when it is."""
        return "" if not status or status in self.accepts else f"answer {status}"


def plain() -> Case:
    """A greeting: no portal, no search."""
    return Case("plain", "plain answer", (_GREETING,), frozenset({"smalltalk"}), repeats=True)


def portal_cached(codes: Sequence[str]) -> Case:
    """Always the same procedure, by code: the portal's record is in the action server's memory."""
    code = _USUAL_CODE if _USUAL_CODE in codes or not codes else codes[0]
    return Case("portal_cached", "portal, cache hit", (_fee(code),), _FROM_A_RECORD, repeats=True)


def portal(codes: Sequence[str]) -> Case:
    """Another procedure each time, by code: the record is asked of the portal."""
    shuffled = [code for code in codes if code != _USUAL_CODE]
    Random(_ORDER).shuffle(shuffled)  # noqa: S311 - an order, no secret
    texts = [_fee(code) for code in shuffled]
    return Case("portal", "portal, no cache hit", texts, _FROM_A_RECORD, warm_up=_GREETING)


def finder() -> Case:
    """A wish in a citizen's words, each once: the procedure must be searched, by encoder where words fail."""
    found = [
        f"{opening}{wish} thì {question}?"
        for opening, wish, question in product(_OPENINGS, _WISHES, _QUESTIONS)
    ]
    Random(_ORDER).shuffle(found)  # noqa: S311
    # Whether it is understood is what `troly evaluate` measures: any answer but a failure is one here.
    return Case("finder", "needs the finder", found, STATUSES - {"error", "portal_unavailable"})


def _fee(code: str) -> str:
    return f"Lệ phí của thủ tục {code} là bao nhiêu?"


def national_codes(database: str) -> list[str]:
    """The codes of the national procedures in force in the catalogue's copy; none where there is no copy."""
    return sorted(national_ids(database))


def national_ids(database: str) -> dict[str, str]:
    """The same with the portal's id of each."""
    table = CatalogueProcedure
    query = select(table.code, table.id).where(table.province.is_(None), table.withdrawn_at.is_(None))
    made = engine(database)
    try:
        with made.connect() as connection:
            return {code: identity for code, identity in connection.execute(query) if _CODE.fullmatch(code)}
    except DBAPIError:
        return {}
    finally:
        made.dispose()
