"""What the assistant does to understand a message: plain Python, free of Rasa, fast and testable alone."""
