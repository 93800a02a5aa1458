"""How the Matrix side bears up, beside mautrix-python and the least that Python costs, on the same streams."""
