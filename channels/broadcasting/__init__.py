"""Telling many citizens something: whom, how much of Zalo's messages, noted, told, stopped, gone on with.

A conversation is told in the transaction that notes it, so a restart neither repeats nor forgets it.
"""
