"""The linear intent model, its augmentation and what form decides alone."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from bot.understanding.augment import augment
from bot.understanding.data import Sentence
from bot.understanding.decide import by_form, names_choice, rejected
from bot.understanding.features import grams, mask, wording
from bot.understanding.intents import IntentModel
from bot.understanding.noise import reversed_shorthand, teencode, telex, typos, unaccented
from bot.understanding.second_opinion import EncoderHead, together
from troly.text import fold

FEES = [
    "lệ phí làm hộ chiếu bao nhiêu",
    "làm khai sinh mất bao nhiêu tiền",
    "phí đăng ký kết hôn",
    "tốn bao nhiêu tiền",
]
PLACES = [
    "nộp hồ sơ khai sinh ở đâu",
    "làm hộ chiếu ở chỗ nào",
    "đăng ký kết hôn tại cơ quan nào",
    "nộp ở đâu vậy",
]
SENTENCES = [Sentence(t, "ask_fee", "vi") for t in FEES] + [Sentence(t, "ask_place", "vi") for t in PLACES]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    rows = augment(SENTENCES, {"bn": "bao nhiêu", "ko": "không"}, {"vi": ["khai sinh", "tách hộ khẩu"]})
    return IntentModel.train(
        [row.text for row in rows], [row.intent for row in rows], [row.group for row in rows]
    )


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("tách thửa mất bao nhiêu tiền", "ask_fee"),
        ("tach thua het bao nhieu tien", "ask_fee"),
        ("tach thua nop o dau", "ask_place"),
    ],
)
def test_an_unseen_message_gets_its_intent_with_and_without_marks(
    model: IntentModel, text: str, intent: str
) -> None:
    name, probability = model.ranking(text)[0]
    assert name == intent
    assert 0.5 < probability <= 1


def test_probabilities_add_up(model: IntentModel) -> None:
    assert sum(p for _, p in model.ranking("làm ở đâu")) == pytest.approx(1)
    assert sum(p for _, p in model.ranking("ⴰⴱⵛ")) == pytest.approx(1)


def test_messages_that_differ_in_numbers_alone_are_looked_at_once(
    model: IntentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = model.probabilities("lệ phí thủ tục 1.001193 là bao nhiêu")
    expected = model._of_wording(*wording("lệ phí thủ tục 1.003462 là bao nhiêu"))
    assert wording("lệ phí 1.001193?") != wording("lệ phí 1.001193") == wording("lệ phí 1.003462")
    monkeypatch.setattr(IntentModel, "_vector", lambda *_: pytest.fail("looked at again"))
    assert np.array_equal(model.probabilities("Lệ phí thủ tục 1.003462 là bao nhiêu"), first)
    assert np.array_equal(first, expected)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0


def test_long_messages_are_not_remembered(model: IntentModel, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "đăng ký khai sinh " * 20
    first = model.probabilities(long)
    seen: list[int] = []
    monkeypatch.setattr(IntentModel, "_vector", _counting(IntentModel._vector, seen))
    assert np.array_equal(model.probabilities(long), first) and seen == [1]


def _counting(of: Any, seen: list[int]) -> Any:
    def counted(self: IntentModel, bag: Any) -> Any:
        seen.append(1)
        return of(self, bag)

    return counted


def test_training_twice_gives_the_same_model(model: IntentModel) -> None:
    rows = augment(SENTENCES, {"bn": "bao nhiêu", "ko": "không"}, {"vi": ["khai sinh", "tách hộ khẩu"]})
    again = IntentModel.train([r.text for r in rows], [r.intent for r in rows], [r.group for r in rows])
    assert again.ranking("phí tách hộ") == model.ranking("phí tách hộ")


def test_copies_of_a_sentence_share_its_group_and_intent() -> None:
    rows = augment(SENTENCES, {"bn": "bao nhiêu"}, {"vi": ["khai sinh", "tách hộ khẩu"]})
    assert {row.group for row in rows} == set(range(len(SENTENCES)))
    assert all(row.intent == SENTENCES[row.group].intent for row in rows)
    assert any("tách hộ khẩu" in row.text for row in rows if "khai sinh" in SENTENCES[row.group].text)
    assert any(row.text.isascii() for row in rows)


def test_codes_and_numbers_become_placeholders() -> None:
    assert mask("hs H49.08-251105-0312 nộp 3 ngày") == "hs  xxcode  nộp 0 ngày"
    assert grams("mã 1.001193") == grams("mã 2.000635")


def test_a_message_without_words_has_hardly_any_features() -> None:
    assert set(grams("…")) <= {"w:^ $", "n:0"}


@pytest.mark.parametrize(
    ("word", "keys"), [("phép", "pheps"), ("đường", "dduwowngf"), ("hộ", "hooj"), ("ban", "ban")]
)
def test_telex_remnants(word: str, keys: str) -> None:
    assert telex(word) == keys


def test_noise_is_seeded_and_keeps_the_words_recognisable() -> None:
    sentence = "đăng ký kết hôn có mất tiền không"
    assert typos(sentence, Random(7)) == typos(sentence, Random(7)) != sentence
    assert fold(unaccented(sentence, Random(1))) == fold(sentence)
    short = teencode(sentence, reversed_shorthand({"ko": "không", "đk": "đăng ký"}), Random(2), share=1.0)
    assert fold(short) == "dk ket hon co mat tien ko"


@pytest.mark.parametrize(
    ("text", "entities", "choices", "intent"),
    [
        ("👍👍", {}, False, "affirm"),
        ("🙏", {}, False, "thank"),
        ("???", {}, False, "out_of_scope"),
        ("", {}, False, "out_of_scope"),
        ("mã H49 đây ạ", {"application_code": {"start": 3, "end": 6}}, False, "inform_application_code"),
        ("1.001193", {"procedure_code": {"start": 0, "end": 8}}, False, "ask_procedure"),
        ("cái thứ 2", {"ordinal": {"start": 0, "end": 9}}, True, "affirm"),
    ],
)
def test_form_decides_alone(
    text: str, entities: dict[str, dict[str, int]], choices: bool, intent: str
) -> None:
    decided = by_form(text, entities, choices)
    assert decided is not None
    assert decided[0] == intent


def test_a_question_about_a_code_is_left_to_the_model() -> None:
    assert by_form("hồ sơ H49 xong chưa", {"application_code": {"start": 6, "end": 9}}, False) is None


_OFFERED = [
    {"title": {"vi": "Đổi thẻ vì hết hạn, hỏng", "en": "Expired or damaged"}},
    {"title": {"vi": "Làm lại thẻ vì bị mất", "en": "Lost card"}},
    {"title": "Đăng ký kết hôn"},
]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("đổi thẻ vì hết hạn hỏng", True),
        ("hết hạn", True),
        ("bi mat", True),
        ("Lost card", True),
        ("đăng ký kết hôn", True),
        ("thẻ vì", False),
        ("mất", False),
        ("hồ sơ của tôi quá hạn rồi", False),
        ("", False),
    ],
)
def test_words_of_one_offered_title_name_it(text: str, named: bool) -> None:
    assert names_choice(text, _OFFERED) is named
    assert not names_choice(text, [])


@pytest.mark.parametrize(
    "text",
    ["${user.name}", "<img src=x onerror=alert(1)>", "../../secret", "a' OR 1=1 --", '{"role": "admin"}'],
)
def test_what_is_written_for_machines_is_rejected(text: str) -> None:
    assert rejected(text, frozenset())


@pytest.mark.parametrize(
    "text", ["[gấp] làm hộ chiếu", "select a form from the list", "phí = bao nhiêu", "ngày 1/2 -> 3/4"]
)
def test_signs_in_a_sentence_do_not_reject_it(text: str) -> None:
    assert not rejected(text, frozenset())


def test_in_the_joint_opinion_each_model_may_veto() -> None:
    first, second = np.array([0.5, 0.45, 0.05]), np.array([0.05, 0.6, 0.35])
    joint = together(first, second, 0.5)
    assert joint.sum() == pytest.approx(1)
    assert int(np.argmax(joint)) == 1
    assert np.array_equal(np.argsort(together(first, second, 0.0)), np.argsort(first))


@pytest.mark.parametrize("text", ["asdfgh jklqwe", "sdkjfhskdjfh", "zxcvbnm"])
def test_mashed_keys_are_rejected(text: str) -> None:
    assert rejected(text, frozenset())


@pytest.mark.parametrize(
    "text", ["lam ho chieu", "xin chào", "passport renewal", "H49.08-251105-0312", "gplx", "办证", "ok"]
)
def test_real_messages_are_not_rejected(text: str) -> None:
    assert not rejected(text, frozenset({"gplx"}))


def test_the_encoder_head_learns_from_few_vectors() -> None:
    random = np.random.default_rng(0)
    centres = {"a": random.normal(size=16), "b": random.normal(size=16), "c": random.normal(size=16)}
    labels = [name for name in centres for _ in range(8)]
    vectors = np.stack([centres[name] + 0.1 * random.normal(size=16) for name in labels]).astype(np.float16)
    head = EncoderHead.train(vectors, labels)
    for name, centre in centres.items():
        assert head.labels[int(np.argmax(head.probabilities(centre.astype(np.float32))))] == name
