"""Telegram's side of the Bot API: what it takes, what it refuses, and what the citizens then see."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.base import Failure, Shown, cut
from tests.fakes.telegram_citizens import USERNAME, Citizens
from tests.fakes.telegram_rules import FIELDS, SENDING, Refused, as_form, markup_of, text_of, titles


class BotApi(Citizens):
    """One bot's methods, as an ASGI application in `app`."""

    def __init__(self, token: str) -> None:
        """Nobody has written yet, no webhook is set."""
        super().__init__(token)
        self.hang = 2.0
        """Seconds of silence of a time-out, before the connection is cut."""
        self.retry_after = 1
        """What a 429 asks for, in seconds."""
        self.any_address = True
        """As a Bot API server of one's own: webhooks without https on any port."""
        self.photos_load = True
        """Whether Telegram's servers can fetch the pictures they are given."""
        self.calls: list[tuple[str, dict[str, str]]] = []
        """Each call with its parameters, also refused ones."""
        self.violations: list[str] = []
        self.typing: list[int] = []
        """The chats to which "typing" was shown."""
        self.answered: list[tuple[str, dict[str, str]]] = []
        """The callback queries that were answered, with what was said."""
        self.commands: dict[str, list[dict[str, str]]] = {}
        """The menu by language; "" is everybody's."""
        self.webhook: dict[str, str] = {}
        self.blocked: set[int] = set()
        self.moved: dict[int, int] = {}
        """Groups that became supergroups: old id -> new id."""
        self.updates: list[dict[str, Any]] = []
        """What getUpdates has not yet been told to forget."""
        self.forums: set[int] = set()
        self._messages: dict[tuple[int, int], dict[str, Any]] = {}
        self._failures: deque[Failure] = deque()
        self._poll = 0
        self.app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self._serve, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self._file, methods=["GET"]),
            ]
        )

    async def _serve(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            self._check_token(request.path_params["token"])
            body = await self._body(request, method)
            self.calls.append((method, body))
            if method in SENDING and self._failures:
                await self._go_wrong(request, self._failures.popleft(), method, body)
            polls = method == "getUpdates"
            result = await (self._updates(request, body) if polls else self._do(method, body))
        except Refused as refusal:
            if refusal.code == 400 and not refusal.parameters and "query is too old" not in str(refusal):
                self.violations.append(f"{method}: {refusal.description}")
            envelope = {"ok": False, "error_code": refusal.code, "description": refusal.description}
            if refusal.parameters:
                envelope["parameters"] = refusal.parameters
            return JSONResponse(envelope, refusal.code)
        return JSONResponse({"ok": True, "result": result})

    def _check_token(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[\w-]{20,}", token):
            raise Refused(404, "Not Found")
        if token != self.token:
            raise Refused(401, "Unauthorized")

    async def _file(self, request: Request) -> Response:
        content = self.files.get(request.path_params["path"].removeprefix("photos/"))
        if request.path_params["token"] != self.token or content is None:
            return JSONResponse({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
        return Response(content, media_type="application/octet-stream")

    async def _body(self, request: Request, method: str) -> dict[str, str]:
        if method not in FIELDS:
            raise Refused(404, "Not Found: method not found")
        raw = await request.body()
        if request.headers.get("content-type", "").startswith("application/json"):
            body = {key: as_form(value) for key, value in json.loads(raw or b"{}").items()}
        else:
            body = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        body |= dict(request.query_params)
        needed, allowed = FIELDS[method]
        if missing := needed - set(body):
            raise Refused(400, f"Bad Request: {sorted(missing)[0]} is empty")
        if unknown := set(body) - needed - allowed:
            raise Refused(400, f"Bad Request: this stand-in does not know {sorted(unknown)[0]}")
        return body

    async def _go_wrong(self, request: Request, what: Failure, method: str, body: dict[str, str]) -> None:
        match what:
            case "429":
                pause = self.retry_after
                raise Refused(429, f"Too Many Requests: retry after {pause}", retry_after=pause)
            case "500":
                raise Refused(500, "Internal Server Error")
            case "token":
                raise Refused(401, "Unauthorized")
            case "blocked":
                raise Refused(403, "Forbidden: bot was blocked by the user")
            case "timeout":
                await asyncio.sleep(self.hang)
            case "drop_after_send":
                await self._do(method, body)
        cut(request._receive)
        raise Refused(500, "nobody hears this")

    async def _do(self, method: str, body: dict[str, str]) -> Any:
        match method:
            case "getMe":
                return {
                    "id": self.bot_id,
                    "is_bot": True,
                    "first_name": "Trợ Lý thử",
                    "username": USERNAME,
                    "can_join_groups": True,
                    "can_read_all_group_messages": False,
                    "supports_inline_queries": False,
                }
            case "setWebhook":
                return self._set_webhook(body)
            case "deleteWebhook":
                self.webhook = {}
                return True
            case "getWebhookInfo":
                waiting = len(self.updates)
                return {
                    "url": self.webhook.get("url", ""),
                    "has_custom_certificate": False,
                    "pending_update_count": waiting,
                }
            case "setMyCommands":
                return self._set_commands(body)
            case "sendMessage" | "sendPhoto":
                return self._send(method, body)
            case "sendChatAction":
                if body["action"] != "typing":
                    raise Refused(400, "Bad Request: wrong parameter action in request")
                self.typing.append(self._chat(body))
                return True
            case "answerCallbackQuery":
                return self._answer(body)
            case "editMessageReplyMarkup" | "editMessageText":
                return self._edit(body)
        return self._get_file(body)

    async def _updates(self, request: Request, body: dict[str, str]) -> list[dict[str, Any]]:
        if self.webhook:
            raise Refused(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
            )
        self._poll += 1
        mine, end = self._poll, time.monotonic() + float(body.get("timeout", 0))
        if offset := int(body.get("offset", 0)):
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
        while not self.updates and time.monotonic() < end:
            await asyncio.sleep(0.02)
            if await request.is_disconnected():
                break
            if mine != self._poll:
                raise Refused(
                    409, "Conflict: terminated by other getUpdates request; make sure that only one"
                )
        return self.updates[: int(body.get("limit", 100))]

    def _set_webhook(self, body: dict[str, str]) -> bool:
        url, secret = urlsplit(body["url"]), body.get("secret_token", "")
        if not self.any_address and (url.scheme != "https" or url.port not in (None, 443, 80, 88, 8443)):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[\w-]{0,256}", secret, re.ASCII):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = {"url": body["url"], "secret_token": secret} if body["url"] else {}
        self.webhook |= {"allowed_updates": body["allowed_updates"]} if "allowed_updates" in body else {}
        return True

    def _set_commands(self, body: dict[str, str]) -> bool:
        commands = json.loads(body["commands"])
        for each in commands:
            if (
                not re.fullmatch(r"[a-z0-9_]{1,32}", each["command"])
                or not 1 <= len(each["description"]) <= 256
            ):
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        language = body.get("language_code", "")
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise Refused(400, "Bad Request: invalid language code specified")
        self.commands[language] = commands
        return True

    def _send(self, method: str, body: dict[str, str]) -> dict[str, Any]:
        chat = self._chat(body)
        photo = body.get("photo")
        text = text_of(body, "text", 4096) if photo is None else text_of(body, "caption", 1024)
        if photo is not None and not (self.photos_load and urlsplit(photo).scheme in ("http", "https")):
            raise Refused(400, "Bad Request: failed to get HTTP URL content")
        markup = markup_of(body)
        number = next(self._numbers)
        self._shown[chat][number] = Shown(text.text, titles(markup), text.links, photo)
        message: dict[str, Any] = {
            "message_id": number,
            "from": {"id": self.bot_id, "is_bot": True, "first_name": "Trợ Lý thử", "username": USERNAME},
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup", "title": "nhóm"},
            "date": int(time.time()),
        } | ({"text": text.text} if photo is None else {"caption": text.text, "photo": []})
        if thread := body.get("message_thread_id"):
            message |= {"message_thread_id": int(thread), "is_topic_message": True}
        if markup:
            message["reply_markup"] = markup
        self._messages[chat, number] = message
        return message

    def _chat(self, body: dict[str, str]) -> int:
        chat = int(body["chat_id"]) if re.fullmatch(r"-?\d+", body["chat_id"]) else 0
        if chat in self.moved:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moved[chat],
            )
        if chat not in self._shown:
            raise Refused(400, "Bad Request: chat not found")
        if chat in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if "message_thread_id" in body and chat not in self.forums:
            raise Refused(400, "Bad Request: message thread not found")
        return chat

    def _edit(self, body: dict[str, str]) -> dict[str, Any]:
        chat, number = self._chat(body), int(body["message_id"])
        message = self._messages.get((chat, number))
        if message is None:
            raise Refused(400, "Bad Request: message to edit not found")
        changed = dict(message)
        changed.pop("reply_markup", None)
        if markup := markup_of(body):
            changed["reply_markup"] = markup
        if "text" in body:
            changed["text"] = text_of(body, "text", 4096).text
        if changed == message:
            raise Refused(400, "Bad Request: message is not modified")
        self._messages[chat, number] = changed
        shown = self._shown[chat][number]
        self._shown[chat][number] = replace(
            shown, text=changed.get("text", shown.text), buttons=titles(changed.get("reply_markup"))
        )
        return changed

    def _answer(self, body: dict[str, str]) -> bool:
        number = body["callback_query_id"]
        if number not in self._queries:
            raise Refused(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        if len(body.get("text", "")) > 200:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        self._queries.discard(number)
        self.answered.append((number, body))
        return True

    def forget_queries(self) -> None:
        """Time passes: queries that were not answered are too old."""
        self._queries.clear()

    def _get_file(self, body: dict[str, str]) -> dict[str, Any]:
        content = self.files.get(body["file_id"])
        if content is None:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > 20 * 1024 * 1024:
            raise Refused(400, "Bad Request: file is too big")
        found = {"file_id": body["file_id"], "file_unique_id": "u", "file_size": len(content)}
        return found | {"file_path": f"photos/{body['file_id']}"}
