"""Answers: texts, guides and offices that staff change (draft, approve, live, undo), and names."""
