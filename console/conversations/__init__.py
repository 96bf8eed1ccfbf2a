"""What citizens asked and what they were answered: found, read, marked, taken out."""
