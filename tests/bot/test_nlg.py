"""Answers come in the citizen's language, each turn with one answer record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlg import Changes, LanguageGenerator
from bot.response_files import compile_domain_responses
from troly.answers.rendering import UnknownResponse


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_dict(
        {
            "intents": ["greet", "ask_fee"],
            "slots": {
                "language": {
                    "type": "text",
                    "mappings": [{"type": "custom"}],
                    "influence_conversation": False,
                }
            },
            "responses": compile_domain_responses(),
        }
    )


@pytest.fixture(scope="module")
def generator(domain: Domain) -> LanguageGenerator:
    return LanguageGenerator(domain=domain)


@pytest.fixture
def tracker(domain: Domain) -> Any:
    """Makes a tracker: the slot's language, the visitor's interface, the latest intent."""

    def make(
        language: str | None = None, hint: str | None = None, intent: str = "greet"
    ) -> DialogueStateTracker:
        metadata = {"language_hint": hint, "channel": "test"}
        events = [SlotSet("language", language)] if language else []
        said = UserUttered("…", intent={"name": intent, "confidence": 1.0}, metadata=metadata)
        return DialogueStateTracker.from_events("c", [*events, said], slots=domain.slots)

    return make


async def say(generator: LanguageGenerator, tracker: Any, response: str, **values: Any) -> dict[str, Any]:
    message = await generator.generate(response, tracker, "rest", **values)
    assert message is not None
    return message


@pytest.mark.parametrize(("language", "text"), [("vi", "Chào Anh/Chị. Khi cần"), ("en", "Goodbye.")])
async def test_the_slot_decides_the_language(
    generator: LanguageGenerator, tracker: Any, language: str, text: str
) -> None:
    hint = "vi" if language == "en" else "en"
    message = await say(generator, tracker(language, hint), "utter_goodbye")
    assert message["text"].startswith(text)
    assert message["custom"]["language"] == message["custom"]["answer"]["language"] == language


@pytest.mark.parametrize(("hint", "text"), [("vi", "Chào Anh/Chị. Khi cần"), ("en", "Goodbye.")])
async def test_the_visitors_interface_decides_while_the_slot_is_empty(
    generator: LanguageGenerator, tracker: Any, hint: str, text: str
) -> None:
    message = await say(generator, tracker(None, hint), "utter_goodbye")
    assert message["text"].startswith(text)
    assert message["custom"]["language"] == hint


async def test_without_any_sign_both_are_given_vietnamese_first(
    generator: LanguageGenerator, tracker: Any
) -> None:
    message = await say(generator, tracker(), "utter_goodbye")
    assert message["text"].index("Chào Anh/Chị") < message["text"].index("Goodbye.")
    assert message["custom"]["language"] == "vi"


@pytest.mark.parametrize("language", ["zh", "ko", "ja", "other"])
async def test_other_languages_get_both_english_first(
    generator: LanguageGenerator, tracker: Any, language: str
) -> None:
    message = await say(generator, tracker(language), "utter_goodbye")
    assert message["text"].index("Goodbye.") < message["text"].index("Chào Anh/Chị")
    assert message["custom"]["language"] == "en"


async def test_a_tracker_without_a_message_gets_both(generator: LanguageGenerator, domain: Domain) -> None:
    empty = DialogueStateTracker.from_events("c", [], slots=domain.slots)
    message = await say(generator, empty, "utter_goodbye")
    assert "Goodbye." in message["text"] and "Chào Anh/Chị" in message["text"]
    assert message["custom"]["answer"]["intent"] is None


async def test_a_change_of_language_is_confirmed_in_the_new_one(
    generator: LanguageGenerator, tracker: Any
) -> None:
    message = await say(generator, tracker("vi"), "utter_language_changed", language="en")
    assert message["text"] == "OK, I will answer in English from now on."
    assert message["custom"]["language"] == message["custom"]["answer"]["language"] == "en"


async def test_a_language_without_answers_in_the_call_changes_nothing(
    generator: LanguageGenerator, tracker: Any
) -> None:
    message = await say(generator, tracker("vi"), "utter_language_unavailable", language="ko")
    assert message["custom"]["language"] == "vi"


async def test_a_response_of_a_rule_has_its_status_and_an_empty_record(
    generator: LanguageGenerator, tracker: Any
) -> None:
    message = await say(generator, tracker("vi", intent="abuse"), "utter_abuse")
    assert message["custom"]["answer"] == {
        "status": "refused",
        "intent": "abuse",
        "procedure_code": None,
        "aspect": None,
        "application_code": None,
        "sources": [],
        "language": "vi",
    }


async def test_the_record_of_an_action_is_completed(generator: LanguageGenerator, tracker: Any) -> None:
    source = {"title": "Cổng", "url": "https://portal.example/1", "as_of": "2026-07-18"}
    record = {"status": "not_found", "aspect": "fee", "intent": "ask_fee", "sources": [source]}
    message = await say(generator, tracker("en", intent="affirm"), "procedure_not_found", answer=record)
    answer = message["custom"]["answer"]
    assert answer == {**record, "procedure_code": None, "application_code": None, "language": "en"}


async def test_a_second_utterance_of_a_turn_has_no_record(generator: LanguageGenerator, tracker: Any) -> None:
    message = await say(generator, tracker("vi"), "ask_application_code_again", answer={})
    assert message["custom"] == {"language": "vi", "links": [], "answer": None}


async def test_links_are_titled_in_the_language(generator: LanguageGenerator, tracker: Any) -> None:
    links = [
        {"title": {"response": "label_open_portal"}, "url": "https://portal.example/1"},
        {"title": "Mẫu số 01", "url": "https://portal.example/2"},
    ]
    message = await say(generator, tracker("en"), "utter_goodbye", links=links)
    assert message["custom"]["links"] == [
        {
            "title": "Open the procedure on the National Public Service Portal",
            "url": "https://portal.example/1",
        },
        {"title": "Mẫu số 01", "url": "https://portal.example/2"},
    ]


async def test_a_message_without_buttons_has_no_such_key(generator: LanguageGenerator, tracker: Any) -> None:
    assert "buttons" not in await say(generator, tracker("vi"), "utter_goodbye")


async def test_in_both_languages_a_button_has_both_titles_once(
    generator: LanguageGenerator, tracker: Any
) -> None:
    message = await say(generator, tracker(), "utter_ask_language")
    assert [button["title"] for button in message["buttons"]] == ["Tiếng Việt", "English"]
    again = {"title": {"response": "button_try_again"}, "payload": "/check_application_status"}
    message = await say(generator, tracker("ko"), "follow_none", choices=[again])
    assert [button["title"] for button in message["buttons"]] == ["Try again · Thử lại"]


@pytest.mark.parametrize("language", [None, "ko"])
async def test_in_both_languages_each_switch_of_language_leads_where_its_title_says(
    generator: LanguageGenerator, tracker: Any, language: str | None
) -> None:
    message = await say(generator, tracker(language), "utter_greet")
    switches = {b["title"]: b["payload"] for b in message["buttons"] if "change_language" in b["payload"]}
    assert switches == {
        "English": '/change_language{"requested_language": "en"}',
        "Tiếng Việt": '/change_language{"requested_language": "vi"}',
    }


async def test_an_unknown_response_is_an_error(generator: LanguageGenerator, tracker: Any) -> None:
    with pytest.raises(UnknownResponse, match="utter_nothing"):
        await generator.generate("utter_nothing", tracker("vi"), "rest")


async def test_the_responses_of_a_new_model_are_taken_over(domain: Domain, tracker: Any) -> None:
    generator = LanguageGenerator()
    with pytest.raises(UnknownResponse):
        await generator.generate("utter_goodbye", tracker("vi"), "rest")
    generator.use_domain(domain)
    assert (await say(generator, tracker("vi"), "utter_goodbye"))["text"].startswith("Chào")


async def test_conversations_at_once_do_not_share_a_language(
    generator: LanguageGenerator, tracker: Any
) -> None:
    wanted = ["vi", "en"] * 10
    messages = await asyncio.gather(
        *(say(generator, tracker(language), "utter_thank") for language in wanted)
    )
    assert [message["custom"]["language"] for message in messages] == wanted


def other(vi: str, en: str, **more: Any) -> dict[str, Any]:
    return {"vi": {"text": vi, **more}, "en": {"text": en, **more}}


async def test_what_staff_made_live_is_said_in_both_languages_at_once(domain: Domain, tracker: Any) -> None:
    changes = Changes()
    generator = LanguageGenerator(domain=domain, changes=changes)
    assert (await say(generator, tracker("vi"), "utter_goodbye"))["text"].startswith("Chào Anh/Chị")
    changes.take({"utter_goodbye": other("Hẹn gặp lại Anh/Chị.", "See you.")})
    assert (await say(generator, tracker("vi"), "utter_goodbye"))["text"] == "Hẹn gặp lại Anh/Chị."
    assert (await say(generator, tracker("en"), "utter_goodbye"))["text"] == "See you."
    both = await say(generator, tracker(), "utter_goodbye")
    assert "Hẹn gặp lại" in both["text"] and "See you." in both["text"]
    generator.use_domain(domain)  # a newly loaded model keeps them
    assert (await say(generator, tracker("en"), "utter_goodbye"))["text"] == "See you."
    changes.take({})
    assert (await say(generator, tracker("en"), "utter_goodbye"))["text"].startswith("Goodbye.")


async def test_a_changed_label_is_said_wherever_it_stands_and_buttons_do_the_same(
    domain: Domain, tracker: Any
) -> None:
    changes = Changes()
    generator = LanguageGenerator(domain=domain, changes=changes)
    greet = (await say(generator, tracker("vi"), "utter_greet"))["buttons"]
    titles = [f"Nút {number}" for number in range(8)]
    changes.take(
        {
            "button_fee": other("Tiền phải nộp", "What it costs"),
            "utter_greet": other("Chào Anh/Chị!", "Hello!", buttons=titles),
        }
    )
    choice = {"title": {"response": "button_fee"}, "payload": "/ask_fee"}
    message = await say(generator, tracker("vi"), "utter_goodbye", choices=[choice])
    assert message["buttons"] == [{"title": "Tiền phải nộp", "payload": "/ask_fee"}]
    changed = (await say(generator, tracker("vi"), "utter_greet"))["buttons"]
    assert [button["title"] for button in changed] == titles
    assert [button["payload"] for button in changed] == [button["payload"] for button in greet]


async def test_a_change_that_does_not_fit_this_version_is_not_said(domain: Domain, tracker: Any) -> None:
    generator = LanguageGenerator(domain=domain, changes=(changes := Changes()))
    changes.take(
        {
            "utter_goodbye": other("Chào {name}.", "Bye {name}."),
            "utter_thank": {"vi": {"text": "Cảm ơn."}},
            "utter_greet": other("Chào.", "Hello.", buttons=["một nút"]),
            "utter_gone": other("Không còn.", "Gone."),
            "utter_deny": None,
            "utter_affirm": other("Vâng ạ.", "Yes."),
        }
    )
    for name, start in (("utter_goodbye", "Goodbye"), ("utter_greet", "Hello!"), ("utter_affirm", "Yes.")):
        assert (await say(generator, tracker("en"), name))["text"].startswith(start), name
    assert (await say(generator, tracker("vi"), "utter_thank"))["text"].startswith("Không có gì")


async def test_asking_whether_something_changed_costs_a_message_nothing(
    domain: Domain, tracker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = LanguageGenerator(domain=domain, changes=Changes())
    made: list[int] = []
    monkeypatch.setattr("bot.nlg.renderers", lambda *given: made.append(1))
    for _ in range(10):
        await say(generator, tracker("vi"), "utter_goodbye")
    assert made == []
