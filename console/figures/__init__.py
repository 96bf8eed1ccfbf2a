"""What the assistant does for citizens, in figures: counted ahead, compared, charted, reported, opened."""
