"""The encryption, part by part."""
