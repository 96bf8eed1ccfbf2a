"""Vietnam's provinces and communes since 1 July 2025, and what became of the former ones."""
