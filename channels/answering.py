"""What a message comes to: a wish of the citizen's, something for staff, or a question to Rasa."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

from channels import choices, controls, own_payloads, sharing, texts, transcripts
from channels.base import Channel, Outbound, PushChannel
from channels.broadcasting import notes
from channels.claiming import Claimed
from channels.controls import Controls
from channels.endings import Endings
from channels.errors import RasaError, RasaUnreachable
from channels.metrics import Metrics
from channels.rasa import RasaClient, neutralize
from channels.store import Store
from troly.privacy import Keyring
from troly.tables.conversations import STAFF


class Answering:
    """Answers one message at a time for each worker."""

    def __init__(
        self,
        store: Store,
        rasa: RasaClient,
        metrics: Metrics,
        endings: Endings,
        *,
        tries: int,
        keyring: Keyring,
        switched: Controls,
    ) -> None:
        """A message that was taken more than `tries` times is given up."""
        self._store = store
        self._rasa = rasa
        self._metrics = metrics
        self._endings = endings
        self._tries = tries
        self._keyring = keyring
        self._controls = switched
        self.away = False
        """Rasa could not be reached when it was last asked."""

    async def attempt(self, channel: Channel, message: Claimed, media: dict[str, Any] | None) -> str:
        """One try, with what is known of its media; gives the word for the log."""
        if message.attempts > self._tries:
            # Its workers died before they could say why.
            return await self._endings.park(channel, message, "worker_lost")
        if message.secret and message.text:
            message = replace(message, text=self._keyring.decrypt(message.text))
        payload = (
            message.payload or await self._chosen(channel, message) or sharing.payload_of(media, message.text)
        )
        match own_payloads.wish_of(payload):
            case "erase":
                return await self._endings.erase(channel, message)
            case "transcript":
                replies = await transcripts.replies(self._store, message.conversation_id, message.language)
                return await self._endings.answer(channel, message, replies, media=media)
            case "no_broadcasts":
                told = [texts.told("no_broadcasts", message.language)]
                return await self._endings.answer(channel, message, told, also=notes.refused)
        if message.handover == STAFF and own_payloads.is_for_staff(payload):
            return await self._endings.hold(channel, message, media)
        if off := await controls.instead(self._controls, message, payload, self._keyring):
            return await self._endings.answer(channel, message, off.replies, media=media, also=off.also)
        started = perf_counter()
        try:
            replies = await self._ask(message, payload, media)
        except RasaError as error:
            self._metrics.failures.labels(reason=error.reason).inc()
            self.away = isinstance(error, RasaUnreachable)
            return await self._endings.failed(channel, message, error)
        self.away = False
        self._metrics.rasa.observe(perf_counter() - started)
        banner, noted = await controls.incident(self._controls, channel, message)
        return await self._endings.answer(channel, message, banner + replies, media=media, also=noted)

    async def _chosen(self, channel: Channel, message: Claimed) -> str | None:
        """The payload of the button whose number was typed, where the platform has none, or whose words.

        Words count only for what the gateway does itself ("Xóa hết"); all else the assistant understands.
        """
        if not message.text:
            return None
        if isinstance(channel, PushChannel) and channel.numbered:
            number = await choices.payload_of_number(self._store, message.conversation_id, message.text)
            if number:
                return number
        if message.secret or message.media:
            return None
        meant = await choices.payload_of_title(self._store, message.conversation_id, message.text)
        return meant if own_payloads.wish_of(meant) else None

    async def _ask(
        self, message: Claimed, payload: str | None, media: dict[str, Any] | None
    ) -> list[Outbound]:
        kind = (media or {}).get("kind")
        if media and (refused := media.get("refused")):
            return [texts.media_reply(str(refused), message.language)]
        content = payload or (neutralize(message.text) if message.text else None)
        if content is None or kind == "too_long":
            return [texts.media_reply(kind, message.language)]
        replies = await self._rasa.send(
            message.conversation_id,
            content,
            channel=message.channel,
            message_id=message.id,
            language=message.language,
            visitor=message.visitor,
            secret=message.secret,
            photo=sharing.beside(media) if payload is None else None,
        )
        if kind is None or payload is not None or (sharing.beside(media) and sharing.was_taken(replies)):
            return replies
        # Only the words beside a picture were understood; say so.
        return [texts.media_aside(message.language), *replies]
