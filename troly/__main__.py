"""python -m troly: the same as the troly command."""

from troly.cli import main

main()
