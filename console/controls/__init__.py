"""What staff switch by hand: the assistant off, an incident, thresholds, retention, broadcasts."""
