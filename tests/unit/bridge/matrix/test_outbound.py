"""The shapes of what the bot says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.matrix.ids import EventId
from bridge.matrix.outbound import (
    Content,
    Uploaded,
    edit_of,
    event_size,
    file_message,
    in_thread,
    is_edit,
    notice,
    relating_to,
    reply_to,
)

CARD = EventId("$card")


def test_a_size_counts_escaped_characters() -> None:
    """An accent takes six bytes once it is escaped, as it is before encryption."""
    assert event_size({"body": "é" * 100}) - event_size({"body": ""}) == 600


def test_a_notice_rings_nobody() -> None:
    """Its mentions are present and empty, so that a name in the text is no mention."""
    assert notice("Bonjour Claire") == {"msgtype": "m.notice", "body": "Bonjour Claire", "m.mentions": {}}


def test_a_notice_with_html_names_the_format() -> None:
    """Otherwise clients show the plain text."""
    content = notice("gras", "<b>gras</b>")
    assert content["format"] == "org.matrix.custom.html"
    assert content["formatted_body"] == "<b>gras</b>"


def test_an_edit_holds_the_new_content_and_a_fallback() -> None:
    """Clients that know edits take `m.new_content`, the others the body."""
    edit = edit_of(CARD, notice("terminé", "<b>terminé</b>"))
    assert edit["m.new_content"] == notice("terminé", "<b>terminé</b>")
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": CARD}
    assert edit["body"] == "* terminé"
    assert edit["formatted_body"] == "* <b>terminé</b>"


def test_an_edit_of_a_message_in_a_thread_relates_to_the_message_only() -> None:
    """A replacement inherits the relation of what it replaces; it must not repeat it."""
    edit = edit_of(EventId("$turn"), in_thread(CARD, notice("corrigé")))
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$turn"}
    assert "m.relates_to" not in edit["m.new_content"]


def test_a_message_in_a_thread_falls_back_to_a_reply() -> None:
    """For clients without threads."""
    content = in_thread(CARD, notice("tour de parole"))
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": CARD,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": CARD},
    }


def test_a_reply_names_what_it_answers() -> None:
    """And is not in a thread."""
    assert reply_to(CARD, notice("oui"))["m.relates_to"] == {"m.in_reply_to": {"event_id": CARD}}


def test_a_file_message_says_what_and_how_large() -> None:
    """Clients show the name, the kind and the size before anything is fetched."""
    content = file_message("réunion.vtt", Uploaded("mxc://tchap.test/abc"), content_type="text/vtt", size_bytes=12)
    assert content["msgtype"] == "m.file"
    assert content["filename"] == content["body"] == "réunion.vtt"
    assert content["url"] == "mxc://tchap.test/abc"
    assert content["info"] == {"mimetype": "text/vtt", "size": 12}


def test_an_encrypted_file_is_offered_with_its_key() -> None:
    """And without an address at which anybody could take it for one in the clear."""
    uploaded = Uploaded("mxc://tchap.test/abc", {"v": "v2", "iv": "x"})
    content = file_message("réunion.vtt", uploaded, content_type="text/vtt", size_bytes=12)
    assert content["file"] == {"v": "v2", "iv": "x", "url": "mxc://tchap.test/abc"}
    assert "url" not in content
    assert content["info"] == {"mimetype": "text/vtt", "size": 12}


@pytest.mark.parametrize("relate", [edit_of, in_thread])
def test_what_is_said_of_one_event_can_be_said_of_another(relate: Callable[[EventId, Content], Content]) -> None:
    """In the thread of the other, or as its edit: as if it had been said of it from the first."""
    of_one, of_another = (relate(EventId(event_id), notice("Bonjour", "<b>Bonjour</b>")) for event_id in ("$1", "$2"))
    assert relating_to(EventId("$2"), of_one) == of_another
    assert relating_to(EventId("$1"), of_one) == of_one


def test_what_is_said_of_nothing_stays_so() -> None:
    """And a thread that has no root is none."""
    assert relating_to(EventId("$2"), notice("Bonjour")) == notice("Bonjour")
    assert relating_to(None, in_thread(EventId("$1"), notice("Bonjour"))) == notice("Bonjour")


def test_an_edit_is_known_as_one() -> None:
    """Nothing else is."""
    assert is_edit(edit_of(EventId("$1"), notice("Bonjour")))
    assert not is_edit(in_thread(EventId("$1"), notice("Bonjour")))
    assert not is_edit(notice("Bonjour"))
