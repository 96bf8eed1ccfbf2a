"""The staff console. For now one page that says what staff can do today; the rest comes with its issue."""
