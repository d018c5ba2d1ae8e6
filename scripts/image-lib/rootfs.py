"""What the image holds: the program, its site, the loader and libraries that it names, certificate
authorities, and the few files of /etc without which names and users cannot be looked up. No shell,
no package manager.

What is Debian's comes from the files of Debian's packages, with their copyright files, and never
from what this machine made of them: its certificate bundle may hold authorities of its own."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from oci import Entry

CERTIFICATES = "ca-certificates"
COMMON_LICENSES = Path("/usr/share/common-licenses")
# ELF's e_machine to the name that images use.
ARCHITECTURES = {62: "amd64", 183: "arm64"}


@dataclass(frozen=True)
class Package:
    """A Debian package that something in the image comes from."""

    name: str
    version: str
    architecture: str
    source: str
    maintainer: str


def architecture(program: bytes) -> str:
    if program[:4] != b"\x7fELF":
        raise SystemExit("image: the program is not for Linux; build it on Linux, or use the Containerfile")
    machine = int.from_bytes(program[18:20], "little")
    return ARCHITECTURES.get(machine) or give_up(f"no image is made for ELF machine {machine}")


def libraries(program: Path) -> list[Path]:
    """The loader and the shared libraries, as the loader finds them. The environment is empty:
    what somebody preloads is not the program's."""
    listed = subprocess.run(["ldd", program], env={"PATH": os.defpath}, capture_output=True, text=True, check=True)
    found = re.findall(r"(?:=> |^\s*)(/\S+) \(0x", listed.stdout, re.MULTILINE)
    if "not found" in listed.stdout or not found:
        give_up(f"the loader does not find the program's libraries:\n{listed.stdout}")
    return sorted(map(Path, found))


def owner_of(path: Path) -> Package:
    """The Debian package that a file comes from."""
    candidates = [path, path.resolve(), Path("/usr") / path.relative_to("/"), *without_usr(path.resolve())]
    for candidate in candidates:
        answer = query(["dpkg-query", "--search", str(candidate)])
        if answer:
            return package(answer.split(": ")[0])
    return give_up(f"{path} is of no Debian package. Use the Containerfile, which builds on Debian")


def without_usr(path: Path) -> list[Path]:
    """dpkg may know a library by the name it had before /lib became a link."""
    return [Path("/") / path.relative_to("/usr")] if path.is_relative_to("/usr") else []


def package(name: str) -> Package:
    fields = ["Package", "Version", "Architecture", "source:Package", "Maintainer"]
    answer = query(["dpkg-query", "--show", "--showformat", "\n".join(f"${{{field}}}" for field in fields), name])
    if not answer:
        give_up(f"Debian's package {name} is not installed")
    return Package(*answer.splitlines())


def query(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return give_up("this is not a Debian, whose libraries the image carries. Use the Containerfile")


def system(program: Path, packages: list[Package], uid_gid: tuple[int, int]) -> list[Entry]:
    """All that does not change with Sésame: it is a layer of its own, which upgrades leave alone."""
    uid, gid = uid_gid
    entries = [
        Entry("tmp", mode=0o1777),
        Entry("var/lib/sesame", mode=0o700, owner=uid_gid),
        text("etc/passwd", f"root:x:0:0:root:/:/sbin/nologin\nsesame:x:{uid}:{gid}:Sésame:/:/sbin/nologin\n"),
        text("etc/group", f"root:x:0:\nsesame:x:{gid}:\n"),
        text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        # By this and the stanzas below, vulnerability scanners know the libraries.
        Entry("etc/os-release", Path("/etc/os-release").read_bytes()),
        Entry("etc/ssl/certs/ca-certificates.crt", certificates()),
    ]
    entries += [Entry(str(path.relative_to("/")), path.read_bytes(), 0o755) for path in libraries(program)]
    licenses = set()
    for one in packages:
        copyright_file = Path(f"/usr/share/doc/{one.name}/copyright").read_bytes()
        licenses |= set(re.findall(rb"/usr/share/common-licenses/([A-Z]+-[0-9.]*[0-9])", copyright_file))
        entries += [
            Entry(f"usr/share/doc/{one.name}/copyright", copyright_file),
            text(f"var/lib/dpkg/status.d/{one.name}", stanza(one)),
        ]
    for name in sorted(map(bytes.decode, licenses)):
        entries.append(Entry(f"usr/share/common-licenses/{name}", (COMMON_LICENSES / name).read_bytes()))
    return entries


def packages(program: Path) -> list[Package]:
    """The Debian packages of the libraries and of the certificates, by name."""
    found = {owner_of(path) for path in libraries(program)} | {package(CERTIFICATES)}
    return sorted(found, key=lambda one: one.name)


def certificates() -> bytes:
    """The bundle of the package's authorities, without those that this machine trusts besides."""
    listed = query(["dpkg-query", "--listfiles", CERTIFICATES]).splitlines()
    files = sorted(path for path in listed if path.endswith(".crt"))
    if not files:
        give_up("no certificate authorities: please install Debian's ca-certificates")
    return b"".join(Path(path).read_bytes().rstrip(b"\n") + b"\n" for path in files)


def stanza(one: Package) -> str:
    return (
        f"Package: {one.name}\nStatus: install ok installed\nMaintainer: {one.maintainer}\n"
        f"Architecture: {one.architecture}\nSource: {one.source}\nVersion: {one.version}\n"
    )


def sesame(program: bytes, site: Path, bill_of_materials: bytes) -> list[Entry]:
    """The program, where it looks for its site, and what it is made of."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    return [
        Entry("usr/bin/sesame", program, 0o755),
        Entry("usr/share/doc/sesame/sbom.spdx.json", bill_of_materials),
        *(Entry(f"usr/share/sesame/site/{path.relative_to(site)}", path.read_bytes()) for path in files),
    ]


def text(path: str, content: str) -> Entry:
    return Entry(path, content.encode())


def give_up(why: str):
    raise SystemExit(f"image: {why}.")
