"""The list of steps and the code agree, so that a step which is added is killed at as well."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import bot
from tests.faults.steps import DURABLE, ELSEWHERE


def test_every_step_of_a_workflow_is_in_the_list() -> None:
    """Those that the source names are those of an undisturbed meeting and those that are said to be elsewhere."""
    listed = {step for steps in DURABLE.values() for step in steps} | set(ELSEWHERE)
    named = _in_the_source()
    assert {name for name in named if not any(re.fullmatch(name, step) for step in listed)} == set()
    assert {step for step in listed if not any(re.fullmatch(name, step) for name in named)} == set()


def _in_the_source() -> set[str]:
    """The first argument of each call of `step` as a regular expression, in which anything stands for what varies."""
    return {
        _pattern(node.args[0])
        for file in Path(bot.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "step"
    }


def _pattern(name: ast.expr) -> str:
    if isinstance(name, ast.Constant):
        return re.escape(str(name.value))
    assert isinstance(name, ast.JoinedStr), f"line {name.lineno}: a step's name must be readable where the step is"
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in name.values)
