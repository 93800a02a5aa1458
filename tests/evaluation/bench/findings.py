"""What a part of the benchmark found: tables, the bounds that it had to keep, charts; and a run's findings on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from tests.load.report import Table


@dataclass(frozen=True, slots=True)
class Bound:
    """What must hold of a figure, and what was measured."""

    what: str
    at_most: float
    measured: float
    unit: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it holds."""
        return self.measured <= self.at_most


@dataclass(frozen=True, slots=True)
class Series:
    """One thing's values, one for each place of its chart."""

    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and what is said in its place where nothing can be seen."""

    name: str
    """Of its file."""
    title: str
    description: str
    places: tuple[str, ...]
    place_label: str
    value_label: str
    series: tuple[Series, ...]
    kind: Literal["lines", "bars", "rows"] = "bars"
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What one part found."""

    tables: tuple[Table, ...]
    bounds: tuple[Bound, ...] = ()
    charts: tuple[Chart, ...] = ()
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """All that one run has found so far; what is not there was not measured."""

    began: str
    """The day, as ISO 8601."""
    machine: str
    probes_s: tuple[float, ...] = ()
    """How long one and the same piece of recognition took between the parts: how quiet the machine was."""
    parts: Mapping[str, Findings] = field(default_factory=dict)

    def keep(self, file: Path) -> None:
        """Write it down, so that a later failure loses nothing."""
        new = file.with_suffix(".new")
        new.write_bytes(_ADAPTER.dump_json(self, indent=1))
        new.replace(file)

    @staticmethod
    def kept(file: Path) -> Run | None:
        """What was written down; None where nothing was, or by another version of this program."""
        try:
            return _ADAPTER.validate_json(file.read_bytes())
        except (OSError, ValidationError):
            return None


_ADAPTER: Final = TypeAdapter(Run)
