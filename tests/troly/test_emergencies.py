"""Danger to life is recognised however it is written; what only sounds alike is not."""

from __future__ import annotations

import pytest
import yaml

from troly.emergencies import emergency_in
from troly.settings import ROOT

_IN_DANGER = {
    "fire": [
        "cháy nhà",
        "Cháy rồi cứu với",
        "nhà hàng xóm tôi đang cháy to lắm",
        "có đám cháy ở chợ Hạ Long",
        "CHÁY!!!",
        "cháy cháy cháy",
        "chung cư đang bốc cháy",
        "nhà em bị rò rỉ gas mùi nồng lắm",
        "có người đuối nước ở bãi tắm",
        "cháu bé bị nước cuốn rồi",
        "tôi bị kẹt trong thang máy",
        "có cháy ở Bãi Cháy",
        "chay nha r ad oi",
        "co dam chay o gan truong",
        "nha toi dang chay",
        "chay rung o ba che",
        "my house is on fire",
        "there is a fire in my building",
        "FIRE",
        "báo cháy ở 12 Trần Phú",
        "alo cho em báo cháy",
        "tôi muốn báo cháy tại chợ Cột 3",
        "bao chay o ngo 5",
        "gọi 114 giúp tôi",
        "I want to report fire",
        "someone is drowning at the beach",
    ],
    "crime": [
        "có trộm vào nhà tôi",
        "tôi vừa bị cướp giật túi",
        "thanh niên đánh nhau có dao ngoài ngõ",
        "có người cầm dao dọa giết vợ",
        "chồng đánh tôi",
        "đang có kẻ đột nhập nhà",
        "co danh nhau o quan nhau",
        "bi cuop dt r",
        "nó cầm dao đuổi chém người",
        "someone is breaking into my house",
        "I was robbed",
        "a man with a knife outside",
    ],
    "accident": [
        "có tai nạn ở ngã tư Loong Toòng",
        "xe tải tông xe máy chết người",
        "tngt nặng trước cổng trường",
        "xe khách bị lật trên đèo",
        "co tai nan giao thong o cau",
        "there is a car accident on the bridge",
    ],
    "ambulance": [
        "cho tôi xe cấp cứu",
        "bố tôi bị đột quỵ",
        "mẹ em ngất xỉu không tỉnh",
        "con tôi không thở được",
        "k thở đc cứu với",
        "ko tho dc",
        "co nguoi bat tinh ngoai duong",
        "chồng tôi bị điện giật",
        "em muốn tự tử",
        "vợ tôi sắp sinh rồi gọi xe giùm",
        "call an ambulance please",
        "my father has a heart attack",
        "she is not breathing",
    ],
    "danger": ["cứu tôi với", "cứuuu", "cuu voi", "SOS", "save me"],
}

_ORDINARY = [
    "phòng cháy chữa cháy thủ tục",
    "lắp hệ thống báo cháy tại nhà trọ",
    "kiểm tra chuông báo cháy ở chung cư",
    "báo cháy tự động loại nào được dùng",
    "may bao chay hong",
    "thủ tục nghiệm thu phòng cháy chữa cháy",
    "cháy máy tính bảng giá",
    "cháy hàng rồi à",
    "bóng đèn đường cháy cả tuần",
    "ngõ tối om vì bóng đèn cháy cả tuần",
    "phường Bãi Cháy ở đâu",
    "trung tâm hành chính công phường bai chay",
    "đi xe từ bến xe đến Bãi Cháy",
    "nhà bị cháy mất sổ đỏ làm lại thế nào",
    "giấy khai sinh bị cháy xin cấp lại",
    "tai nạn lao động được hưởng chế độ gì",
    "giấy xác nhận tai nạn giao thông",
    "bảo hiểm y tế cấp cứu trái tuyến",
    "bị cướp mất căn cước làm lại ở đâu",
    "he thong co chay khong",
    "web co chay duoc khong",
    "toi dang chay xe grab dang ky tam tru",
    "an chay o dau",
    "tu tu da nhe",
    "quán chặt chém khách du lịch",
    "bố tôi chết hôm qua khai tử thế nào",
    "bị kẹt ở bước 3",
    "đường trước nhà tôi bị ổ gà to lắm",
    "rác chất đống đầu ngõ",
    "cấp đổi bằng lái xe",
    "fire safety permit for a restaurant",
    "how to get a certificate after an accident",
    "my passport was stolen, which documents do I need",
    "I was fired, unemployment benefits",
    "emergency passport procedure",
    '/report_issue{"text": "cháy nhà"}',
    "",
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in _IN_DANGER for text in _IN_DANGER[kind]])
def test_danger_is_recognised(kind: str, text: str) -> None:
    assert emergency_in(text) == kind


@pytest.mark.parametrize("text", _ORDINARY)
def test_what_only_sounds_alike_is_not(text: str) -> None:
    assert emergency_in(text) is None


def test_of_all_training_sentences_only_reports_of_danger_are_taken_for_one() -> None:
    taken = []
    for path in sorted((ROOT / "nlu_data").glob("*/*.yml")):
        content = yaml.safe_load(path.read_text("utf-8"))
        for sentence in content.get("sentences", []) if isinstance(content, dict) else []:
            text = sentence["text"] if isinstance(sentence, dict) else sentence
            if path.stem not in ("report_issue", "complain_service") and emergency_in(text):
                taken.append(f"{path.stem}: {text}")
    assert taken == []
