"""`python -m vau_agent`: the same program as `vau-agent`."""

import sys

from vau_agent.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
