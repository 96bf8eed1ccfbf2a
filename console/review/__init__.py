"""Review: what is worth a look, what staff say of it, and what the assistant learns from that."""
