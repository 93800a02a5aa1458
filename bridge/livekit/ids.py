"""The identifiers of LiveKit's world, as types of their own so that two strings cannot be swapped."""

from __future__ import annotations

from typing import NewType

CallId = NewType("CallId", str)
"""The name of a LiveKit room. Stable for the life of a call, unlike the room's SID, which a server restart changes."""

ParticipantId = NewType("ParticipantId", str)
"""A LiveKit identity: unique within a call, the same when its owner leaves and comes back."""

TrackId = NewType("TrackId", str)
"""A track's SID: new at each publication, and after each restart of the server."""

RECORDER: ParticipantId = ParticipantId("greffier-recorder")
"""Who our recorder is in every call. One per call: LiveKit puts out the older of two with the same identity."""
