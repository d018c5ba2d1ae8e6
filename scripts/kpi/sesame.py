"""The real server, as an operator would start it: clean environment, folder of its own, free ports."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

START_LIMIT_S = 60
# Room for our crowd behind one address, and so little for hashes that a rush overflows it.
SETTINGS = {
    "SESAME_LOG_FORMAT": "json",
    "SESAME_SIGN_IN_BURST": "60000",
    "SESAME_SIGN_IN_PER_MINUTE": "60000",
    "SESAME_REGISTER_BURST": "60000",
    "SESAME_REGISTER_PER_MINUTE": "60000",
    "SESAME_TICKET_BURST": "60000",
    "SESAME_TICKET_PER_MINUTE": "60000",
    "SESAME_HASH_CONCURRENCY": "1",
    "SESAME_HASH_QUEUE": "2",
}


class Sesame:
    def __init__(self, root: Path, folder: Path, metrics_port: int) -> None:
        folder.mkdir()
        self.root = root
        self.folder = folder
        self.log = folder / "log"
        self.port = free_port()
        self.metrics_port = metrics_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None
        self.program: Path | None = None

    @property
    def runs(self) -> bool:
        return self.process is not None

    def find(self) -> None:
        """Finds the program."""
        named = os.environ.get("SESAME_BIN")
        candidates = (
            [Path(named)] if named else [self.root / f"target/{kind}/sesame" for kind in ("release", "debug")]
        )
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise FileNotFoundError(
                "there is no program sesame: build it with `make build`, or set SESAME_BIN"
            )
        self.program = found.resolve()

    def start(self, days_ago: int = 0) -> None:
        """Starts it, now or with a clock that is days behind, and waits until it is ready."""
        environment = {"PATH": os.environ["PATH"], **SETTINGS}
        if site := os.environ.get("SESAME_SITE_DIR"):
            environment["SESAME_SITE_DIR"] = site
        if days_ago:
            environment |= clock(days_ago)
        metrics = "off" if days_ago else f"127.0.0.1:{self.metrics_port}"
        command = [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--metrics-listen", metrics]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, "--data-dir", self.folder / "data"], env=environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_/ready", timeout=5):
                    self.process = process
                    return
            except OSError:
                time.sleep(0.05)
        end(process)
        raise RuntimeError(f"{self.program} did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        if self.process:
            end(self.process)
            self.process = None

    def metrics(self) -> str:
        """What Prometheus would read now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            return answer.read().decode()


def clock(days_ago: int) -> dict[str, str]:
    """The environment of a process that lives in the past: libfaketime stands around it."""
    places = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")
    libraries = [path for place in places for path in Path("/").glob(f"{place[1:]}/libfaketimeMT.so.1")]
    library = os.environ.get("LIBFAKETIME") or next(map(str, libraries), None)
    if not library:
        raise FileNotFoundError("libfaketime is missing: install Debian's faketime, or set LIBFAKETIME")
    return {
        "LD_PRELOAD": library,
        "FAKETIME": f"-{days_ago}d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def end(process: subprocess.Popen) -> None:
    """Asks a process to stop and, if it does not, makes it."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
