"""Only Zalo can tell us of events: each body is signed, byte for byte."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess

import pytest

from channels.zalo_oa.signature import is_signed
from troly.settings import ROOT

RAW = b'{"app_id":"360","event_name":"follow","timestamp":"1540363714987"}'
SECRET = "secret"


def signed(prefix: str = "360", raw: bytes = RAW, moment: str = "1540363714987", secret: str = SECRET) -> str:
    """As facts say: SHA-256 of app id, body, timestamp and secret in a row."""
    return hashlib.sha256(prefix.encode() + raw + moment.encode() + secret.encode()).hexdigest()


def accepts(
    given: str | None, raw: bytes = RAW, moment: str = "1540363714987", told: str | None = None
) -> bool:
    return is_signed(raw, given, prefixes=("360", "388", ""), moment=moment, told=told, secret=SECRET)


@pytest.mark.parametrize("form", ["mac={}", "{}", "mac = {}", " MAC={} "])
def test_the_signature_is_accepted_with_and_without_its_prefix(form: str) -> None:
    assert accepts(form.format(signed()).replace("MAC", "mac"))
    assert accepts(form.format(signed().upper()).replace("MAC", "mac"))


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "mac=",
        "mac=0",
        f"sha256={signed()}",
        f"mac={signed()[:-1]}",
        f"mac={signed()}0",
        f"mac={signed(secret='other')}",
        f"mac={signed(prefix='361')}",
        f"mac={signed(moment='1540363714988')}",
        f"mac={signed(raw=RAW + b' ')}",
        "mac=" + "é" * 64,
    ],
)
def test_anything_else_is_refused(given: str | None) -> None:
    assert not accepts(given)


def test_one_changed_byte_breaks_it() -> None:
    assert not accepts(signed(), raw=RAW.replace(b"follow", b"fellow"))
    assert not accepts(signed(), raw=RAW.replace(b":", b": "))


def test_the_id_of_the_account_may_stand_in_front() -> None:
    assert accepts(signed(prefix="388"))


def test_the_timestamp_of_the_header_may_be_the_signed_one() -> None:
    assert accepts(signed(moment="999"), told="999")
    assert accepts(signed(), told="999")


def test_a_header_cannot_take_a_part_of_the_body() -> None:
    # The attacker has a signed body and moves its end into the header: together the same bytes.
    head, tail = RAW[:-10], RAW[-10:].decode()
    assert not accepts(signed(), raw=head, told=f"{tail}1540363714987")


def test_without_a_secret_nothing_is_signed() -> None:
    given = signed(secret="")
    assert not is_signed(RAW, given, prefixes=("360",), moment="1540363714987", told=None, secret="")


def test_a_body_without_timestamp_is_signed_without_one() -> None:
    assert accepts(signed(moment=""), moment="")


def test_the_way_to_test_it_by_hand_that_the_documents_show() -> None:
    shown = (ROOT / "docs" / "connecting-zalo-oa.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:body|mac)=.*$", shown, re.MULTILINE)
    assert len(lines) == 2
    named = {"ZALO_OA_APP_ID": "360", "ZALO_OA_SECRET_KEY": SECRET, "PATH": os.environ["PATH"]}
    script = "\n".join([*lines, 'echo "$mac"; echo "$body"'])
    told = subprocess.run(["bash", "-c", script], env=named, capture_output=True, text=True, check=True)
    mac, body = told.stdout.splitlines()
    assert json.loads(body)["timestamp"] == "1700000000000"
    assert accepts(f"mac={mac}", raw=body.encode(), moment="1700000000000")
