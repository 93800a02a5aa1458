"""Drive this machine to its limit and say where that is: `python -m tests.load [events|sound|meetings …] [--quick]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from tests.load import events, meetings, sound
from tests.load.programs import main

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "reliability.md"

if __name__ == "__main__":
    main("tests.load", __doc__, {"events": events.run, "sound": sound.run, "meetings": meetings.run}, DOCUMENT)
    sys.stdout.flush()
    os._exit(0)  # native threads of LiveKit's client would call into an interpreter that is gone
