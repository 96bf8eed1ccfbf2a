"""What every channel speaks: messages that come in, replies that go out, and the channel itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

Language = Literal["vi", "en"]

AnswerStatus = Literal[
    "answered",
    "clarify",
    "not_found",
    "portal_unavailable",
    "out_of_scope",
    "refused",
    "handed_over",
    "form",
    "smalltalk",
    "error",
]


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a channel received it: a text, a button's payload, or media."""

    channel: str
    conversation_id: str
    message_id: str
    """The platform's id, unique in the channel: what a redelivery repeats."""
    received_at: datetime
    text: str | None = None
    payload: str | None = None
    media: dict[str, Any] | None = None
    visitor: str | None = None
    """Keyed hash of the address it came from, on the website: attempts are limited by it."""
    seal: Callable[[str], str] | None = None
    """Encrypts the text: what is stored, until the answer, of one that must not be kept."""


class Button(BaseModel):
    """A choice; its payload comes back as the citizen's next message."""

    title: str
    payload: str


class Link(BaseModel):
    """A named address."""

    title: str
    url: str


class Source(BaseModel):
    """Where an answer's facts come from, and how old they are."""

    title: str = ""
    url: str = ""
    as_of: str | None = None


class HandoverWish(BaseModel):
    """What the assistant asks of the gateway beside its answer: to forget the official, or keep a message."""

    wish: Literal["cancel", "message"]
    about: str | None = None
    """The inbox row of the message that was left."""
    phone: str | None = None
    """The inbox row in which the citizen wrote where to call back."""


class Answer(BaseModel):
    """What a turn came to; every turn ends in exactly one status."""

    model_config = ConfigDict(extra="ignore")

    status: AnswerStatus
    intent: str | None = None
    procedure_code: str | None = None
    aspect: str | None = None
    application_code: str | None = None
    language: str | None = None
    sources: list[Source] = Field(default_factory=list)
    handover: HandoverWish | None = Field(default=None, exclude=True)
    """For the gateway alone: neither stored nor shown."""


class Seen(BaseModel):
    """How the message that is answered was understood: for the list of turns."""

    model_config = ConfigDict(extra="ignore")

    confidence: float | None = Field(default=None, ge=0, le=1)
    """Of the intent."""
    second_intent: str | None = None
    """What the encoder alone made of it, where the words alone said another."""
    decision: str | None = None
    """Of the procedure finder."""
    commune: str | None = None
    """The first that the message names."""


class Outbound(BaseModel):
    """Something to tell the citizen, before it has its place in the conversation."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    text: str
    language: str
    buttons: list[Button] = Field(default_factory=list)
    links: list[Link] = Field(default_factory=list)
    image: str | None = None
    sender: Literal["bot", "staff"] = Field(default="bot", alias="from")
    answer: Answer | None = None
    seen: Seen | None = Field(default=None, exclude=True)
    """Not stored with the reply."""
    secret: bool = Field(default=False, exclude=True)
    """It asks for what must not be kept: the next message is masked once it is answered. Not stored."""

    def outside(self) -> Self:
        """The same without links to paths, which only the website's page can complete."""
        kept = [link for link in self.links if not link.url.startswith("/")]
        return self if len(kept) == len(self.links) else self.model_copy(update={"links": kept})


class Reply(Outbound):
    """An outbound message with its id: the number of its event in the conversation."""

    id: str


class Channel(ABC):
    """One way to reach citizens. A channel verifies and stores what comes in, and sends what goes out.

    Delivery (order, retries, one answer a message) is not the channel's business: channels/delivery.py
    and, for what is sent out, channels/sender.py.
    """

    name: ClassVar[str]

    @abstractmethod
    def router(self) -> APIRouter:
        """The routes on which this channel receives."""

    async def start(self) -> None:  # noqa: B027 - most channels have nothing to begin
        """Begin what runs beside the routes (polling, renewing tokens). Must not wait for the network."""

    async def stop(self) -> None:  # noqa: B027
        """End it, within a few seconds."""

    @abstractmethod
    async def announce(self, conversation_id: str) -> None:
        """New outbox rows of the conversation are stored; bring them to the citizen."""

    async def erased(self, conversation_id: str) -> None:  # noqa: B027
        """The conversation is forgotten, by its citizen's wish; let go of what still shows it."""

    @abstractmethod
    async def typing(self, conversation_id: str, on: bool) -> None:
        """Show or hide that an answer is being prepared, where the platform can.

        Must not wait for the network, and never raises.
        """


@dataclass(frozen=True, slots=True)
class Address:
    """Where a conversation's citizen is reached on a platform."""

    conversation_id: str
    external_id: str
    """The platform's id of the chat, in clear: only for the call to the platform, never for a log."""
    last_inbound_at: datetime | None
    """When the citizen last wrote: platforms allow answers only for a while after."""


Part = dict[str, Any]
"""What one call to the platform sends: JSON-safe, made by the channel, meant for nobody else."""


class PushChannel(Channel):
    """A channel whose platform must be called for each reply; channels/sender.py calls it, in order."""

    numbered: ClassVar[bool] = False
    """The platform has no buttons: choices are numbered in the text, and a number picks one."""

    per_second: ClassVar[float] = 25.0
    """Sends a second over all chats that the platform allows."""

    per_chat_second: ClassVar[float] = 1.0
    """Sends a second to one chat that the platform allows, over a short while."""

    async def announce(self, conversation_id: str) -> None:
        """Nothing to do: whoever stores an answer wakes the sender, which calls send()."""

    async def collect(self, media: dict[str, Any]) -> bytes | None:
        """The content of what a citizen sent, fetched from the platform; None where it is not kept.

        Called before the message is answered, at most once a try; a failure only means that the
        content is not kept.
        """
        return None

    @abstractmethod
    def render(self, reply: Reply) -> Sequence[Part]:
        """The calls that a reply needs, at least one. Deterministic: a retry continues at a part's index."""

    @abstractmethod
    async def send(self, address: Address, part: Part) -> str | None:
        """Send one part; gives the platform's message id where it tells one.

        Raises SendLater (surely not delivered, try again), SendUnknown (may have been delivered),
        SendRefused (never will be) or ChatClosed (nor will anything else to this chat).
        """
