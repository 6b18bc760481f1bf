"""`python -m arbcore` is `arb`."""

import sys

from arbcore.cli import main

if __name__ == "__main__":
    sys.exit(main())
