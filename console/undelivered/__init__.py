"""What did not reach someone: messages that nobody could answer, and replies that a platform refused."""
