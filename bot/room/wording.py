"""Every sentence the bot says in a room, in French and in English.

French typography: U+00A0 before a colon and inside « », U+202F before ; ! and ?.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from config.models import Language

Usable = Literal["start", "end", "stop_transcription", "shared_microphone", "status", "language", "help"]


class Usage(NamedTuple):
    """A command as it is typed, and what it does."""

    typed: str
    what: str


@dataclass(frozen=True)
class Wording:
    """The sentences in one language; `{…}` is filled in by `str.format`."""

    language: Language
    # The card
    call: str
    join: str
    waiting: str
    since: str
    status_unknown: str
    ended: str
    participants: Callable[[int], str]
    transcribed: str
    sound_elsewhere: str
    words_elsewhere: str
    all_elsewhere: str
    all_elsewhere_apart: str
    not_transcribed: str
    transcription_stopped: str
    transcribing: str
    transcribing_about: str
    transcript_below: str
    minutes_below: str
    undelivered: str
    nobody_spoke: str
    nothing_recorded: str
    time_limit: str
    ended_by: str
    moved_away: str
    moved_here: str
    # Answers
    already_open: str
    no_call: str
    ending: str
    status_open: str
    status_transcribing: str
    help: dict[Usable, Usage]
    help_title: str
    language_set: str
    stopping_transcription: str
    already_not_transcribed: str
    microphone_shared: str
    microphone_shared_unseen: str
    # Refusals
    title_too_long: str
    which_language: str
    whose_microphone: str
    bad_name: str
    nobody_in_call: str
    nobody_of_that_name: str
    voices_not_told_apart: str
    may_not_start: str
    may_not_end: str
    may_not_change: str
    # Faults
    call_server_away: str
    call_server_refused: str
    disk_full: str
    storage_away: str
    storage_back: str
    storage_awaited: str
    recording_broken: str
    recording_resumed: str
    recording_failed: str
    recording_incomplete: str
    transcription_failed: str
    internal_fault: str
    call_given_up: str
    sound_kept: str
    # Encryption
    unreadable: str
    unverified: str
    # The transcript
    transcript_title: str
    transcript_continued: str
    part_refused: str
    file_refused: str
    file_name: str
    # The minutes
    minutes_title: str
    minutes_continued: str
    minutes_refused: str
    # Rough times, within a sentence
    less_than_a_minute: str
    about: str
    # A list of names, within a sentence
    last_of: str
    others: Callable[[int], str]

    def listed(self, names: list[str], more: int) -> str:
        """Several names in a row, and how many there are `more`."""
        names = [*names, self.others(more)] if more else names
        return self.last_of.format(", ".join(names[:-1]), names[-1]) if len(names) > 1 else "".join(names)

    def elsewhere(self, sound_to: str | None, words_to: str | None) -> str:
        """Which hosts are sent what people say, as sound and in writing; empty where neither leaves for another."""
        if sound_to is not None and words_to is not None:
            sentence = self.all_elsewhere if sound_to == words_to else self.all_elsewhere_apart
        elif words_to is not None:
            sentence = self.words_elsewhere
        else:
            sentence = "" if sound_to is None else self.sound_elsewhere
        return sentence.format(sound_to=sound_to, words_to=words_to)

    def below(self, *, with_minutes: bool) -> str:
        """What the card says when all is in its thread."""
        return self.minutes_below if with_minutes else self.transcript_below

    def about_giving_up(self, *, transcribed: bool) -> str:
        """What is said of a call that Greffier lost hold of."""
        return f"{self.call_given_up} {self.sound_kept}" if transcribed else self.call_given_up


def _participants_fr(count: int) -> str:
    return "aucun participant" if count == 0 else "1 participant" if count == 1 else f"{count} participants"


def _others_fr(count: int) -> str:
    return "une autre personne" if count == 1 else f"{count} autres personnes"


def _others_en(count: int) -> str:
    return "one other person" if count == 1 else f"{count} others"


def _participants_en(count: int) -> str:
    return "no participants" if count == 0 else "1 participant" if count == 1 else f"{count} participants"


FRENCH = Wording(
    language="fr",
    call="Visio",
    join="Rejoindre l’appel",
    waiting="en attente des premiers participants",
    since="en cours · {participants} · depuis {time}",
    ended="terminé · {duration} · {participants}",
    participants=_participants_fr,
    transcribed="Cet appel est transcrit : à la fin, ce que chacun a dit est publié dans ce salon. "
    "Pour l’arrêter et effacer ce qui est déjà enregistré : {command}",
    sound_elsewhere="Le son et les noms des participants sont envoyés à {sound_to} pour la transcription.",
    words_elsewhere="Le texte et les noms des participants sont envoyés à {words_to} pour le compte rendu.",
    all_elsewhere="Le son, le texte et les noms des participants sont envoyés à {sound_to} "
    "pour la transcription et le compte rendu.",
    all_elsewhere_apart="Le son est envoyé à {sound_to} pour la transcription, et le texte à {words_to} "
    "pour le compte rendu, l’un et l’autre avec les noms des participants.",
    not_transcribed="Cet appel n’est ni enregistré ni transcrit.",
    transcription_stopped="La transcription a été arrêtée par {user} et ce qui était enregistré est effacé.",
    transcribing="Transcription en cours…",
    transcribing_about="Transcription en cours : elle sera là dans {about}.",
    transcript_below="La transcription est dans le fil de discussion.",
    minutes_below="Le compte rendu et la transcription sont dans le fil de discussion.",
    undelivered="La transcription n’a pas encore pu être publiée. Elle est conservée et sera publiée dès que "
    "possible ; l’administrateur de Greffier en est averti.",
    nobody_spoke="Personne n’a parlé : il n’y a rien à transcrire.",
    nothing_recorded="Personne n’a rejoint l’appel.",
    time_limit="La durée maximale d’un appel est atteinte ({duration}).",
    ended_by="Appel terminé par {user}.",
    moved_away="Ce salon a été remplacé : la suite est dans le nouveau salon.",
    moved_here="Cet appel vient de l’ancien salon, que celui-ci remplace.",
    already_open="Un appel est déjà ouvert dans ce salon : {link}",
    no_call="Aucun appel n’est ouvert dans ce salon. Pour en ouvrir un : {command}",
    ending="L’appel se termine.",
    status_open="Appel ouvert : {title} · {state}\n{link}",
    status_transcribing="L’appel « {title} » est terminé, sa transcription est en cours.",
    status_unknown="le serveur d’appels ne répond pas pour l’instant",
    help_title="Greffier ouvre des appels visio et publie qui a dit quoi.",
    help={
        "start": Usage("!visio [titre]", "ouvrir un appel, ou redonner le lien de celui qui est ouvert"),
        "end": Usage("!visio fin", "terminer l’appel pour tout le monde"),
        "stop_transcription": Usage(
            "!visio sans transcription", "arrêter la transcription et effacer ce qui est enregistré"
        ),
        "shared_microphone": Usage(
            "!visio micro partagé [nom]", "distinguer les voix de ceux qui partagent le micro de ce participant"
        ),
        "status": Usage("!visio état", "dire ce qui se passe"),
        "language": Usage("!visio langue fr|en", "choisir la langue de Greffier dans ce salon"),
        "help": Usage("!visio aide", "afficher cette aide"),
    },
    language_set="Greffier parle désormais français dans ce salon.",
    stopping_transcription="La transcription s’arrête ; ce qui était enregistré est effacé.",
    already_not_transcribed="Cet appel n’est pas transcrit.",
    microphone_shared="Le micro de « {name} » est partagé : la transcription distinguera les voix.",
    microphone_shared_unseen="C’est noté : si un participant s’appelle « {name} », la transcription distinguera les "
    "voix à son micro.",
    title_too_long="Ce titre est trop long : {max} caractères au plus.",
    which_language="Quelle langue ? {command}",
    whose_microphone="Le micro de qui ? {command}",
    bad_name="Un nom compte {max} caractères au plus, tous visibles.",
    nobody_in_call="Personne n’est dans l’appel pour l’instant : redites-le quand ceux qui partagent un micro y "
    "seront.",
    nobody_of_that_name="Personne ne s’appelle « {name} » dans l’appel ; y participent : {names}. "
    "Pour désigner l’un d’eux : {command}",
    voices_not_told_apart="Ce serveur ne sait pas distinguer les voix d’un micro partagé.",
    may_not_start="Vous n’avez pas le droit d’ouvrir un appel dans ce salon.",
    may_not_end="Seuls la personne qui a ouvert l’appel et les modérateurs du salon peuvent le terminer.",
    may_not_change="Seuls les modérateurs du salon peuvent changer ce réglage.",
    call_server_away="Le serveur d’appels ne répond pas : l’appel n’a pas pu être ouvert. Réessayez dans un moment.",
    call_server_refused="Le serveur d’appels a refusé d’ouvrir l’appel. L’administrateur de Greffier en est averti.",
    disk_full="L’enregistrement s’est interrompu, faute de place sur le serveur : "
    "ce qui se dit maintenant ne sera pas transcrit. L’administrateur de Greffier en est averti.",
    storage_away="Le stockage de Greffier ne répond pas : l’appel reste enregistré, "
    "et la transcription attendra son retour. L’administrateur de Greffier en est averti.",
    storage_back="Le stockage de Greffier répond de nouveau.",
    storage_awaited="La transcription attend que le stockage de Greffier réponde.",
    recording_broken="L’enregistrement s’est interrompu : ce qui se dit maintenant ne sera pas transcrit. "
    "L’administrateur de Greffier en est averti.",
    recording_resumed="L’enregistrement fonctionne de nouveau.",
    recording_failed="L’enregistrement a échoué : cet appel n’est pas transcrit. "
    "L’administrateur de Greffier en est averti.",
    recording_incomplete="L’enregistrement s’est interrompu avant la fin de l’appel : la transcription est incomplète.",
    transcription_failed="La transcription a échoué. L’enregistrement est conservé, et elle sera tentée de nouveau ; "
    "l’administrateur de Greffier en est averti.",
    internal_fault="Une erreur inattendue empêche de répondre. L’administrateur de Greffier en est averti.",
    call_given_up="Une erreur inattendue a interrompu le suivi de cet appel. "
    "L’administrateur de Greffier en est averti.",
    sound_kept="Ce qui a été enregistré est conservé et sera transcrit dès que possible.",
    unreadable="Greffier n’a pas pu déchiffrer un message de ce salon : sa clé n’est pas arrivée. "
    "Si c’était une commande, envoyez-la de nouveau.",
    unverified="Au moins un appareil de {names} n’est pas vérifié par son propriétaire : les messages de Greffier y "
    "restent illisibles, et les commandes sans effet. Pour y remédier, vérifiez cet appareil dans les paramètres de "
    "sécurité de votre messagerie, puis renvoyez la commande.",
    transcript_title="Transcription",
    transcript_continued="Transcription, suite",
    part_refused="Cette partie de la transcription a été refusée par le serveur Matrix : "
    "vous la trouverez dans les fichiers joints ci-dessous.",
    file_refused="Le fichier {name} n’a pas pu être joint : le serveur Matrix l’a refusé.",
    file_name="transcription",
    minutes_title="Compte rendu",
    minutes_continued="Compte rendu, suite",
    minutes_refused="Cette partie du compte rendu a été refusée par le serveur Matrix : "
    "vous la trouverez dans les fichiers joints ci-dessous.",
    less_than_a_minute="moins d’une minute",
    about="environ {time}",
    last_of="{} et {}",
    others=_others_fr,
)

ENGLISH = Wording(
    language="en",
    call="Call",
    join="Join the call",
    waiting="waiting for the first participants",
    since="in progress · {participants} · since {time}",
    ended="ended · {duration} · {participants}",
    participants=_participants_en,
    transcribed="This call is transcribed: when it ends, what everyone said is posted in this room. "
    "To stop that and erase what has been recorded: {command}",
    sound_elsewhere="The sound and the participants’ names are sent to {sound_to} for the transcript.",
    words_elsewhere="The text and the participants’ names are sent to {words_to} for the minutes.",
    all_elsewhere="The sound, the text and the participants’ names are sent to {sound_to} "
    "for the transcript and the minutes.",
    all_elsewhere_apart="The sound is sent to {sound_to} for the transcript, and the text to {words_to} "
    "for the minutes, both with the participants’ names.",
    not_transcribed="This call is neither recorded nor transcribed.",
    transcription_stopped="The transcription was stopped by {user}, and what had been recorded is erased.",
    transcribing="Transcribing…",
    transcribing_about="Transcribing: it will be here in {about}.",
    transcript_below="The transcript is in the thread.",
    minutes_below="The minutes and the transcript are in the thread.",
    undelivered="The transcript could not be posted yet. It is kept and will be posted as soon as possible; "
    "Greffier’s administrator has been told.",
    nobody_spoke="Nobody spoke: there is nothing to transcribe.",
    nothing_recorded="Nobody joined the call.",
    time_limit="The longest time a call may take is over ({duration}).",
    ended_by="Call ended by {user}.",
    moved_away="This room was replaced: the rest is in the new room.",
    moved_here="This call comes from the former room, which this one replaces.",
    already_open="A call is already open in this room: {link}",
    no_call="No call is open in this room. To open one: {command}",
    ending="The call is ending.",
    status_open="Open call: {title} · {state}\n{link}",
    status_transcribing="The call “{title}” is over; its transcript is being made.",
    status_unknown="the call server does not answer at the moment",
    help_title="Greffier opens video calls and posts who said what.",
    help={
        "start": Usage("!visio [title]", "open a call, or show the link of the open one"),
        "end": Usage("!visio end", "end the call for everyone"),
        "stop_transcription": Usage("!visio no transcript", "stop the transcription and erase what has been recorded"),
        "shared_microphone": Usage(
            "!visio shared microphone [name]", "tell apart the voices of those who share this participant’s microphone"
        ),
        "status": Usage("!visio status", "say what is going on"),
        "language": Usage("!visio language fr|en", "choose Greffier’s language in this room"),
        "help": Usage("!visio help", "show this help"),
    },
    language_set="Greffier now speaks English in this room.",
    stopping_transcription="The transcription stops; what had been recorded is erased.",
    already_not_transcribed="This call is not being transcribed.",
    microphone_shared="The microphone of “{name}” is shared: the transcript will tell the voices apart.",
    microphone_shared_unseen="Noted: if a participant is called “{name}”, the transcript will tell apart the voices at "
    "their microphone.",
    title_too_long="This title is too long: {max} characters at most.",
    which_language="Which language? {command}",
    whose_microphone="Whose microphone? {command}",
    bad_name="A name has {max} characters at most, all of them visible.",
    nobody_in_call="Nobody is in the call at the moment: say it again when those who share a microphone are.",
    nobody_of_that_name="Nobody in the call is called “{name}”; taking part: {names}. To name one of them: {command}",
    voices_not_told_apart="This server cannot tell the voices at a shared microphone apart.",
    may_not_start="You are not allowed to open a call in this room.",
    may_not_end="Only whoever opened the call and the room’s moderators can end it.",
    may_not_change="Only the room’s moderators can change this setting.",
    call_server_away="The call server does not answer: the call could not be opened. Try again in a moment.",
    call_server_refused="The call server refused to open the call. Greffier’s administrator has been told.",
    disk_full="The recording stopped because the server has no space left: "
    "what is said now will not be transcribed. Greffier’s administrator has been told.",
    storage_away="Greffier’s storage does not answer: the call is still being recorded, "
    "and the transcript will wait for its return. Greffier’s administrator has been told.",
    storage_back="Greffier’s storage answers again.",
    storage_awaited="The transcript waits for Greffier’s storage to answer.",
    recording_broken="The recording was interrupted: what is said now will not be transcribed. "
    "Greffier’s administrator has been told.",
    recording_resumed="The recording works again.",
    recording_failed="The recording failed: this call is not transcribed. Greffier’s administrator has been told.",
    recording_incomplete="The recording broke off before the end of the call: the transcript is incomplete.",
    transcription_failed="The transcription failed. The recording is kept, and it will be tried again; "
    "Greffier’s administrator has been told.",
    internal_fault="An unexpected error prevents an answer. Greffier’s administrator has been told.",
    call_given_up="An unexpected error ended what Greffier was doing about this call. "
    "Greffier’s administrator has been told.",
    sound_kept="What was recorded is kept, and will be transcribed as soon as possible.",
    unreadable="Greffier could not decrypt a message in this room: its key has not arrived. "
    "If it was a command, send it again.",
    unverified="At least one device of {names} is not verified by its owner: Greffier’s messages stay unreadable "
    "there, and commands have no effect. To mend it, verify that device in the security settings of your messenger, "
    "then send the command again.",
    transcript_title="Transcript",
    transcript_continued="Transcript, continued",
    part_refused="The Matrix server refused this part of the transcript: you will find it in the files below.",
    file_refused="The file {name} could not be attached: the Matrix server refused it.",
    file_name="transcript",
    minutes_title="Minutes",
    minutes_continued="Minutes, continued",
    minutes_refused="The Matrix server refused this part of the minutes: you will find it in the files below.",
    less_than_a_minute="less than a minute",
    about="about {time}",
    last_of="{} and {}",
    others=_others_en,
)

_BY_LANGUAGE: dict[Language, Wording] = {"fr": FRENCH, "en": ENGLISH}


def in_language(language: Language) -> Wording:
    """The sentences in `language`."""
    return _BY_LANGUAGE[language]


def duration(seconds: float) -> str:
    """A length of time as people write it: `45 s`, `12 min`, `1 h 05` (the same in both languages)."""
    whole_s = max(0, round(seconds))
    if whole_s < 60:  # noqa: PLR2004 (seconds in a minute)
        return f"{whole_s}\u00a0s"
    hours, minutes = divmod(round(whole_s / 60), 60)
    return f"{hours}\u00a0h\u00a0{minutes:02d}" if hours else f"{minutes}\u00a0min"
