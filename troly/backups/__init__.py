"""Backups: everything that cannot be made again, in one file, taken while the program runs."""
