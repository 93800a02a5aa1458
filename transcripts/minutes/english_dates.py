"""By when something is to be done, as it is said in English."""

from __future__ import annotations

from typing import Final

from transcripts.minutes.cues import pattern

NUMBER: Final = (
    r"(?:\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|a couple of|a few)"
)
_ORDINAL: Final = (
    r"(?:\d{1,2}(?:st|nd|rd|th)|(?:twenty|thirty)?-?\s?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|"
    r"ninth)|"
    r"tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|"
    r"twentieth|"
    r"thirtieth)"
)
DAY: Final = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
MONTH: Final = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_HOUR: Final = rf"(?:{NUMBER}(?::\d\d)? ?(?:o'clock|am|pm|a\.m\.|p\.m\.)|noon|midnight|lunch)"
_DATE: Final = (
    rf"(?:{DAY},? )?(?:(?:the )?{_ORDINAL} of {MONTH}|(?:the )?{_ORDINAL} {MONTH}|"
    rf"{MONTH} (?:the )?(?:{_ORDINAL}|\d{{1,2}})(?!\d)|\d{{1,2}} (?:of )?{MONTH})|"
    rf"the {_ORDINAL}(?! \w*(?:time|one|part|point|version|floor|quarter|phase))|"
    rf"(?:next |this |coming )?{DAY}(?: next| morning| afternoon| evening| night)?"
)
_PERIOD: Final = (
    rf"(?:the )?end of (?:the |this |next )?(?:day|week|month|quarter|year|{MONTH})|(?:the )?(?:beginning|"
    rf"start|middle) of (?:the |next )?(?:week|month|year|quarter|{MONTH})|next (?:week|month|year|quarter|"
    rf"time)|this (?:week|month|afternoon|evening|quarter)|"
    rf"(?:early|mid|late)[ -]{MONTH}|the next (?:meeting|call|session)|our next (?:meeting|call)|in {MONTH}|"
    rf"christmas|the weekend|close of business|eod"
)
_WHEN: Final = (
    r"today|tonight|tomorrow(?: morning| afternoon| evening| night)?|the day after tomorrow|"
    rf"(?:{_DATE})(?: at {_HOUR})?|{_PERIOD}"
)
_SPAN: Final = rf"(?:{NUMBER}) (?:days?|weeks?|months?|hours?|years?)"

DEADLINE: Final = pattern(
    rf"(?:by|before|until|till|no later than|not later than|at the latest by|from|"
    rf"starting) (?:the )?(?:{_WHEN}|{_HOUR})(?: at the latest)?",
    r"(?:by|before) (?:the|our|your|that|this|my) (?!way|end of)\w+(?: (?:meeting|call|review|deadline|"
    r"conference|holidays|break|launch|release))?",
    rf"(?:on )?(?:{_WHEN})(?: at the latest)?",
    rf"(?:in|within) {_SPAN}(?:,? on (?:{_WHEN}))?",
    rf"{_SPAN} (?:in advance|before|ahead)",
    rf"(?:in |within |over |during )the next (?:{_SPAN}|few days|couple of (?:days|weeks))",
    r"as soon as possible",
    r"as soon as you can",
    r"asap",
    r"right (?:after|away)(?: (?:this|the) (?:call|meeting))?",
    r"straight away",
    r"immediately",
    r"shortly",
)
