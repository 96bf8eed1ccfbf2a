"""Zalo Bot Platform: the bot of ZALO_BOT_TOKEN, over a webhook or by long polling."""

from __future__ import annotations

from channels.zalo_bot.channel import ZaloBotChannel, build

__all__ = ["ZaloBotChannel", "build"]
