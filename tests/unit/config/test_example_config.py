"""The example configuration says what the models say: the same keys, the same defaults, placeholders elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.loading import ConfigError, load
from config.models import Settings
from tests.unit.config.config_text import problems

EXAMPLE = Path(str(files("config"))) / "example-config.yaml"
TEXT = EXAMPLE.read_text("utf-8")
SECTIONS: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)


def fields() -> Iterator[tuple[str, str, FieldInfo]]:
    """Every key of every section."""
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key, described in model.model_fields.items():
            yield section, key, described


def test_the_example_has_the_keys_of_the_models_in_their_order() -> None:
    """A key that is added, renamed or moved in one place is so in the other."""
    documented = [(section, key) for section, keys in SECTIONS.items() for key in keys]
    assert documented == [(s, k) for s, k, _ in fields()]


@pytest.mark.parametrize(("section", "key", "field"), [f for f in fields() if not f[2].is_required()])
def test_the_example_shows_the_default_of_an_optional_key(section: str, key: str, field: FieldInfo) -> None:
    """Leaving the key out does what the example says."""
    default = field.get_default()
    expected = list(default) if isinstance(default, tuple) else str(default) if isinstance(default, Path) else default
    assert SECTIONS[section][key] == expected
    assert type(SECTIONS[section][key]) in (type(expected), int)


def test_the_example_is_refused_with_one_sentence_for_each_placeholder(tmp_path: Path) -> None:
    """Copied and started, it says what is left to fill in, and no more."""
    with pytest.raises(ConfigError) as refused:
        load(EXAMPLE, {})
    expected = [(s, k) for s, k, field in fields() if field.is_required() and k != "folder"]
    assert [tuple(problem.split(": ")[0].split(".")) for problem in refused.value.problems] == expected
    assert all("put your own value" in problem for problem in refused.value.problems)


def test_the_example_filled_in_is_a_complete_configuration(tmp_path: Path) -> None:
    """Nothing but the placeholders is missing from it."""
    filled = TEXT.replace("example.org", "tchap.test").replace(": CHANGE-ME", ": filled-in")
    assert problems(tmp_path, filled) == []


def test_every_section_of_the_example_is_explained() -> None:
    """A comment stands above each."""
    lines = TEXT.splitlines()
    for section in SECTIONS:
        assert lines[lines.index(f"{section}:") - 1].startswith("# ")
