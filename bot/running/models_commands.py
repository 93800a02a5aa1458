"""`greffier models …`: models for a network from which no hub is reached, fetched beforehand and verified there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.models import Settings
from transcripts.diarization import pyannote
from transcripts.diarization.voices import DiarizationUnavailable
from transcripts.models import manifest
from transcripts.models.fetching import ALL_FILES, CannotKeep, fetch
from transcripts.recognition import whisper
from transcripts.recognition.recogniser import ModelUnavailable
from transcripts.recognition.whisper_model import HUB_FILES, hub_id


@dataclass(frozen=True, slots=True)
class _Named:
    """A model that the configuration names."""

    setting: str
    hub_id: str
    """Or the path of its folder, which is then where it was fetched to."""
    wanted: tuple[str, ...]
    token: str | None
    load: Callable[[Settings, Path], object]

    def folder(self, to: Path) -> Path:
        return to / Path(self.hub_id).name


def fetch_models(settings: Settings, to: Path, *, endpoint: str | None = None) -> int:
    """Fetch what the configuration names into folders below `to`, and say what to configure; the exit status is 0.

    Raises:
        NotFetched: the hub or the disk does not do its part; the message says what to do.
    """
    to = to.expanduser().absolute()
    fetched: list[_Named] = []
    for named in _named(settings):
        folder = named.folder(to)
        if Path(named.hub_id).expanduser().is_dir():
            _say(f"{named.setting} is the folder {named.hub_id} already: nothing to fetch")
            continue
        _make(to)
        fetch(named.hub_id, folder, wanted=named.wanted, token=named.token, endpoint=endpoint, say=_say)
        fetched.append(named)
        _say(f"{named.hub_id} is in {folder}")
    if fetched:
        _say("\nCopy it to the machine that needs it, if that is another one, and configure it there:\n")
        for named in fetched:
            section, key = named.setting.split(".")
            _say(f"{section}:\n  {key}: {named.folder(to)}")
        _say(f"\nThen, there: greffier models verify --to {to}")
    return 0


def verify_models(settings: Settings, to: Path) -> int:
    """Check the files below `to` against what was fetched, and load each model once; 0 when all is well, else 1."""
    to = to.expanduser().absolute()
    well = [_verified(settings, named, named.folder(to)) for named in _named(settings)]
    return 0 if all(well) else 1


def _verified(settings: Settings, named: _Named, folder: Path) -> bool:
    fetched = manifest.read(folder)
    if fetched is None:
        _say(f"FAILED  {named.setting}: {folder} holds no model that was fetched whole; {_remedy(folder)}")
        return False
    faults = [f"{name} {fault}" for name, fault in manifest.faults(folder, fetched)]
    if faults:
        _say(f"FAILED  {named.setting}: in {folder}, {'; '.join(faults)}; {_remedy(folder)}")
        return False
    try:
        named.load(settings, folder)
    except (ModelUnavailable, DiarizationUnavailable) as error:
        _say(f"FAILED  {error}")
        return False
    _say(f"ok      {named.setting}: {folder} is whole, and loads")
    return True


def _make(folder: Path) -> None:
    """Before gigabytes come for which there is no place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotKeep(f"{folder} cannot be made ({error.strerror}): --to names a folder") from error


def _remedy(folder: Path) -> str:
    return f"run greffier models fetch --to {folder.parent} where the hub is reached, and copy {folder.name} here"


def _named(settings: Settings) -> list[_Named]:
    """The models that this configuration needs; what it does not need is said."""
    named: list[_Named] = []
    if settings.speech.endpoint is None:
        model = settings.speech.model
        fetchable = model if Path(model).expanduser().is_dir() else hub_id(model)
        named.append(_Named("speech.model", fetchable, HUB_FILES, None, _load_speech))
    else:
        _say("speech.endpoint is set: speech is recognised there, and no model is needed here")
    diarization = settings.diarization
    if diarization.model is not None:
        token = diarization.hub_token.get_secret_value() if diarization.hub_token is not None else None
        named.append(_Named("diarization.model", diarization.model, ALL_FILES, token, _load_diarization))
    return named


def _load_speech(settings: Settings, folder: Path) -> object:
    return whisper.load(settings.speech.model_copy(update={"model": str(folder)}))


def _load_diarization(settings: Settings, folder: Path) -> object:
    return pyannote.load(settings.diarization.model_copy(update={"model": str(folder)}))


def _say(what: str) -> None:
    print(what, flush=True)  # noqa: T201
