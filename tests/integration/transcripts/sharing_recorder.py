"""A recorder that writes noise and shares it without end, for the test that kills it.

Its arguments are the folder, the endpoint and the meeting; the bucket's keys come from the environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

from config.models import Storage
from tests.unit.transcripts.machines import CLAIRE, noise
from transcripts.storage.shared_spool import open_spool
from transcripts.storage.spool import MeetingId


def main() -> None:
    """Record until killed."""
    folder, endpoint, meeting = sys.argv[1:]
    storage = Storage(folder=Path(folder), s3_bucket="greffier", s3_endpoint=endpoint)
    spool = open_spool(storage, "recorder@one")
    sink = spool.writer(MeetingId(meeting)).open_track(CLAIRE)
    sound = noise(1, 7).tobytes()
    for second in range(10_000):
        sink.write(sound, second)
        spool.share(MeetingId(meeting))


if __name__ == "__main__":
    main()
