"""What the supervisor hears from a process."""

from __future__ import annotations

from pathlib import Path

from bot.process.notifying import ALIVE, READY
from bot.running.pulse import SILENT_AFTER_S, STARTS_WITHIN_S, Pulse
from tests.fakes.clocks import Clock


def a_pulse(clock: Clock, readied: list[str]) -> Pulse:
    """A pulse that notes when its process is ready."""
    return Pulse(Path("/run/x"), clock, lambda: readied.append("ready"))


def test_a_process_that_keeps_saying_that_it_is_alive_is_not_stuck() -> None:
    """One that stops saying so is, after a while."""
    clock, readied = Clock(), list[str]()
    pulse = a_pulse(clock, readied)
    for _ in range(100):
        clock.now_s += SILENT_AFTER_S - 1
        pulse.datagram_received(ALIVE.encode(), None)
        assert pulse.silent_in_s() > 0
    clock.now_s += SILENT_AFTER_S
    assert pulse.silent_in_s() <= 0


def test_a_process_that_starts_may_say_nothing_for_longer() -> None:
    """It loads a model; and so may the next one, which has a time of its own."""
    clock, readied = Clock(), list[str]()
    pulse = a_pulse(clock, readied)
    clock.now_s += STARTS_WITHIN_S - 1
    assert pulse.silent_in_s() > 0
    pulse.datagram_received(ALIVE.encode(), None)
    clock.now_s += SILENT_AFTER_S
    assert pulse.silent_in_s() <= 0
    pulse.began()
    clock.now_s += STARTS_WITHIN_S - 1
    assert pulse.silent_in_s() > 0
    clock.now_s += 1
    assert pulse.silent_in_s() <= 0


def test_it_is_noticed_once_that_a_process_is_ready() -> None:
    """With or without other lines; what is not understood is passed over."""
    readied = list[str]()
    pulse = a_pulse(Clock(), readied)
    assert not pulse.is_ready
    pulse.datagram_received(b"STATUS=\xff\n" + READY.encode() + b"\nMAINPID=1", None)
    pulse.datagram_received(READY.encode(), None)
    assert pulse.is_ready
    assert readied == ["ready"]
    pulse.began()
    assert not pulse.is_ready
