"""Zalo Official Account: the account that citizens follow and write to in Zalo."""

from __future__ import annotations

from channels.zalo_oa.channel import ZaloOaChannel, build

__all__ = ["ZaloOaChannel", "build"]
