"""The room on a disk that sound leaves to others: sound stops while there still is some.

On most machines the database is on the same disk. Once that cannot write, nobody can be told what has happened, and a
meeting's workflow cannot go on; and a transcript wants a place too.
"""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LEFT_BYTES: Final = 64 * 2**20
"""Half an hour of one track; the database takes a few hundred kB a meeting."""


def leave_room(folder: Path) -> None:
    """Do nothing while there is room for sound.

    Raises:
        OSError: there is none left (`ENOSPC`), or the folder is gone.
    """
    if shutil.disk_usage(folder).free < LEFT_BYTES:
        raise OSError(errno.ENOSPC, f"less than {LEFT_BYTES // 2**20} MB are left on the disk")
