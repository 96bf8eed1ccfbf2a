"""Accounts of staff and how they sign in."""
