"""Routes by area: they read the form, call what does the work, and render or redirect."""
