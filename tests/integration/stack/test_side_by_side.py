"""All tests in groups, two at a time: nothing is left out, nothing is mixed up, no failure goes unseen."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.side_by_side import Run, groups

TESTS = Path(__file__).parents[2]
MEETS = """
    import time
    from pathlib import Path

    def test_the_other_group_runs_too():
        '''Ends when the other one has begun.'''
        Path({mine!r}).touch()
        deadline = time.monotonic() + 60
        while not Path({other!r}).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
"""
FAILS = """
    def test_fails():
        assert "this" == "that"
"""
TAKES_PORTS = """
    from pathlib import Path

    from tests.stack.ports import free_tcp_port

    def test_ports():
        with Path({file!r}).open("a") as ports:
            for _ in range(20):
                print(free_tcp_port(), file=ports)
"""


def test_the_groups_hold_every_test_once() -> None:
    """A new folder of tests is run without being named anywhere."""
    files = sorted(file for file in TESTS.rglob("test_*.py") if "node_modules" not in file.parts)
    grouped = sorted(
        file
        for group in groups(TESTS)
        for file in (group.folder.rglob("test_*.py") if group.folder.is_dir() else [group.folder])
    )
    assert grouped == files


async def test_two_groups_run_at_the_same_time(tmp_path: Path) -> None:
    """Two that wait for each other both pass; neither takes the other's ports."""
    mine, other, ports = (str(tmp_path / name) for name in ("mine", "other", "ports"))
    root = written(
        tmp_path,
        {
            "acceptance/test_meets.py": MEETS.format(mine=mine, other=other),
            "acceptance/test_ports.py": TAKES_PORTS.format(file=ports),
            "unit/test_meets.py": MEETS.format(mine=other, other=mine),
            "unit/test_ports.py": TAKES_PORTS.format(file=ports),
        },
    )
    failed, said = await run(root)
    assert failed == []
    assert "acceptance: begins" in said[0]
    assert "unit: begins" in said[1]
    taken = [int(port) for port in Path(ports).read_text().split()]
    assert [sum(port in range(*lane) for port in taken) for lane in ((20_000, 26_000), (26_000, 32_000))] == [20, 20]


async def test_a_failure_is_said_and_keeps_nothing_else_from_running(tmp_path: Path) -> None:
    """The group's own output stands in one piece; its files are kept, and the others' are not."""
    passes = "def test_passes(): pass"
    root = written(
        tmp_path,
        {"faults/test_it.py": FAILS, "integration/web/test_it.py": passes, "unit/test_it.py": passes},
    )
    failed, said = await run(root)
    assert failed == ["faults"]
    told = next(words for words in said if "=== faults:" in words and "begins" not in words)
    assert "1 failed" in told
    assert "failed with status 1" in told
    assert sum("1 passed" in words for words in said) == 2
    assert [folder.name for folder in (tmp_path / "temporary").iterdir()] == ["faults"]


async def test_load_is_driven_when_all_else_is_over(tmp_path: Path) -> None:
    """It would disturb the others, and they it."""
    passes = "def test_passes(): pass"
    root = written(tmp_path, {f"{name}/test_it.py": passes for name in ("load", "unit", "acceptance")})
    _, said = await run(root)
    assert "load: begins" in said[-2]
    assert "load:" in said[-1]


@pytest.mark.parametrize("source", ["", "def test_(:"], ids=["none", "broken"])
async def test_a_group_of_which_no_test_ran_has_failed(tmp_path: Path, source: str) -> None:
    """Be it empty or unreadable."""
    failed, _ = await run(written(tmp_path, {"unit/test_it.py": source}))
    assert failed == ["unit"]


def written(folder: Path, files: dict[str, str]) -> Path:
    """A folder of tests with these files."""
    root = folder / "tests"
    for name, source in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(source))
    return root


async def run(root: Path) -> tuple[list[str], list[str]]:
    """Run all groups there; gives which failed, and what was said."""
    temporary = root.parent / "temporary"
    temporary.mkdir()
    said: list[str] = []
    it = Run(temporary, said.append)
    await it.side_by_side(groups(root))
    return it.failed, said
