"""Life events: a situation ("vợ mới sinh") leads to its procedures in order, with one list of papers."""
