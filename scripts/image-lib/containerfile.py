"""The image's settings, read from the last stage of the Containerfile: they are written down once."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Settings:
    """What the last stage says, in the terms of the OCI image specification."""

    user: str = ""
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"

    @property
    def uid_gid(self) -> tuple[int, int]:
        uid, gid = self.user.split(":")
        return int(uid), int(gid)


def read(path: Path, arguments: dict[str, str]) -> Settings:
    """Reads the last stage; `arguments` are the build arguments that it may name. What this reader
    does not know is refused, so that nothing is lost in silence."""
    settings = Settings()
    defaults: dict[str, str] = {}

    def expand(text: str) -> str:
        known = defaults | {name: arguments[name] for name in defaults if arguments.get(name)}
        return re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], text)

    for word, rest in last_stage(path.read_text()):
        match word:
            case "USER":
                settings.user = rest
            case "WORKDIR":
                settings.workdir = rest
            case "ENTRYPOINT":
                settings.entrypoint = json.loads(rest)
            case "CMD":
                settings.cmd = json.loads(rest)
            case "EXPOSE":
                settings.ports += [f"{port}/tcp" for port in rest.split()]
            case "STOPSIGNAL":
                settings.stop_signal = rest
            case "ENV":
                settings.env += [expand(pair) for pair in shlex.split(rest)]
            case "LABEL":
                settings.labels |= (expand(pair).split("=", 1) for pair in shlex.split(rest))
            case "ARG":
                name, _, value = rest.partition("=")
                defaults[name] = value
            case "FROM" if rest == "scratch":
                pass
            case "COPY" if rest.startswith("--from=build "):
                pass
            case _:
                raise SystemExit(f"image: `make image` does not know {word} {rest} in {path.name}'s last stage")
    return settings


def last_stage(text: str) -> list[tuple[str, str]]:
    """The instructions from the last FROM on, as pairs of keyword and rest."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    instructions = [(line.split(None, 1)[0].upper(), line.split(None, 1)[1].strip()) for line in joined]
    start = max(number for number, (word, _) in enumerate(instructions) if word == "FROM")
    return instructions[start:]
