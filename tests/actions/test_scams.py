"""Who has lost money to a swindler, and who only asks about swindlers."""

from __future__ import annotations

import pytest

from actions.scams import money_lost


@pytest.mark.parametrize(
    "text",
    [
        "em bị lừa qua mạng",
        "toi bi lua tien",
        "mẹ em vừa bị lừa mất 50 triệu",
        "bị hack mất tiền trong tài khoản",
        "lỡ chuyển khoản cho bọn lừa đảo",
        "tôi mới bị nó lừa",
        "em lỡ đưa mã otp cho người ta",
        "I was scammed online",
        "I gave him my OTP",
        "my father got scammed by phone",
        "we lost 20 million to a telegram scam",
        "I sent money to a scammer",
    ],
)
def test_lost(text: str) -> None:
    assert money_lost(text)


@pytest.mark.parametrize(
    "text",
    [
        "số lạ gọi có phải lừa đảo không",
        "sợ bị lừa tiền thì làm sao",
        "làm sao để không bị lừa mất tiền",
        "không nhận được mã otp",
        "is this a scam",
        "how to avoid being scammed",
        "mất tiền bao nhiêu",
        "nộp tiền rồi",
        "I paid the fee already",
        "tôi bị mất ví",
        "",
    ],
)
def test_not_lost(text: str) -> None:
    assert not money_lost(text)


@pytest.mark.parametrize("text", ["em chuyển tiền mất rồi", "tôi lỡ gửi rồi", "I already sent the money"])
def test_paid_counts_only_where_swindlers_are_talked_of(text: str) -> None:
    assert money_lost(text, asked="scams-officials")
    assert not money_lost(text, asked="online-payment")
