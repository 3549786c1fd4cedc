"""Started by a test, to be killed: pulls the wheel that the test serves."""

import sys
from pathlib import Path

from tests.agent.downloads.shelf import make_wheel
from vau_agent.agent.downloads.pull import Courier
from vau_agent.settings import DownloadSettings

if __name__ == "__main__":
    settings = DownloadSettings(spare_bytes=0)
    Courier(models=Path(sys.argv[1]), settings=settings).pull(make_wheel().entry)
