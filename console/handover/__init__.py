"""The desk: who waits for an official, the conversation with them, messages that were left."""
