"""Tests: units, the real servers, and the stories of the people who use Greffier."""
