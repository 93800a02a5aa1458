"""Measure the Matrix side: `python -m tests.load.matrix [transactions|answers|sharing|memory …] [--write]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from tests.load.matrix import answers, memory, sharing, transactions
from tests.load.programs import main

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "benchmarks-matrix.md"

if __name__ == "__main__":
    parts = {"transactions": transactions.run, "answers": answers.run, "sharing": sharing.run, "memory": memory.run}
    main("tests.load.matrix", __doc__, parts, DOCUMENT)
    sys.stdout.flush()
    os._exit(0)  # native threads of LiveKit's client would call into an interpreter that is gone
