"""Errors that every process may raise; each names what is wrong and what to do."""

from __future__ import annotations


class TrolyError(Exception):
    """Base of all our errors."""


class UsageError(TrolyError):
    """The operator can mend this: one line that names the fix; the command exits with 2."""


class SettingError(UsageError):
    """A setting is missing or wrong; the message starts with the variable's name."""
