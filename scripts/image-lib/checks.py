"""Counting checks: a line for each, and a plain line at the end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Checks:
    """Counts what held and what did not."""

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.figures: list[str] = []

    @contextmanager
    def check(self, name: str) -> Iterator[Callable[[str], None]]:
        """The body holds unless it raises. It may say a figure, which then stands in the line."""
        said: list[str] = []
        try:
            yield said.append
        except Exception as error:  # whatever it was, the other checks go on
            self.failed += 1
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            print(f"FAILED  {name}: {kind}{error}")
        else:
            self.passed += 1
            print(f"ok      {name}" + (f" ({'; '.join(said)})" if said else ""))
        sys.stdout.flush()

    def close(self) -> int:
        """Prints the count; the exit code."""
        for figure in self.figures:
            print(figure)
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def expect(condition: object, otherwise: object) -> None:
    if not condition:
        raise AssertionError(str(otherwise))


def wait_for(what: str, seconds: float, probe: Callable[[], object], pause: float = 0.005) -> object:
    """Asks until the answer is true; an error counts as no answer."""
    end = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < end:
        try:
            last = probe()
            if last:
                return last
        except OSError as error:
            last = error
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {seconds:g} s ({last})")
