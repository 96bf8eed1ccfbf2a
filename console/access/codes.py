"""One-time codes of an app (TOTP, RFC 6238) and the recovery codes that replace it."""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets

import pyotp
import segno

_STEP = 30
_AROUND = 1
"""Steps before and after the present one that are taken too: clocks differ."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_CODES = 10


def new_secret() -> str:
    """The secret of a new app, 160 bits."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, moment: float) -> int | None:
    """The time step (30 s) whose code this is, around `moment` (seconds since 1970); None for a wrong one."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    present = int(moment) // _STEP
    app = pyotp.TOTP(secret)
    for step in range(present - _AROUND, present + _AROUND + 1):
        if hmac.compare_digest(app.at(step * _STEP), digits):
            return step
    return None


def address(secret: str, account: str, issuer: str) -> str:
    """What the app reads: otpauth://…"""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def picture(text: str) -> str:
    """A QR code as SVG for a page, without style or script."""
    out = io.BytesIO()
    made = segno.make(text, error="m")
    made.save(
        out,
        kind="svg",
        scale=5,
        border=3,
        xmldecl=False,
        nl=False,
        svgclass="qr",
        lineclass=None,
        light="#fff",
    )
    return out.getvalue().decode()


def recovery_codes() -> list[str]:
    """Fresh codes, 49 bits each; every one is good for one sign-in."""
    return [f"{_letters()}-{_letters()}" for _ in range(RECOVERY_CODES)]


def _letters() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))


def hash_of(code: str, account: str) -> str:
    """What is stored of a recovery code."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.scrypt(plain.encode(), salt=account.encode(), n=2**12, r=8, p=1, dklen=24).hex()
