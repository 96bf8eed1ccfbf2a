"""Life events are recognised by bare situations only, and ask what decides."""

from __future__ import annotations

from itertools import product

import pytest

from actions.life_events.files import Event, events

# None of these is one of the names in the files (a test below).
SITUATIONS = [
    ("vk em mới sinh cần làm gì ạ", "new-baby"),
    ("vợ mình vừa mới sinh thì phải làm những thủ tục gì", "new-baby"),
    ("my wife just gave birth, what do I need to do", "new-baby"),
    ("gia đình em mới chuyển nhà", "moving-house"),
    ("chuyen nha can thu tuc gi", "moving-house"),
    ("bố tôi mới mất thì cần làm gì", "bereavement"),
    ("my father just passed away", "bereavement"),
    ("e muốn mở quán ăn thì cần những giấy tờ gì", "open-shop"),
    ("tôi sắp lấy vợ cần chuẩn bị gì", "marriage"),
    ("em sắp lấy chồng hàn quốc", "marry-foreigner"),
    ("vợ chồng e ly dị", "divorce"),
    ("bán nhà thì làm thủ tục gì", "land-deal"),
    ("tôi sắp xây nhà mới", "build-house"),
    ("e bị mất ví rồi", "lost-papers"),
    ("I lost my wallet, what should I do", "lost-papers"),
    ("mẹ tôi đủ tuổi hưu", None),
    ("tôi bị công ty cho nghỉ việc", "job-loss"),
    ("con em sắp vào lớp 1", "child-school"),
    ("em mới mua xe máy ạ", "buy-vehicle"),
    ("sắp đi du học", None),
    ("tôi muốn nhận con nuôi", "adoption"),
    ("em muốn lập công ty", "start-company"),
    ("con tôi bị khuyết tật thì cần làm gì", "disability-elderly"),
    ("con tôi đủ 14 tuổi", "coming-of-age"),
]
PROCEDURES = [
    "làm giấy khai sinh",
    "làm giấy khai sinh cho con mới sinh",
    "mới sinh con thì làm bảo hiểm y tế cho bé thế nào",
    "đăng ký kết hôn",
    "kết hôn cần giấy tờ gì",
    "đăng ký thường trú",
    "mất căn cước làm lại ở đâu",
    "mất sổ đỏ",
    "mất xe",
    "đổi bằng lái xe",
    "đăng ký xe máy cũ sang tên",
    "mua xe cũ sang tên ở đâu",
    "xin giấy phép xây dựng nhà ở",
    "xây nhà có cần xin phép không",
    "thành lập doanh nghiệp",
    "giấy xác nhận tình trạng hôn nhân",
    "trợ cấp thất nghiệp được mấy tháng",
    "tách thửa đất",
    "ông mất để lại đất thì chia thế nào",
    "hồ sơ của tôi mất rồi",
    "khai tử",
    "chuyển hộ khẩu",
    "nhận cha mẹ con",
    "đi học lái xe",
    "mở tài khoản vneid",
    "how do I get a birth certificate",
    "marriage registration",
    "lost my ID card",
    "work permit",
    "thời tiết hôm nay",
    "mất điện từ sáng",
    "",
]


@pytest.mark.parametrize(("text", "event"), [one for one in SITUATIONS if one[1]])
def test_a_bare_situation_is_recognised(text: str, event: str) -> None:
    found = events().match(text)
    assert found is not None and found.id == event


@pytest.mark.parametrize("text", PROCEDURES)
def test_a_request_for_one_procedure_is_not_taken(text: str) -> None:
    assert events().match(text) is None


def test_every_name_leads_to_its_own_event() -> None:
    wrong = [
        (name, found and found.id)
        for event in events().all()
        for name in event.names
        if (found := events().match(name)) is not event
    ]
    assert wrong == []
    assert len(events().all()) >= 17


def paths(event: Event) -> list[dict[str, str]]:
    """Every way through the questions."""
    ways: list[dict[str, str]] = []
    for options in product(*([option.id for option in asked.options] for asked in event.questions)):
        answers = dict(zip((asked.id for asked in event.questions), options, strict=True))
        taken: dict[str, str] = {}
        while asked := event.next_question(taken):
            taken[asked.id] = answers[asked.id]
        if taken not in ways:
            ways.append(taken)
    return ways


@pytest.mark.parametrize("event", events().all(), ids=lambda event: event.id)
def test_every_way_through_an_event_leads_to_procedures_and_every_procedure_is_reached(event: Event) -> None:
    reached = set()
    for answers in paths(event):
        needed = event.needed(answers)
        reached |= {item.code for item in needed}
        codes = [item.code for item in needed]
        assert len(set(codes)) == len(codes), answers
        assert [item.linked for item in needed] == sorted((item.linked for item in needed), reverse=True)
    assert reached == {item.code for item in event.items}


def test_linked_procedures_come_first_and_replace_the_single_ones() -> None:
    baby = events().get("new-baby")
    assert baby
    together = baby.needed({"parents": "married", "together": "all", "insured": "mother"})
    assert [item.code for item in together] == ["2.000986", "1.014166"]
    single = [item.code for item in baby.needed({"parents": "married", "together": "single"})]
    assert single == ["1.001193", "1.004222", "1.014137"]


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("có", "have"),
        ("Vâng", "have"),
        ("không ạ", "none"),
        ("chưa có", "none"),
        ("rồi", "have"),
        ("dạ có rồi em", "have"),
        ("có mặt bằng rồi", "have"),
        ("không thuộc diện nào", "none"),
        ("dạ không thuộc diện nào ạ", "none"),
        ("không biết nữa", None),
        ("có mất phí không", None),
        ("không làm thì sao", None),
        ("không, vợ tôi", None),
        ("lệ phí bao nhiêu", None),
    ],
)
def test_yes_and_no_answer_a_question(text: str, option: str | None) -> None:
    shop = events().get("open-shop")
    assert shop and shop.questions[1].read(text) == option


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("hộ kinh doanh", "household"),
        ("công ty một chủ ạ", "company"),
        ("company with several owners", "partners"),
        ("công ty", None),
        ("tôi muốn hỏi về đăng ký kết hôn với người nước ngoài ở đâu", None),
    ],
)
def test_an_option_is_taken_by_its_words(text: str, option: str | None) -> None:
    shop = events().get("open-shop")
    assert shop and shop.questions[0].read(text) == option


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("passport and driving licence", True),
        ("hộ chiếu với giấy tờ xe", True),
        ("passport", False),
        ("lệ phí cấp lại hộ chiếu bao nhiêu", False),
    ],
)
def test_several_options_in_one_answer_are_seen(text: str, several: bool) -> None:
    papers = events().get("lost-papers")
    assert papers and papers.questions[0].names_several(text) is several


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("bố em mất", "bereavement"),
        ("me toi moi mat", "bereavement"),
        ("mẹ tôi mất căn cước", None),
        ("help me, my mother died", "bereavement"),
    ],
)
def test_who_died_is_heard_in_the_shortest_words(text: str, event: str | None) -> None:
    found = events().match(text)
    assert (found and found.id) == event


def test_what_a_payload_claims_is_checked_against_the_event() -> None:
    baby = events().get("new-baby")
    assert baby
    claimed = {"parents": "married", "together": "x", "other": "all", "insured": 3}
    assert baby.valid(claimed) == {"parents": "married"}


def test_a_question_that_does_not_apply_is_left_out() -> None:
    event = events().get("disability-elderly")
    assert event
    assert event.next_question({"who": "elderly"}) is None
    asked = event.next_question({"who": "disabled"})
    assert asked and asked.id == "paper"


def test_no_name_is_one_of_the_situations_tested_here() -> None:
    names = {name for event in events().all() for name in event.names}
    assert [text for text, _ in SITUATIONS if text in names] == []


@pytest.mark.parametrize(
    ("text", "option"),
    [("rồi ạ", "married"), ("có", "married"), ("chưa", "unmarried"), ("chỉ ghi tên mẹ", "mother")],
)
def test_the_file_says_which_option_a_mere_yes_or_no_means(text: str, option: str) -> None:
    baby = events().get("new-baby")
    assert baby and baby.questions[0].read(text) == option
