"""From a YAML file and the environment to `Settings`, or to sentences that say which key to mend and how.

Any scalar key can be set from the environment: `GREFFIER_<SECTION>_<KEY>` (`GREFFIER_LIVEKIT_API_SECRET`), or, for
secrets mounted as files, `GREFFIER_<SECTION>_<KEY>_FILE`, the path of a file with the value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from config.models import Settings
from config.ways_in import NoCredentials, misplaced, with_credentials

_PREFIX = "GREFFIER_"
_OTHER_VARIABLES = re.compile(r"GREFFIER_(CONFIG$|SERVICE_|PORT$|PORT_)")
"""Not settings: ours for the command line, and what Kubernetes injects beside a service named greffier."""
_PLACEHOLDER = re.compile(r"(?<![a-z])change[-_ ]?me(?![a-z])|^<.*>$|^(xxx+|todo|tbd)$", re.IGNORECASE)
_EXAMPLE_HOST = re.compile(r"(^|[/@.:])example\.(org|com|net)\b|\.example\b", re.IGNORECASE)
_IN_AN_ADDRESS = re.compile(r"(?<=://).*@|(?<=\?).*")
"""What may be a secret in an address that was not meant to hold one."""
_WORDING = {
    "tuple_type": "a list, such as [one, two]",
    "too_short": "at least one in the list",
    "string_too_short": "at least 1 character",
}
"""Where pydantic speaks of types that no YAML file has."""
_MAX_FILE_BYTES = 1_000_000
_QUOTED_BY_YAML = re.compile(r"\b(tag|alias|anchor|handle) ['\"].*", re.DOTALL)
"""A secret that begins with `!`, `*` or `&` and stands without quotes would be shown as one of these."""


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds one sentence per key to mend."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join([f"The configuration {source} cannot be used:", *(f"  - {p}" for p in problems)]))


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a key be given twice, and the last one wins in silence; here it is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load(path: Path, environ: Mapping[str, str], *, credentials: bool = True) -> Settings:
    """Read the settings from the file at `path`, overridden by `environ`.

    Args:
        path: The YAML file.
        environ: The process environment.
        credentials: Whether what the bot enters the homeserver with is needed too. A recorder and a speech process have
            nothing to do with it, and the command that writes the registration does so first.

    Raises:
        ConfigError: With a sentence for every key that is missing, unknown, a placeholder or out of bounds.
    """
    source = str(path)
    raw = _read_yaml(path)
    problems = [*_sections_that_are_no_mappings(raw)]
    if problems:
        raise ConfigError(source, problems)
    problems = [*_apply_environment(raw, environ), *_placeholders(raw)]
    settings = None
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        said = {problem.split(":", 1)[0] for problem in problems}
        errors = error.errors(include_url=False)
        broken_lists = {e["loc"][:2] for e in errors if len(e["loc"]) > 2}  # noqa: PLR2004 (section, key, index)
        sentences = [
            _sentence(dict(e), raw) for e in errors if e["type"] != "too_short" or e["loc"] not in broken_lists
        ]
        problems += [sentence for sentence in sentences if sentence.split(":", 1)[0] not in said]
    if settings is not None:
        problems += misplaced(settings.matrix)
    if settings is None or problems:
        raise ConfigError(source, problems)
    matrix = settings.matrix
    matrix = matrix.model_copy(update={"registration_file": path.parent / matrix.registration_file})
    if credentials:
        try:
            matrix = with_credentials(matrix)
        except NoCredentials as error:
            raise ConfigError(source, [str(error)]) from None
    return settings.model_copy(update={"matrix": matrix})


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        if len(content) > _MAX_FILE_BYTES:
            raise ConfigError(str(path), [f"the file is larger than {_MAX_FILE_BYTES} bytes; is it the right one?"])
        raw = yaml.load(content, _UniqueKeyLoader)  # noqa: S506 (a SafeLoader that also refuses double keys)
    except OSError as error:
        raise ConfigError(str(path), [f"the file cannot be read ({error.strerror}); -c names it"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: `2026-99-99` is no date, say
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        what = _QUOTED_BY_YAML.sub(r"\1", getattr(error, "problem", None) or "not YAML")
        raise ConfigError(str(path), [f"{where}{what}"]) from None
    if not isinstance(raw, dict):
        raise ConfigError(str(path), ["expected sections (matrix:, livekit:, web:, storage:), found none"])
    return raw


def _sections_that_are_no_mappings(raw: dict[str, Any]) -> Iterator[str]:
    for name, section in raw.items():
        if name in Settings.model_fields and not isinstance(section, dict):
            yield f"{name}: expected keys under it, found {_shown(section)}"


def _apply_environment(raw: dict[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Put the values of the environment over those of the file, in place; yield what is wrong with them."""
    known = {f"{_PREFIX}{section}_{key}".upper(): (section, key) for section, key in _keys()}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or _OTHER_VARIABLES.match(variable):
            continue
        from_file = variable not in known and variable.endswith("_FILE")
        name = variable.removesuffix("_FILE") if from_file else variable
        if name not in known:
            yield f"{variable}: no such setting{_did_you_mean(variable, known)}"
            continue
        section, key = known[name]
        if from_file and name in environ:
            yield f"{variable}: {name} is set too; keep one of them"
            continue
        try:
            value = Path(environ[variable]).read_text("utf-8").strip() if from_file else environ[variable]
        except (OSError, UnicodeDecodeError) as error:
            yield f"{variable}: the file it names cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
            continue
        raw.setdefault(section, {})[key] = value


def _placeholders(raw: dict[str, Any]) -> Iterator[str]:
    for section, keys in raw.items():
        for key, value in keys.items() if isinstance(keys, dict) else ():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and (_PLACEHOLDER.search(text) or _EXAMPLE_HOST.search(text)):
                    shown = "the value" if _is_secret((section, key)) else _shown(text)
                    yield f"{section}.{key}: {shown} is the example's placeholder; put your own value"


def _sentence(error: dict[str, Any], raw: dict[str, Any]) -> str:
    """One pydantic error as `key: what was found, what is expected`, without the value of a secret."""
    location = tuple(error["loc"])
    key = ".".join(str(part) for part in location)
    message = str(error["msg"]).removeprefix("Value error, ")
    if not location:
        return message
    if error["type"] == "missing":
        return f"{key}: missing; expected {_expected(location)}"
    if error["type"] == "extra_forbidden":
        siblings = [k for s, k in _keys() if (s,) == location[:1]] if len(location) > 1 else [*Settings.model_fields]
        return f"{key}: no such setting{_did_you_mean(str(location[-1]), siblings)}"
    message = _WORDING.get(error["type"], message)
    expected = message if message.startswith("expected") else "expected: " + message.removeprefix("Input should be ")
    if _is_secret(location):
        return f"{key}: {expected} (the value is not shown)"
    return f"{key}: found {_shown(_at(raw, location))}, {expected}"


def _keys() -> Iterator[tuple[str, str]]:
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for key in model.model_fields:
                yield section, key


def _field_type(location: tuple[Any, ...]) -> Any:
    section = Settings.model_fields.get(str(location[0]))
    model = section.annotation if section else None
    if len(location) == 1 or not (isinstance(model, type) and issubclass(model, BaseModel)):
        return model
    field = model.model_fields.get(str(location[1]))
    return field.annotation if field else None


def _is_secret(location: tuple[Any, ...]) -> bool:
    return SecretStr.__name__ in str(_field_type(location))


def _expected(location: tuple[Any, ...]) -> str:
    kind = _field_type(location)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        required = [key for key, field in kind.model_fields.items() if field.is_required()]
        return f"a section with {', '.join(required)}"
    return "a value (see example-config.yaml)"


def _at(raw: Any, location: tuple[Any, ...]) -> Any:
    for part in location:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "keys under it"  # not their values: a secret may be among them
    if isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        return "a list with more under it"
    if isinstance(value, str) and "://" in value:
        value = _IN_AN_ADDRESS.sub("…", value)
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 (a line of a terminal)


def _did_you_mean(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
