"""What may stop a request of the console. Each becomes a page in the visitor's language."""

from __future__ import annotations


class ConsoleError(Exception):
    """Base. `code` is a key of the texts (errors.<code> unless it names its area), `values` fill it."""

    status = 500

    def __init__(self, code: str = "", **values: object) -> None:
        """Without a code the kind's own."""
        super().__init__(code)
        self.code = code or type(self).__name__.lower()
        self.values = values


class SignInNeeded(ConsoleError):
    """Nobody is signed in, or not completely: the visitor is sent to sign in."""

    status = 401


class Forbidden(ConsoleError):
    """The account's roles do not include this."""

    status = 403


class Missing(ConsoleError):
    """There is no such thing, or it is not for this account."""

    status = 404


class Refused(ConsoleError):
    """It cannot be done as things stand; the text says why."""

    status = 409


class Invalid(ConsoleError):
    """What was entered cannot be used; the text says what to change."""

    status = 422


class TooOften(ConsoleError):
    """Too many failed attempts; `seconds` is among the values."""

    status = 429


class NotOurForm(ConsoleError):
    """A request that did not come from one of our pages."""

    status = 403
