"""The report's form: what each message gives it, what is asked next, what is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet

from actions.reports import contact, form, outcome, photos, reading, sending, store
from actions.reports.categories import suggest
from actions.reports.draft import Draft
from actions.reports.emergency import ActionEmergency
from actions.reports.places import at_address, at_location
from actions.reports.reading import Message
from actions.sharing import ActionShared
from actions.turn import Turn
from troly.privacy import Keyring

Act = Callable[..., Awaitable[Any]]
PHOTO = "a" * 64


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """A portal that takes reports, keys, and no database."""
    keyring = Keyring([Fernet.generate_key().decode()])
    monkeypatch.setattr(contact, "keyring", lambda: keyring)
    monkeypatch.setattr(sending, "keyring", lambda: keyring)

    class Client:
        takes_reports = True

    async def own(name: object, _conversation: str) -> str:
        return PHOTO if name == PHOTO else ""

    monkeypatch.setattr("actions.portal.client", lambda: Client())
    monkeypatch.setattr(photos, "own", own)
    return keyring


def heard(
    text: str, intent: str = "out_of_scope", photo: str = "", decision: str = "none", **entities: Any
) -> Message:
    """A message as it was understood."""
    turn = Turn(intent=intent, text=text, pressed=text.startswith("/"), entities=entities, decision=decision)
    return Message(turn, text, photo)


def pressed(choice: str) -> Message:
    """A button of the form."""
    return heard("/answer_report", "answer_report", report_choice=choice)


ROAD = Draft(text="đường hỏng", category="road")
PLACED = Draft(text="đường hỏng", category="road", address="12 Lê Lợi", commune="06652")
READY = Draft(
    text="đường hỏng",
    category="road",
    address="12 Lê Lợi",
    commune="06652",
    photos_done=True,
    contact_done=True,
)
COMPLAINT = Draft(kind="complaint", text="cán bộ quát tôi", category="complaint")


# --- Categories ---


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("đường trước nhà tôi bị ổ gà to lắm", "road"),
        ("rác chất đống đầu ngõ không ai thu gom", "rubbish"),
        ("đèn đường không sáng tối om", "lighting"),
        ("khu tôi mất điện từ tối qua", "power"),
        ("hàng xóm hát karaoke đến nửa đêm", "noise"),
        ("chó thả rông cắn người", "animals"),
        ("ngập đến đầu gối", "water"),
        ("the street light is broken", "lighting"),
        ("stray dogs attack people", "animals"),
        ("đèn đường hỏng", "lighting"),
        ("đường hỏng nặng", "road"),
        ("tôi thấy khó chịu", None),
    ],
)
def test_a_category_is_suggested_from_the_words(text: str, category: str | None) -> None:
    assert suggest(text) == category


def test_a_place_told_before_its_time_is_kept() -> None:
    draft = reading.taken(Draft(text="cái này hỏng"), heard("ngõ 5 đường Lê Lợi, phường Hồng Gai"))
    assert draft is not None
    assert (draft.address, draft.step) == ("ngõ 5 đường Lê Lợi, phường Hồng Gai", "category")


def test_what_fits_no_category_twice_is_something_else() -> None:
    once = reading.taken(Draft(text="cái này hỏng"), heard("cái bập bênh"))
    assert once is not None and once.note == "category"
    twice = reading.taken(once, heard("cái bập bênh màu đỏ"))
    assert twice is not None and (twice.category, twice.note) == ("other", "")


@pytest.mark.parametrize("asked", ["category", "commune"])
def test_a_photo_beside_a_second_answer_that_fits_nothing_is_kept(asked: str) -> None:
    begun = Draft(text="cái này hỏng", note=asked)
    if asked == "commune":
        begun = replace(begun, category="other", address="chỗ kia")
    assert begun.step == asked
    draft = reading.taken(begun, heard("cái bập bênh màu đỏ", photo=PHOTO))
    assert draft is not None and PHOTO in draft.photos


def test_a_street_is_no_commune() -> None:
    draft = reading.taken(ROAD, heard("ngõ 5 đường Lê Lợi"))
    assert draft is not None and (draft.commune, draft.step) == ("", "commune")
    draft = reading.taken(ROAD, heard("ngõ 5 đường Lê Lợi, Thống Nhất, thành phố Hạ Long"))
    assert draft is not None and draft.step == "photos"


# --- What a message gives ---


def test_a_first_message_that_tells_all_is_asked_only_for_photos() -> None:
    said = "ổ gà to trước cổng trường tiểu học phường Hồng Gai"
    draft = reading.opened(heard(said, "report_issue"), "")
    assert (draft.text, draft.category, draft.step) == (said, "road", "photos")


def test_the_mere_wish_to_report_is_no_report() -> None:
    for wish in ("tôi muốn phản ánh hiện trường", "I want to report a problem", "/report_issue"):
        assert reading.opened(heard(wish, "report_issue"), "").step == "text", wish


def test_what_was_said_in_danger_becomes_the_report_when_that_is_wished() -> None:
    message = heard("/report_issue", "report_issue", report_choice="from_before")
    assert reading.opened(message, "cháy bãi rác đã dập").text == "cháy bãi rác đã dập"


def test_a_complaint_is_told_from_a_report() -> None:
    draft = reading.opened(heard("cán bộ hách dịch", "complain_service"), "")
    assert (draft.kind, draft.step, draft.note) == ("complaint", "office", "sorry")


@pytest.mark.parametrize(
    ("draft", "message", "step"),
    [
        (Draft(), heard("nắp cống bị mất"), "place"),
        (ROAD, heard("số 12 đường Lê Lợi, phường Hồng Gai", "find_office"), "photos"),
        (ROAD, heard("đầu ngõ nhà tôi"), "commune"),
        (ROAD, heard("phường Hà Khẩu cũ"), "commune"),
        (ROAD, heard("/share", "share", latitude="20.957", longitude="107.048"), "photos"),
        (PLACED, heard("/share", "share", PHOTO), "photos"),
        (PLACED, heard("không", "deny"), "contact"),
        (PLACED, pressed("skip:photos"), "contact"),
        (PLACED, heard("bỏ qua", "cancel"), "contact"),
        (PLACED, heard("thôi", "cancel"), "contact"),
        (PLACED, heard("gửi đi", "cancel"), "contact"),
        (reading.chosen(PLACED, "skip:photos"), heard("gửi luôn nhé", "cancel"), "summary"),
        (reading.chosen(PLACED, "skip:photos"), heard("skip this", "cancel"), "summary"),
        (COMPLAINT, heard("một cửa phường Bãi Cháy"), "when"),
        (at_address(COMPLAINT, "một cửa"), heard("this morning", "greet"), "contact"),
        (READY, heard("sửa địa điểm"), "place"),
        (READY, heard("change the photo", "out_of_scope"), "photos"),
        (READY, pressed("edit:text"), "text"),
    ],
)
def test_an_answer_leads_to_the_next_question(draft: Draft, message: Message, step: str) -> None:
    known = reading.taken(draft, message)
    assert known is not None and known.step == step


def test_giving_up_where_an_answer_is_needed_gives_up_the_report() -> None:
    for words in ("bỏ qua", "thôi"):
        assert reading.taken(ROAD, heard(words, "cancel")) is None


@pytest.mark.parametrize(
    "message",
    [
        heard("đăng ký tạm trú lệ phí bao nhiêu", "ask_fee", decision="answer"),
        heard("gặp cán bộ", "talk_to_human"),
        heard("cảm ơn", "thank"),
        heard("hủy", "cancel"),
        heard('/ask_fee{"procedure_code": "1.001193"}', "ask_fee"),
        heard('/tell_notice{"notice_id": "1"}', "tell_notice"),
    ],
    ids=["procedure", "person", "thanks", "cancel", "button", "notice"],
)
def test_what_is_about_something_else_is_let_through(message: Message) -> None:
    for draft in (ROAD, PLACED, READY, Draft()):
        assert reading.taken(draft, message) is None


def asking(text: str, intent: str, decision: str = "none", focus: str | None = "1.000894") -> Message:
    """A question while a procedure is talked of."""
    return Message(Turn(intent=intent, text=text, pressed=False, decision=decision, focus=focus), text, "")


@pytest.mark.parametrize(
    "message",
    [
        asking("quán nét cạnh đình muốn gia hạn giấy phép thì làm thế nào", "ask_procedure", "answer"),
        asking("ở phường Hà Lầm thì nộp ở đâu", "ask_place", "answer"),
        asking("nộp online dc chứ", "ask_online"),
        asking("how much is it?", "ask_fee"),
    ],
)
def test_a_question_in_between_is_no_place(message: Message) -> None:
    assert reading.taken(ROAD, message) is None


def test_a_place_with_words_of_a_procedure_is_one() -> None:
    # "Xây dựng" is found as a procedure; nothing is asked.
    place = asking("cạnh công trường xây dựng đường Lê Lợi", "ask_procedure", "answer")
    draft = reading.taken(ROAD, place)
    assert draft is not None and draft.address == place.turn.text
    nothing_talked_of = asking("chỗ đó mấy ngày nay rồi", "ask_processing_time", focus=None)
    assert reading.taken(ROAD, nothing_talked_of) is not None


def test_a_complaint_instead_of_the_kind_of_problem_is_taken_as_one() -> None:
    opening = Draft(text="hàng xóm lấn đất")
    complaint = reading.taken(
        opening, heard("cán bộ xã làm việc lề mề, gọi không ai xuống", "complain_service")
    )
    assert complaint is not None and complaint.kind == "complaint" and "lề mề" in complaint.text


def test_an_unknown_commune_is_asked_for_once() -> None:
    draft = reading.taken(ROAD, heard("đầu ngõ nhà tôi"))
    assert draft and draft.step == "commune"
    again = reading.taken(draft, heard("chỗ gần nhà bà Tư"))
    assert again and (again.step, again.note) == ("commune", "commune")
    last = reading.taken(again, heard("thì là chỗ đó đó"))
    assert last and (last.step, last.address) == ("photos", "đầu ngõ nhà tôi")


def test_a_divided_commune_is_chosen_by_button() -> None:
    draft = at_address(ROAD, "phường Hà Khẩu cũ")
    assert len(draft.communes) == 2
    known = reading.taken(draft, pressed(f"commune:{draft.communes[0]}"))
    assert known and known.commune == draft.communes[0]


@pytest.mark.parametrize(
    ("latitude", "longitude", "note"),
    [
        ("10.77", "106.70", "outside"),
        ("x", "1", "bad_location"),
        ("95", "1", "bad_location"),
    ],
)
def test_a_location_that_is_none_of_the_province_is_not_taken(
    latitude: str, longitude: str, note: str
) -> None:
    draft = at_location(ROAD, {"latitude": latitude, "longitude": longitude})
    assert (draft.note, draft.step) == (note, "place")


def test_three_photos_are_the_most() -> None:
    draft = PLACED
    for sign in "abc":
        draft = draft.with_photo(sign * 64)
    assert draft.step == "contact"
    more = draft.with_photo("d" * 64)
    assert (len(more.photos), more.note) == (3, "enough_photos")
    assert draft.with_photo("a" * 64) == draft, "the same photo twice is one"


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("0912 345 678", "0912345678"),
        ("số em là +84 912.345.678 ạ", "0912345678"),
        ("84912345678", "0912345678"),
        ("+44 7700 900123", "+447700900123"),
        ("12345", None),
        ("00123", None),
    ],
)
def test_a_phone_number_is_read(text: str, phone: str | None) -> None:
    assert contact.phone_in(text) == phone


def test_the_phone_number_stands_nowhere_in_clear(surroundings: Keyring) -> None:
    draft = reading.taken(
        Draft(text="x", category="road", commune="06652", photos_done=True), heard("0912345678")
    )
    assert draft and draft.step == "summary" and draft.phone_shown == "091••••678"
    assert "0912345678" not in str(draft.to_slot())
    assert surroundings.decrypt(draft.phone) == "0912345678"


def test_the_slot_gives_back_the_draft() -> None:
    draft = READY.with_photo(PHOTO)
    assert Draft.from_slot(draft.to_slot()) == draft
    assert Draft.from_slot(None) is None


@pytest.mark.parametrize(
    "message", [heard("gửi"), heard("ok gửi đi", "affirm"), heard("Đúng rồi ạ"), pressed("send")]
)
def test_only_a_complete_report_can_be_confirmed(message: Message) -> None:
    assert reading.confirms(READY, message)
    assert not reading.confirms(PLACED, message)


# --- The actions ---


async def test_the_form_asks_for_the_place_with_its_record(act: Act, read_out: Callable[..., str]) -> None:
    slots = {"report_draft": ROAD.to_slot()}
    done = await act(form.ActionAskReportDone(), "report_issue", slots=slots)
    assert done.said["answer"] == {"status": "form", "intent": "report_issue"}
    for language in ("vi", "en"):
        assert read_out(done.said, language)


async def test_every_question_can_be_read_in_both_languages(act: Act, read_out: Callable[..., str]) -> None:
    drafts = [Draft(), Draft(text="x"), ROAD, at_address(ROAD, "đầu ngõ"), PLACED, READY.with_photo(PHOTO)]
    drafts += [Draft(text="x", category="road", address="y", commune="06652", photos_done=True)]
    drafts += [Draft(kind="complaint"), COMPLAINT, at_address(COMPLAINT, "một cửa"), READY]
    drafts += [at_location(READY, {"latitude": "20.957", "longitude": "107.048"})]
    for draft in drafts:
        done = await act(form.ActionAskReportDone(), "report_issue", slots={"report_draft": draft.to_slot()})
        for language in ("vi", "en"):
            text = read_out(done.said, language)
            assert text and "{" not in text, draft


async def test_the_phone_number_is_asked_for_as_a_secret_and_nothing_else_is(act: Act) -> None:
    for step, draft in (("contact", replace(PLACED, photos_done=True)), ("content", Draft())):
        asked = await act(form.ActionAskReportDone(), "report_issue", slots={"report_draft": draft.to_slot()})
        assert bool(asked.said.get("secret")) is (step == "contact")


async def test_after_another_question_the_form_only_says_that_it_waits(act: Act) -> None:
    slots = {"report_draft": {**ROAD.to_slot(), "taken": "m1"}}
    done = await act(form.ActionAskReportDone(), "ask_fee", slots=slots, message_id="m2")
    assert done.said["response"] == "report_resume" and done.said["answer"] == {}


async def test_a_photo_that_is_not_the_citizens_own_is_not_taken(act: Act) -> None:
    slots = {"report_draft": PLACED.to_slot(), "requested_slot": "report_done"}
    done = await act(form.ValidateReportForm(), "share", "/share", {"photo": "b" * 64}, slots=slots)
    assert done.slots["report_draft"]["photos"] == () and done.slots["report_draft"]["note"] == "photo_lost"


async def test_a_photo_beside_the_words_is_taken_with_them(act: Act) -> None:
    done = await act(form.ValidateReportForm(), "report_issue", "nắp cống bị mất", metadata={"photo": PHOTO})
    draft = done.slots["report_draft"]
    assert draft["photos"] == (PHOTO,) and draft["text"] == "nắp cống bị mất"


async def test_without_a_report_service_nothing_is_asked_for(
    act: Act, read_out: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        takes_reports = False

    monkeypatch.setattr("actions.portal.client", lambda: Client())
    done = await act(form.ValidateReportForm(), "report_issue", "đường hỏng")
    assert done.slots == {"report_done": "nowhere"}
    for intent in ("report_issue", "complain_service"):
        said = (await act(outcome.ActionSendReport(), intent)).said
        assert "Phản ánh kiến nghị" in read_out(said, "vi") and "Phản ánh kiến nghị" in read_out(said, "en")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("cháy nhà cứu với", "114"),
        ("có trộm vào nhà", "113"),
        ("xe cấp cứu gấp", "115"),
        ("cứu tôi với", "112"),
    ],
)
async def test_danger_is_answered_with_the_number_first(
    act: Act, read_out: Callable[..., str], text: str, number: str
) -> None:
    done = await act(ActionEmergency(), "out_of_scope", text)
    for language in ("vi", "en"):
        assert number in read_out(done.said, language).split(".")[0]
        assert "112" in read_out(done.said, language)
    assert done.slots == {"report_emergency": text}


# --- Sharing without a form ---


@pytest.mark.parametrize(
    ("entities", "response", "buttons"),
    [
        ({"latitude": "20.9", "longitude": "107.0"}, "shared_location", 2),
        ({"phone": "0912345678"}, "shared_phone", 0),
        ({"photo": PHOTO}, "shared_photo", 2),
        ({"photo": "not mine"}, "shared_lost", 0),
    ],
)
async def test_what_is_shared_without_a_form_is_asked_about(
    act: Act, read_out: Callable[..., str], entities: dict[str, str], response: str, buttons: int
) -> None:
    done = await act(ActionShared(), "share", "/share", entities)
    assert done.said["response"] == response and len(done.said["choices"]) == buttons
    assert all(len(button["payload"]) <= 512 for button in done.said["choices"])
    assert read_out(done.said, "vi") and read_out(done.said, "en")
    assert "0912345678" not in read_out(done.said, "vi")


def test_a_closed_report_is_one_that_was_answered_or_rejected() -> None:
    assert [
        status for status in ("received", "processing", "answered", "rejected") if store.closed(status)
    ] == [
        "answered",
        "rejected",
    ]
