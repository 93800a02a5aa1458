"""An order to die is carried out once, by whoever comes to its moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.orders import Orders
from tests.faults.steps import Moment

REPOSITORY = Path(__file__).parents[3]
MOMENT = Moment("speech", "recognise", "before")
COMES_TO_IT = """
import sys
from pathlib import Path
from tests.faults.orders import Orders
from tests.faults.steps import Moment
for step in ("work", "recognise"):
    Orders(Path(sys.argv[1])).come_to(Moment("speech", step, "before"))
"""


def come_to_it(folder: Path) -> int:
    """The exit status of a process that comes to the moment."""
    return subprocess.run([sys.executable, "-c", COMES_TO_IT, str(folder)], cwd=REPOSITORY, check=False).returncode


def test_a_process_dies_where_it_is_ordered_to_and_the_next_one_lives(tmp_path: Path) -> None:
    """By SIGKILL, and the time of it is known."""
    orders = Orders(tmp_path / "orders")
    orders.give(MOMENT)
    assert orders.carried_out_at() is None
    assert come_to_it(tmp_path / "orders") == -signal.SIGKILL
    died_at = orders.carried_out_at()
    assert died_at is not None
    assert 0 <= time.time() - died_at < 10
    assert come_to_it(tmp_path / "orders") == 0
    assert orders.passed() == {"speech: work: before", "speech: recognise: before"}


def test_an_order_that_is_withdrawn_is_not_carried_out(tmp_path: Path) -> None:
    """The next row of the table begins with none."""
    orders = Orders(tmp_path)
    orders.give(MOMENT)
    orders.withdraw(MOMENT)
    assert come_to_it(tmp_path) == 0
    assert orders.carried_out_at() is None
