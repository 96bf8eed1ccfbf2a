"""Guides: the search finds the one that is meant, and the words that move within one are understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actions import guide_files
from actions.guide_files import library
from actions.guides import ActionAskGuideDone, ValidateGuideForm
from troly.answers.guides import raw_guides, read
from troly.errors import UsageError
from troly.text import fold

# Written apart from the guides' names: none of these is one of them (a test below).
ASKED = [
    ("e muốn nâng vneid lên mức độ 2 thì ra đâu", "vneid-level-2"),
    ("where do I go to upgrade vneid to level two", "vneid-level-2"),
    ("vneid của tôi tự nhiên không đăng nhập được nữa", "vneid-login"),
    ("app vneid mo len bao loi hoai", "vneid-login"),
    ("my vneid says login failed", "vneid-login"),
    ("bố tôi quên mất mật khẩu vneid rồi", "vneid-forgot-password"),
    ("i dont remember my vneid password", "vneid-forgot-password"),
    ("quen ma 6 so cua vneid", "vneid-forgot-password"),
    ("hôm qua tôi làm rơi điện thoại, trong đó có vneid", "vneid-lost-phone"),
    ("my phone was stolen, how do I block vneid", "vneid-lost-phone"),
    ("mình mới mua iphone, cài lại vneid như nào", "vneid-new-device"),
    ("bought a new phone, need vneid on it", "vneid-new-device"),
    ("tôi thay sim khác, giờ muốn cập nhật số mới cho vneid", "vneid-phone-number"),
    ("doi so dien thoai trong tai khoan dinh danh", "vneid-phone-number"),
    ("cho em hỏi cách thêm bằng lái xe vào vneid ạ", "vneid-documents"),
    ("the bhyt k thay trong vneid", "vneid-documents"),
    ("how do I put my driver licence in vneid", "vneid-documents"),
    ("công an thổi mà để quên ví, đưa vneid ra được chứ", "vneid-show"),
    ("can I board a flight with vneid", "vneid-show"),
    ("vào cổng dịch vụ công thì đăng nhập kiểu gì", "portal-login"),
    ("chỉ giùm cách tạo tài khoản dvc quốc gia", "portal-login"),
    ("how to sign in to the national portal using vneid", "portal-login"),
    ("bấm gửi mã mà otp chẳng thấy đâu", "portal-login-errors"),
    ("otp code never arrives", "portal-login-errors"),
    ("tìm thủ tục trên web dịch vụ công ở mục nào", "portal-find-procedure"),
    ("chỉ tôi cách nộp hồ sơ trực tuyến với", "portal-file-application"),
    ("nop ho so online lam tung buoc ra sao", "portal-file-application"),
    ("how can i submit an application online", "portal-file-application"),
    ("file pdf nặng quá up không lên", "portal-attach-files"),
    ("chụp hình giấy tờ sao cho rõ để tải lên", "portal-attach-files"),
    ("the website refuses my file, too large", "portal-attach-files"),
    ("tôi muốn sao y bản chính dạng điện tử", "certified-copy-online"),
    ("need an online certified copy of my degree", "certified-copy-online"),
    ("làm chữ ký số cho cá nhân ở đâu vậy", "e-signature"),
    ("chu ky so mien phi dang ky the nao", "e-signature"),
    ("nộp lệ phí hồ sơ bằng app ngân hàng kiểu gì", "online-payment"),
    ("pay the application fee by bank app", "online-payment"),
    ("ngân hàng trừ tiền rồi mà trên cổng báo chưa nộp phí", "payment-not-recorded"),
    ("lỡ thanh toán lệ phí 2 lần", "payment-not-recorded"),
    ("xin cái biên lai lệ phí hôm trước đã đóng", "fee-receipt"),
    ("cách tra cứu hồ sơ theo mã trên mạng", "follow-application"),
    ("hs bị yêu cầu bổ sung, gửi thêm giấy bằng cách nào", "supplement-online"),
    ("muốn bưu điện mang kết quả về nhà", "result-by-post"),
    ("can you mail the result to my home", "result-by-post"),
    ("kết quả bản điện tử tải xuống chỗ nào", "electronic-result"),
    ("tôi nộp nhầm, muốn rút lại hồ sơ", "change-cancel-application"),
    ("gửi kiến nghị lên cổng dịch vụ công làm sao", "portal-feedback"),
    ("quên mật khẩu app vssid", "vssid-login"),
    ("ko dang nhap dc etax", "etax-login"),
    ("làm định danh điện tử cho cháu 10 tuổi", "account-for-family"),
    ("vneid for my kids", "account-for-family"),
    ("vợ mình người nhật có thẻ tạm trú, làm vneid được không", "foreigner-account"),
    ("I am foreigner, can I register vneid", "foreigner-account"),
    ("có số lạ xưng công an bảo tôi cập nhật định danh", "scams-officials"),
    ("họ gửi link kêu cài ứng dụng dịch vụ công có phải lừa đảo", "scams-officials"),
    ("tôi bị lừa chuyển tiền mất 20 triệu", "scam-money-lost"),
    ("có nên đọc mã otp cho người khác không", "safe-passwords"),
    ("mã qr ở căn cước chứa những gì", "id-card-qr"),
    ("xin phiếu lý lịch tư pháp trên app vneid thì bấm gì", "judicial-record-vneid"),
    ("đặt lịch trước với trung tâm hành chính công", "appointment"),
    ("mẹ tôi không có điện thoại thông minh thì nộp kiểu gì", "desk-without-smartphone"),
]
UNRELATED = [
    "làm giấy khai sinh cho con cần gì",
    "đổi bằng lái xe hết hạn ở đâu",
    "thời tiết hôm nay thế nào",
    "giá vàng hôm nay bao nhiêu",
    "đường trước nhà bị ngập nước",
    "đăng ký kết hôn mất bao lâu",
    "trợ cấp thất nghiệp được mấy tháng",
    "tách sổ đỏ cần điều kiện gì",
    "cán bộ phường nói chuyện khó nghe quá",
    "phường Hà Khẩu cũ giờ thuộc đâu",
    "hồ sơ của tôi trễ hẹn rồi",
    "cho tôi gặp người thật",
    "how much is a marriage certificate",
    "who won the football match",
    "register a new company",
    "thuê nhà ở đâu rẻ",
    "máy giặt không vắt được",
    "wifi nhà tôi yếu quá",
    "cách nấu phở bò",
    "vay tiền ngân hàng lãi bao nhiêu",
    "xe của tôi bị mất trộm",
    "nhà hàng xóm mở nhạc to",
]


def test_what_is_asked_here_is_none_of_the_guides_names() -> None:
    known = {fold(name) for guide in library().all() for name in guide.names}
    assert [text for text, _ in ASKED if fold(text) in known] == []
    assert len(ASKED) >= 60


def test_the_search_finds_the_guide_that_is_meant() -> None:
    first = {text: (found[0].guide.id if (found := library().search(text)) else "") for text, _ in ASKED}
    wrong = [(text, first[text], guide) for text, guide in ASKED if first[text] != guide]
    assert len(wrong) <= 0.15 * len(ASKED), wrong


def test_the_guide_that_is_meant_is_among_those_offered() -> None:
    missing = [text for text, guide in ASKED if guide not in {m.guide.id for m in library().search(text)[:5]}]
    assert len(missing) <= 0.05 * len(ASKED), missing


def test_a_sure_match_is_almost_never_the_wrong_guide() -> None:
    sure = [
        (text, guide, found[0].guide.id)
        for text, guide in ASKED
        if (found := library().search(text)) and found[0].sure
    ]
    wrong = [one for one in sure if one[1] != one[2]]
    assert len(sure) >= 0.4 * len(ASKED)
    assert len(wrong) <= 0.05 * len(sure), wrong


def test_an_unrelated_message_is_never_surely_a_guide() -> None:
    assert [text for text in UNRELATED if any(match.sure for match in library().search(text))] == []


GUIDE = "portal-file-application"
STEPS = len(library().get(GUIDE).steps)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "intent", "at", "expected"),
    [
        ("tiếp", "affirm", 0, (1, False)),
        ("xong rồi ạ", "affirm", 2, (3, False)),
        ("ok", "affirm", 1, (2, False)),
        ("bắt đầu", "ask_procedure", 0, (1, False)),
        ("next step please", "affirm", 1, (2, False)),
        ("quay lại", "cancel", 3, (2, False)),
        ("quay lai nhe", "cancel", 0, (0, False)),
        ("go back", "cancel", 1, (0, False)),
        ("rồi sao nữa", "ask_procedure", 1, (2, False)),
        ("what next", "ask_steps", 1, (2, False)),
        ("bước 3", "ask_steps", 1, (3, False)),
        ("cho xem lại bước số 2", "ask_steps", 4, (2, False)),
        ("tôi bị kẹt ở bước 3", "ask_digital_help", 1, (3, True)),
        ("b4 ko được", "out_of_scope", 1, (4, True)),
        ("step 2 does not work", "ask_digital_help", 1, (2, True)),
        ("vẫn không được", "ask_digital_help", 4, (4, True)),
        ("báo lỗi hoài", "out_of_scope", 2, (2, True)),
        ("tôi bị kẹt", "ask_digital_help", 0, (1, True)),
    ],
)
async def test_words_move_within_the_guide(
    act: Any, text: str, intent: str, at: int, expected: tuple[int, bool]
) -> None:
    outcome = await act(ValidateGuideForm(), intent, text, slots={"guide": GUIDE, "guide_step": at})
    assert (outcome.slots["guide_step"], outcome.slots["guide_stuck"]) == expected
    assert outcome.slots["guide"] == GUIDE


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("đăng ký tạm trú lệ phí bao nhiêu", "ask_fee"),
        ("bước 9", "ask_steps"),
        ("không được thì sao", "ask_requirements"),
        ("tiếp theo tôi muốn hỏi về đăng ký kết hôn cần giấy tờ gì", "ask_documents"),
    ],
)
async def test_other_messages_are_left_to_others(act: Any, text: str, intent: str) -> None:
    outcome = await act(ValidateGuideForm(), intent, text, slots={"guide": GUIDE, "guide_step": 2})
    assert outcome.events == []


async def test_what_begins_another_guide_is_not_stuck_in_this_one(act: Any) -> None:
    slots = {"guide": GUIDE, "guide_step": 2}
    outcome = await act(ValidateGuideForm(), "ask_digital_help", "không nhận được mã otp", slots=slots)
    assert outcome.slots["guide"] not in (None, GUIDE) and outcome.slots["guide_step"] == 0


@pytest.mark.parametrize("text", ["kết nối wifi công cộng", "kết quả gửi về đâu", "ket qua o dau"])
async def test_words_that_only_look_like_stuck_do_not_move(act: Any, text: str) -> None:
    outcome = await act(ValidateGuideForm(), "out_of_scope", text, slots={"guide": GUIDE, "guide_step": 2})
    assert outcome.events == []


async def test_one_past_the_last_step_ends_the_guide(act: Any) -> None:
    outcome = await act(ValidateGuideForm(), "affirm", "xong", slots={"guide": GUIDE, "guide_step": STEPS})
    assert outcome.slots["guide_done"] == "yes"


async def test_a_button_leads_to_its_step_and_nonsense_in_it_to_the_overview(act: Any) -> None:
    pressed = {"guide": GUIDE, "guide_step": 2, "stuck": True}
    outcome = await act(ValidateGuideForm(), "ask_digital_help", "/ask_digital_help{…}", pressed)
    assert (outcome.slots["guide_step"], outcome.slots["guide_stuck"]) == (2, True)
    broken = {"guide": GUIDE, "guide_step": "x"}
    outcome = await act(ValidateGuideForm(), "ask_digital_help", "/ask_digital_help{…}", broken)
    assert outcome.slots["guide_step"] == 0


async def test_a_question_that_fits_several_guides_offers_them(act: Any) -> None:
    outcome = await act(ValidateGuideForm(), "ask_digital_help", "đăng nhập")
    assert outcome.slots["guide"] is None
    assert len(outcome.slots["guide_choices"]) > 1


async def test_nothing_in_particular_offers_the_six_common_ones(act: Any) -> None:
    outcome = await act(ValidateGuideForm(), "ask_digital_help", "giúp tôi với")
    assert outcome.slots["guide_choices"] == [guide.id for guide in library().common()]
    assert [guide.common for guide in library().common()] == [1, 2, 3, 4, 5, 6]


async def test_every_step_of_every_guide_can_be_read_in_both_languages(act: Any, read_out: Any) -> None:
    for guide in library().all():
        for step in range(len(guide.steps) + 1):
            for stuck in (False, True):
                slots = {"guide": guide.id, "guide_step": step, "guide_stuck": stuck}
                said = (await act(ActionAskGuideDone(), "ask_digital_help", slots=slots)).said
                for language in ("vi", "en"):
                    assert read_out(said, language)
                assert all(len(button["payload"]) <= 512 for button in said["choices"])
                assert said["answer"]["sources"][0]["as_of"] == guide.source["as_of"]


def test_only_the_two_known_hotlines_and_the_emergency_numbers_are_named() -> None:
    """Any other number in a guide would have to be checked with its owner first."""
    known = ("18001096", "1900 0368", "113", "114", "115")
    for path in library().all():
        texts = [path.needs, path.stuck, *(step.text for step in path.steps), *(s.stuck for s in path.steps)]
        for text in (value for both in texts for value in both.values()):
            left = text
            for number in (*known, "123456", "H49.33-250421-0001"):
                left = left.replace(number, "")
            assert not [run for run in left.split() if sum(sign.isdigit() for sign in run) > 4], text


def test_a_broken_guide_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.yml").write_text("title: {vi: a, en: b}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"half\.yml.*troly data check"):
        read(tmp_path)


async def test_a_guide_that_staff_changed_is_told_at_once_and_shortened_ones_end(
    act: Any, read_out: Any
) -> None:
    raw = raw_guides()[GUIDE]
    first = {"vi": "Bước mới của cán bộ.", "en": "A new step by staff."}
    try:
        guide_files.use({GUIDE: raw | {"steps": [first]}, "gone": raw, "vneid-login": {"title": "broken"}})
        said = (
            await act(ActionAskGuideDone(), "ask_digital_help", slots={"guide": GUIDE, "guide_step": 1})
        ).said
        assert "Bước mới của cán bộ." in read_out(said, "vi") and "A new step" in read_out(said, "en")
        # Somebody who was at step 5 when it was shortened.
        late = (
            await act(ActionAskGuideDone(), "ask_digital_help", slots={"guide": GUIDE, "guide_step": 5})
        ).said
        assert late["step"] == 1
        assert library().get("gone") is None
        kept = library().get("vneid-login")
        assert kept is not None and len(kept.steps) > 1, "one that cannot be read stays as shipped"
    finally:
        guide_files.use({})
    shipped = library().get(GUIDE)
    assert shipped is not None and len(shipped.steps) == STEPS


MADE: dict[str, Any] = {
    "made": True,
    "title": {"vi": "Dùng wifi công cộng ở phường", "en": "Using the ward's public wifi"},
    "needs": {"vi": "Điện thoại.", "en": "A phone."},
    "names": ["kết nối wifi công cộng", "mạng miễn phí ở phường"],
    "steps": [
        {"vi": "Chọn mạng của phường.", "en": "Choose the ward's network."},
        {
            "vi": "Đồng ý quy định.",
            "en": "Accept the rules.",
            "stuck": {"vi": "Tắt rồi bật lại wifi.", "en": "Turn wifi off and on."},
        },
    ],
    "stuck": {"vi": "Hỏi quầy tiếp đón.", "en": "Ask at the reception."},
    "source": {"title": "UBND phường", "url": "", "as_of": "2026-11-22"},
    "common": 2,
}


@pytest.fixture
def staff_guides() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Has these live; afterwards what is shipped."""
    yield guide_files.use
    guide_files.use({})


async def test_a_guide_that_staff_made_is_found_listed_and_walked_in_both_languages(
    act: Any, read_out: Any, staff_guides: Any
) -> None:
    staff_guides({"wifi": MADE})
    found = await act(ValidateGuideForm(), "ask_digital_help", "cách kết nối wifi công cộng")
    assert found.slots["guide"] == "wifi"
    listed = await act(ValidateGuideForm(), "ask_digital_help", "/ask_digital_help")
    assert listed.slots["guide_choices"][:3] == ["vneid-level-2", "wifi", "vneid-login"], "before the shipped"
    assert len(listed.slots["guide_choices"]) == 7
    read = {"vi": ["Cần có", "Bước 1/2", "Bước 2/2"], "en": ["You need", "Step 1 of 2", "Step 2 of 2"]}
    for step in range(3):
        slots = {"guide": "wifi", "guide_step": step}
        said = (await act(ActionAskGuideDone(), "ask_digital_help", slots=slots)).said
        for language, parts in read.items():
            assert parts[step] in read_out(said, language)
        assert said["answer"]["sources"] == [MADE["source"]]
    stuck = await act(
        ActionAskGuideDone(),
        "ask_digital_help",
        slots={"guide": "wifi", "guide_step": 2, "guide_stuck": True},
    )
    assert "Tắt rồi bật lại wifi." in read_out(stuck.said, "vi")


@pytest.mark.parametrize("made", [True, False])
async def test_a_guide_that_was_taken_off_is_nowhere_and_who_follows_it_is_told_so(
    act: Any, read_out: Any, staff_guides: Any, made: bool
) -> None:
    name = "wifi" if made else GUIDE
    raw = MADE if made else raw_guides()[GUIDE]
    staff_guides({name: raw | {"retired": True}})
    assert library().get(name) is None
    assert name not in [match.guide.id for match in library().search(raw["names"][0])]
    for text, pressed in (
        ("tiếp", {}),
        ("bước 5", {}),
        ("/ask_digital_help{…}", {"guide": name, "guide_step": 2}),
    ):
        slots = {"guide": name, "guide_step": 1}
        intent = "ask_digital_help" if pressed else "affirm"
        outcome = await act(ValidateGuideForm(), intent, text, pressed, slots=slots)
        assert outcome.events, "the form keeps the message"
        told = await act(ActionAskGuideDone(), intent, text, pressed, slots=slots)
        assert "không còn dùng" in read_out(told.said, "vi")
        assert "no longer in use" in read_out(told.said, "en")
        assert told.slots["guide"] is None
        assert told.said["choices"], "others are offered"
        assert name not in str(told.said["choices"])
    other = await act(ValidateGuideForm(), "ask_fee", "lệ phí bao nhiêu", slots={"guide": name})
    assert other.events == [], "another question is not the guide's"


async def test_without_any_guide_left_nothing_breaks(act: Any, staff_guides: Any) -> None:
    staff_guides({guide.id: {"retired": True} for guide in library().all()})
    assert library().all() == [] and library().search("vneid") == []
    assert (await act(ValidateGuideForm(), "ask_digital_help", "vneid")).slots["guide_choices"] == []
