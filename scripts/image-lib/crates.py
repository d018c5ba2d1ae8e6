"""The crates that are in the program and in the site's WebAssembly, as cargo resolves them."""

import json
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

WASM = "wasm32-unknown-unknown"
LICENSE_FILE = re.compile(r"(licen[cs]e|copying|notice|unlicense|copyright)", re.IGNORECASE)


@dataclass(frozen=True)
class Crate:
    """A crate at one version. `checksum` is empty for those of this repository."""

    name: str
    version: str
    license: str
    checksum: str
    folder: Path


def of_server(root: Path) -> list[Crate]:
    return compiled(root, "server", f"{platform.machine()}-unknown-linux-gnu")


def of_site(root: Path) -> list[Crate]:
    return compiled(root, "frontend", WASM)


def compiled(root: Path, package: str, target: str) -> list[Crate]:
    """What is compiled into `package` for `target`: neither what only builds it or tests it, nor
    macros, which run in the compiler. In order of name and version."""
    tree = cargo(root, "tree", "--package", package, "--target", target, "--edges", "normal,no-proc-macro",
                 "--prefix", "none", "--format", "{p}")
    wanted = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    known = metadata(root, target)
    checksums = lock(root)
    crates = []
    for name, version in sorted(wanted):
        version = version.removeprefix("v")
        found = known[name, version]
        crates.append(Crate(name, version, spdx(found["license"]), checksums.get((name, version), ""),
                            Path(found["manifest_path"]).parent))
    return crates


def metadata(root: Path, target: str) -> dict:
    answer = json.loads(cargo(root, "metadata", "--format-version", "1", "--filter-platform", target))
    return {(package["name"], package["version"]): package for package in answer["packages"]}


def lock(root: Path) -> dict[tuple[str, str], str]:
    """The SHA-256 of each crate's archive."""
    text = (root / "Cargo.lock").read_text()
    found = re.findall(r'^name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"$', text, re.MULTILINE)
    return {(name, version): checksum for name, version, checksum in found}


def workspace(root: Path) -> dict:
    """Version and licence of Sésame itself."""
    server = next(package for package in metadata(root, WASM).values() if package["name"] == "server")
    return {"version": server["version"], "license": spdx(server["license"])}


def cargo(root: Path, *words: str) -> str:
    command = ["cargo", words[0], "--locked", "--offline", *words[1:]]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"image: {' '.join(command[:2])} failed, is it built (make build)?\n{answer.stderr}")
    return answer.stdout


def spdx(license: str | None) -> str:
    """An SPDX expression; cargo's older way of writing OR is still around."""
    return license.replace("/", " OR ") if license else "NOASSERTION"


def bundled_sqlite(crates: list[Crate]) -> str | None:
    """The version of the SQLite sources that come in libsqlite3-sys."""
    for crate in crates:
        header = crate.folder / "sqlite3/sqlite3.h"
        if crate.name == "libsqlite3-sys" and header.is_file():
            found = re.search(r'#define SQLITE_VERSION\s+"([0-9.]+)"', header.read_text())
            return found[1] if found else None
    return None


def compiler(program: bytes) -> str | None:
    """The Rust that compiled the program, and so its standard library, as the program says."""
    found = re.search(rb"rustc version (\d+\.\d+\.\d+)", program)
    return found[1].decode() if found else None


def license_texts(crates: list[Crate]) -> str:
    """The licence of every crate that is not ours; then the licence files that came with them, each
    text once, after the names of the crates that it came with."""
    foreign = [crate for crate in crates if crate.checksum]
    texts: dict[str, tuple[str, set[str]]] = {}
    for crate in foreign:
        for path in sorted(crate.folder.iterdir()):
            if path.is_file() and LICENSE_FILE.match(path.name):
                text = path.read_text(errors="replace").strip()
                texts.setdefault(" ".join(text.split()), (text, set()))[1].add(f"{crate.name} {crate.version}")
    listed = "".join(f"{crate.name} {crate.version}: {crate.license}\n" for crate in foreign)
    parts = sorted((sorted(names), text) for text, names in texts.values())
    rule = "=" * 78
    return listed + "".join(f"\n{rule}\n{', '.join(names)}\n{rule}\n\n{text}\n" for names, text in parts)
