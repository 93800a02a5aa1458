"""cpWER against values worked out by hand."""

from __future__ import annotations

import pytest

from tests.evaluation.cpwer import cpwer

REFERENCE = {"Claire": "le budget est signé", "Marc": "je suis d'accord merci"}  # 4 + 5 words: `d accord` is two


@pytest.mark.parametrize(
    ("hypothesis", "errors"),
    [
        pytest.param(REFERENCE, 0, id="perfect"),
        pytest.param({"B": "Le budget est signé.", "A": "Je suis d’accord, merci !"}, 0, id="other names"),
        pytest.param({"Claire": REFERENCE["Marc"], "Marc": REFERENCE["Claire"]}, 0, id="permuted names"),
        pytest.param({"Claire": "le budget signé", "Marc": "je suis d'accord merci"}, 1, id="a deletion"),
        pytest.param({"Claire": "le bon budget est signé", "Marc": "je suis d'accord merci"}, 1, id="an insertion"),
        pytest.param({"Claire": "le budget est cité", "Marc": "je suis d'accord merci"}, 1, id="a substitution"),
        pytest.param({"Claire": "le budget est signé"}, 5, id="a missing speaker"),
        pytest.param({}, 9, id="nothing heard"),
        pytest.param(REFERENCE | {"Télé": "bonsoir à tous"}, 3, id="an extra speaker"),
        pytest.param({"Claire": "le budget est signé je suis d'accord merci"}, 8, id="two speakers taken for one"),
        pytest.param({"Claire": "le budget", "X": "est signé", "Marc": "je suis d'accord merci"}, 4, id="one for two"),
    ],
)
def test_errors_are_those_of_the_best_assignment(hypothesis: dict[str, str], errors: int) -> None:
    """Over nine reference words."""
    result = cpwer(REFERENCE, hypothesis, "fr")

    assert (result.errors, result.reference_words) == (errors, 9)
    assert result.rate == pytest.approx(errors / 9)


def test_the_assignment_says_who_was_taken_for_whom() -> None:
    """None for whoever was not heard."""
    result = cpwer(REFERENCE, {"Voix 1": "je suis d'accord"}, "fr")

    assert result.assignment == {"Claire": None, "Marc": "Voix 1"}


def test_words_on_silence_are_infinitely_wrong() -> None:
    """And silence on silence is right."""
    assert cpwer({}, {"A": "merci"}, "fr").rate == float("inf")
    assert cpwer({}, {}, "fr").rate == 0.0
