"""Errors of the understanding; all are the operator's or an author's to mend."""

from __future__ import annotations

from troly.errors import UsageError


class DataError(UsageError):
    """A file of nlu_data/ cannot be read; the message names the file and the reason."""


class EncoderError(UsageError):
    """ENCODER names an encoder that cannot be loaded; the message says what to install or set."""
