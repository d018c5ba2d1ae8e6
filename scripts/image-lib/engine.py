"""podman, with storage and network of the test's own, and what can be seen of a container from
outside: there is nothing inside to look with."""

import datetime
import json
import os
import shlex
import subprocess
from pathlib import Path

from checks import expect, wait_for

# A cluster's "restricted" container, and less: not even shared memory.
HARDENED = [
    "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:rw,size=16m,mode=1777,nosuid,nodev,noexec",
    "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "none", "--pids-limit", "128",
    "--memory", "128m", "--memory-swap", "128m",
]


def podman(*words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [*shlex.split(os.environ["SESAME_TEST_PODMAN"]), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"podman {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done


class Container:
    """A container that runs, or ran."""

    def __init__(self, name: str):
        self.name = name

    @classmethod
    def start(cls, name: str, *options: str | Path) -> "Container":
        podman("run", "--detach", "--name", name, *options)
        return cls(name)

    def inspect(self) -> dict:
        return json.loads(podman("inspect", self.name).stdout)[0]

    @property
    def pid(self) -> int:
        return self.inspect()["State"]["Pid"]

    def started_at(self) -> float:
        # Nanoseconds, of which Python reads six digits.
        text = self.inspect()["State"]["StartedAt"]
        head, rest = text.split(".", 1) if "." in text else (text[:19], "0Z")
        fraction = "".join(letter for letter in rest.split("+")[0].split("-")[0] if letter.isdigit())
        zone = rest[len(fraction):].replace("Z", "+00:00") or "+00:00"
        return datetime.datetime.fromisoformat(f"{head}.{fraction[:6].ljust(6, '0')}{zone}").timestamp()

    def port(self, inside: int) -> int:
        expect(self.inspect()["State"]["Running"], f"{self.name} ended: {self.logs().strip()}")
        return int(podman("port", self.name, f"{inside}/tcp").stdout.split(":")[-1])

    def execute(self, *words: str) -> subprocess.CompletedProcess[str]:
        return podman("exec", self.name, *words, check=False)

    def logs(self) -> str:
        done = podman("logs", self.name)
        return done.stdout + done.stderr

    def wait(self, seconds: float = 60) -> int:
        """Waits for its end; the exit code."""
        wait_for(f"{self.name} ends", seconds, lambda: not self.inspect()["State"]["Running"], pause=0.1)
        return self.inspect()["State"]["ExitCode"]

    def remove(self) -> None:
        podman("rm", "--force", "--time", "0", self.name)

    # --- From outside -----------------------------------------------------------------------------

    def status(self) -> dict[str, str]:
        """The kernel's words on its first process."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def memory_limit(self) -> int:
        for line in Path(f"/proc/{self.pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for folder, file, mine in (("memory", "memory.limit_in_bytes", "memory" in controllers.split(",")),
                                       ("", "memory.max", controllers == "")):
                limit = Path("/sys/fs/cgroup") / folder / path.lstrip("/") / file
                if mine and limit.is_file():
                    return int(limit.read_text())
        raise AssertionError("the control group of memory is not to be found")

    def writable(self, uid: int, gid: int) -> list[str]:
        """What its user may write to, seen by a process of ours that has become that user and walks
        through the container's own mounts. Devices, /proc and /sys are the kernel's."""
        root = os.open(f"/proc/{self.pid}/root", os.O_RDONLY | os.O_DIRECTORY)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            found = ["(the walk failed)"]
            try:
                os.setgroups([])
                os.setresgid(gid, gid, gid)
                os.setresuid(uid, uid, uid)
                found = walk(root)
            finally:
                os.write(writing, json.dumps(found).encode())
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            found = json.load(pipe)
        os.waitpid(child, 0)
        os.close(root)
        return found


def walk(root: int) -> list[str]:
    found = []
    seen = 0
    for path, folders, files, here in os.fwalk(".", dir_fd=root, follow_symlinks=False):
        if path == ".":
            folders[:] = [name for name in folders if name not in ("proc", "sys")]
        if path == "./dev":
            # Of message queues, which are no files.
            folders[:] = [name for name in folders if name != "mqueue"]
        seen += 1
        shown = path.removeprefix(".") or "/"
        if os.access(".", os.W_OK, dir_fd=here):
            found.append(shown)
        for name in files:
            entry = os.stat(name, dir_fd=here, follow_symlinks=False)
            if entry.st_mode & 0o170000 == 0o100000 and os.access(name, os.W_OK, dir_fd=here):
                found.append(f"{shown}/{name}")
    expect(seen > 10, "the walk saw too little")
    return sorted(found)
