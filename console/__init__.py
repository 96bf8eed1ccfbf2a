"""The staff console: pages for the people who read, correct and answer. ADR 7 has its shape."""
