"""Sound to words: spool, voice activity, packing, recognition, turns and their rendering. Knows no room and no call.

Nothing here tells anybody outside what it does: the libraries below send figures about their use, some as soon as they
are imported, unless these variables say no (measured for onnxruntime 1.32, which calls it off too late afterwards).
"""

import os

for _variable, _value in (
    ("ORT_DISABLE_TELEMETRY", "1"),
    ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ("PYANNOTE_METRICS_ENABLED", "0"),
):
    os.environ[_variable] = _value
