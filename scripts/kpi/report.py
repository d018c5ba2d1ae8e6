"""One line for each check, and how many of them held."""

from collections.abc import Iterator
from contextlib import contextmanager


class Wrong(Exception):
    """A check did not hold; says why."""


class Report:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    @contextmanager
    def check(self, what: str) -> Iterator[None]:
        """Counts what happens inside: it held unless it raised."""
        try:
            yield
        except Exception as error:  # whatever went wrong, the other checks go on
            kind = "" if isinstance(error, Wrong) else f"{type(error).__name__}: "
            self.failed += 1
            print(f"FAILED  {what}: {kind}{error}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {what}", flush=True)

    def expect(self, what: str, problems: list[str]) -> None:
        """Held if there is no problem."""
        with self.check(what):
            if problems:
                raise Wrong("; ".join(problems))
