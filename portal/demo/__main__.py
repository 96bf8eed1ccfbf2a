"""python -m portal.demo: the demo portal alone."""

from __future__ import annotations

import sys

from portal.demo.app import run
from troly.errors import TrolyError
from troly.settings import settings


def main() -> int:
    """Serve; 2 when a setting or the data is wrong."""
    try:
        run(settings())
    except TrolyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
