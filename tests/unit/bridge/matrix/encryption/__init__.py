"""The device, its keys and its identity, module by module."""
