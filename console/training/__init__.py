"""Training: asking for runs, comparing candidates, activating versions. The work itself is bot/'s."""
