"""The bodies of the public API, checked strictly."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from channels.base import Answer, Button, Language, Link, Reply

TEXT_LIMIT = 5000
"""Characters of one message; longer ones are refused with 413."""


class _Form(BaseModel):
    # A number is not a text, and "1" is not a number.
    model_config = ConfigDict(strict=True, extra="ignore")

    @field_validator("*")
    @classmethod
    def _encodable(cls, value: object) -> object:
        if isinstance(value, str):
            value.encode()  # half a character (a lone surrogate) raises, and no database could store it
        return value


class NewConversation(_Form):
    """Body of POST /conversations; may be left out."""

    language: Language | None = None


class NewMessage(_Form):
    """Body of POST /messages: a text, or the payload of a button."""

    text: str | None = Field(default=None, description=f"At most {TEXT_LIMIT} characters.")
    payload: str | None = Field(
        default=None, description='A button\'s payload: /name or /name{"json": "object"}.'
    )
    client_id: Annotated[str, Field(pattern=r"^[!-~]{1,100}$")] = Field(
        description="Chosen by the client, unique in the conversation: the same one twice is one message."
    )

    @model_validator(mode="after")
    def _one_content(self) -> NewMessage:
        if (self.text is None) == (self.payload is None):
            raise ValueError("either text or payload")
        return self


Reason = Literal["wrong_procedure", "wrong_information", "hard_to_understand", "other"]
"""Why an answer was not what was needed."""


class NewRating(_Form):
    """Body of POST /rating: of a reply, of the answer to a message, or of the conversation."""

    reply_id: Annotated[str, Field(pattern=r"^\d{1,9}$")] | None = None
    message_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    value: Literal["up", "down"] | Annotated[int, Field(ge=1, le=5)]
    reason: Reason | None = None
    comment: Annotated[str, Field(max_length=1000)] = ""


class Opened(BaseModel):
    """A conversation to go on with."""

    conversation_id: str
    token: str
    greeting: list[Reply]


class Acknowledged(BaseModel):
    """The message is stored; its answer comes as events."""

    message_id: str


class Answered(BaseModel):
    """The answer to a message."""

    replies: list[Reply]


class Said(BaseModel):
    """One line of a transcript: the citizen's (message fields) or a reply's (Reply's fields)."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    id: str
    sender: Literal["citizen", "bot", "staff"] = Field(alias="from")
    at: datetime
    text: str
    media_id: str | None = Field(default=None, description="The photo that was sent: GET /media/{media_id}.")
    client_id: str | None = None
    state: Literal["waiting", "done", "parked", "held"] | None = Field(
        default=None, description="held: it is for staff."
    )
    language: str | None = None
    buttons: list[Button] = Field(default_factory=list)
    links: list[Link] = Field(default_factory=list)
    image: str | None = None
    answer: Answer | None = None
    notice: Literal["staff_joined", "handed_back"] | None = None


class Conversation(BaseModel):
    """A transcript. `last_event_id` is where an event stream goes on.

    `answers` is who does: the assistant (bot), it too while an official is awaited (waiting), or staff.
    """

    conversation_id: str
    answers: Literal["bot", "waiting", "staff"]
    language: str | None
    created_at: datetime
    last_event_id: str
    messages: list[Said]


class Incident(BaseModel):
    """Something that staff tell every visitor; all empty when there is nothing."""

    id: str | None = None
    text_vi: str = ""
    text_en: str = ""


class Problem(BaseModel):
    """Why a request was refused."""

    code: str
    message_vi: str
    message_en: str


class Refusal(BaseModel):
    """Body of every 4xx and 5xx answer."""

    error: Problem
