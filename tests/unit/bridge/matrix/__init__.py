"""The Matrix side, module by module."""
