"""What can be said of the image without running it."""

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import containerfile
import crates
import make_image
import rootfs
from checks import Checks, expect

SPDX_ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
# An SPDX licence expression: names with AND, OR, WITH and brackets between them.
LICENSE = re.compile(r"[A-Za-z0-9.()+-]+( (AND|OR|WITH) [A-Za-z0-9.()+-]+)*")


@dataclass
class Archive:
    """An image as it was written, unpacked."""

    folder: Path
    blobs: dict[str, bytes]
    manifest: dict
    config: dict
    layers: list[bytes]
    members: dict[str, tarfile.TarInfo]
    contents: dict[str, bytes]

    @classmethod
    def read(cls, folder: Path) -> "Archive":
        with tarfile.open(folder / "sesame.tar") as tar:
            files = {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}
        blobs = {name.removeprefix("blobs/").replace("/", ":"): content
                 for name, content in files.items() if name.startswith("blobs/")}
        index = json.loads(files["index.json"])
        manifest = json.loads(blobs[index["manifests"][0]["digest"]])
        layers = [gzip.decompress(blobs[layer["digest"]]) for layer in manifest["layers"]]
        members, contents = {}, {}
        for layer in layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                for member in tar:
                    members[member.name] = member
                    if member.isfile():
                        contents[member.name] = tar.extractfile(member).read()
        return cls(folder, blobs, manifest, json.loads(blobs[manifest["config"]["digest"]]), layers, members, contents)


def check(checks: Checks, root: Path, folder: Path, again: Path, program: Path) -> None:
    first = Archive.read(folder)
    with checks.check("two runs give the same bytes") as say:
        for file in ("sesame.tar", "sbom.json", "image.json"):
            expect((folder / file).read_bytes() == (again / file).read_bytes(), f"{file} differs")
        say(json.loads((folder / "image.json").read_text())["digest"])
    with checks.check("at most 20 MB, unpacked") as say:
        size = sum(map(len, first.layers))
        say(", ".join(f"{len(layer):,}" for layer in first.layers))
        expect(size <= make_image.LIMIT, f"{size:,} bytes")
    with checks.check("the OCI layout and the archive hold the same, and every digest is right"):
        check_digests(first)
    with checks.check("one program, its loader and its libraries, and nothing else that runs") as say:
        say(check_executables(first))
    with checks.check("every shared library that anything in it needs is there"):
        check_needs(first)
    with checks.check("only /tmp is open to everybody; the data folder is 12000's own; nothing is setuid"):
        check_modes(first)
    with checks.check("Debian's certificate authorities, and none of this machine's own") as say:
        say(check_certificates(first))
    with checks.check("labels, user, entry point, command and ports are the Containerfile's"):
        check_settings(first, root)
    with checks.check("the Containerfile names the versions that the sources name"):
        check_versions(root)
    with checks.check("the bill of materials is SPDX 2.3, and lies in the image too") as say:
        say(check_materials(first))
    with checks.check("the bill of materials has every crate that the program names, and every library") as say:
        say(check_completeness(first, root, program))
    with checks.check("licences: of each Debian package, and of the crates"):
        check_licenses(first)


def check_digests(archive: Archive) -> None:
    for digest, blob in archive.blobs.items():
        expect(digest == "sha256:" + hashlib.sha256(blob).hexdigest(), f"{digest} is of something else")
        expect((archive.folder / "oci/blobs" / digest.replace(":", "/")).read_bytes() == blob, f"{digest} differs")
    for part in (archive.manifest["config"], *archive.manifest["layers"]):
        expect(len(archive.blobs[part["digest"]]) == part["size"], f"{part['digest']} has another size")
    unpacked = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in archive.layers]
    expect(unpacked == archive.config["rootfs"]["diff_ids"], "the layers are not those of the configuration")


def check_executables(archive: Archive) -> str:
    found = {name for name, content in archive.contents.items() if content[:4] == b"\x7fELF" or content[:2] == b"#!"}
    runs = {name for name, member in archive.members.items() if member.isfile() and member.mode & 0o111}
    expect(found == runs, f"executable by mode or by content only: {found ^ runs}")
    expected = re.compile(r"usr/bin/sesame|(usr/)?lib[^/]*/([^/]+/)?(ld-|lib)[^/]*\.so\.[0-9]+")
    others = sorted(name for name in found if not expected.fullmatch(name))
    expect(not others, f"also runs: {others}")
    expect(all(not member.issym() and not member.islnk() for member in archive.members.values()), "there are links")
    return f"{len(found)} files"


def check_needs(archive: Archive) -> None:
    names = {Path(name).name for name, content in archive.contents.items() if content[:4] == b"\x7fELF"}
    for name, content in archive.contents.items():
        if content[:4] == b"\x7fELF":
            with_needs = subprocess.run(["readelf", "--dynamic", "--wide", "/dev/stdin"], input=content,
                                        capture_output=True, check=False).stdout.decode()
            for needed in re.findall(r"\(NEEDED\).*\[(.+)\]", with_needs):
                expect(needed in names, f"{name} needs {needed}")
    loader = re.search(rb"/lib[^\0]*/ld-[^\0]+", archive.contents["usr/bin/sesame"])
    expect(loader and loader[0].decode().lstrip("/") in archive.contents, "the loader is missing")


def check_modes(archive: Archive) -> None:
    for name, member in archive.members.items():
        expect(not member.mode & 0o6000, f"{name} is setuid or setgid")
        expect(not member.mode & 0o002 or name == "tmp", f"{name} is open to everybody")
        expect(member.mtime in (0, archive.members["usr/bin/sesame"].mtime), f"{name} has a time of its own")
        owner = (12000, 12000) if name == "var/lib/sesame" else (0, 0)
        expect((member.uid, member.gid) == owner, f"{name} belongs to {member.uid}:{member.gid}")
    expect(archive.members["tmp"].mode == 0o1777, "/tmp is not for everybody")
    expect(archive.members["var/lib/sesame"].mode == 0o700, "the data folder is not its owner's alone")


def check_certificates(archive: Archive) -> str:
    def bodies(text: str) -> set[str]:
        found = re.findall(r"-----BEGIN CERTIFICATE-----(.+?)-----END", text, re.DOTALL)
        return {"".join(body.split()) for body in found}

    bundle = bodies(archive.contents["etc/ssl/certs/ca-certificates.crt"].decode())
    expect(len(bundle) > 100, f"only {len(bundle)} authorities")
    for path in Path("/usr/local/share/ca-certificates").rglob("*.crt"):
        expect(not bodies(path.read_text()) & bundle, f"{path.name} got in")
    return f"{len(bundle)}"


def check_settings(archive: Archive, root: Path) -> None:
    labels = archive.config["config"]["Labels"]
    known = {"VERSION": "version", "REVISION": "revision", "CREATED": "created", "LICENSES": "licenses"}
    arguments = {argument: labels[f"org.opencontainers.image.{label}"] for argument, label in known.items()}
    settings = containerfile.read(root / "Containerfile", arguments)
    expect(labels == settings.labels, "the labels differ")
    config = archive.config["config"]
    expect(config["User"] == "12000:12000" == settings.user, f"user {config['User']}")
    expect(config["Entrypoint"] == ["/usr/bin/sesame"], f"entry point {config['Entrypoint']}")
    expect(config["Cmd"][0] == "serve", f"command {config['Cmd']}")
    expect(set(config["ExposedPorts"]) == {"8080/tcp", "9090/tcp"}, f"ports {config['ExposedPorts']}")
    expect("Volumes" not in config, "it declares a volume")
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", archive.config["created"]), "no time of creation")
    expect(re.match(r"[0-9a-f]{40}(-dirty)?$|unknown$", arguments["REVISION"]), f"revision {arguments['REVISION']}")


def check_versions(root: Path) -> None:
    text = (root / "Containerfile").read_text()
    channel = re.search(r'^channel *= *"(.+)"', (root / "rust-toolchain.toml").read_text(), re.MULTILINE)[1]
    expect(f"FROM rust:{channel}-" in text, f"the build stage is not of Rust {channel}")
    version = crates.workspace(root)["version"]
    expect(f"ARG VERSION={version}\n" in text, f"ARG VERSION is not {version}")


def check_materials(archive: Archive) -> str:
    written = (archive.folder / "sbom.json").read_bytes()
    path = archive.config["config"]["Labels"]["sesame.sbom"].lstrip("/")
    expect(archive.contents[path] == written, "the image holds another one")
    document = json.loads(written)
    expect(document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0", "not SPDX 2.3")
    expect(document["SPDXID"] == "SPDXRef-DOCUMENT", "no document")
    expect(document["documentNamespace"].startswith("urn:uuid:"), "no namespace")
    expect(document["creationInfo"]["created"] == archive.config["created"], "another time than the image's")
    expect(document["creationInfo"]["creators"], "no creator")
    identifiers = [package["SPDXID"] for package in document["packages"]]
    expect(len(identifiers) == len(set(identifiers)), "an identifier comes twice")
    for package in document["packages"]:
        name = package["name"]
        expect(SPDX_ID.fullmatch(package["SPDXID"]), f"{package['SPDXID']} is no identifier")
        expect(name and package["versionInfo"] and package["downloadLocation"], f"{name} lacks something")
        expect(package["filesAnalyzed"] is False, f"{name}: filesAnalyzed")
        expect(LICENSE.fullmatch(package["licenseDeclared"]), f"{name}: licence {package['licenseDeclared']}")
        for checksum in package.get("checksums", []):
            expect(re.fullmatch("[0-9a-f]{64}", checksum["checksumValue"]), f"{name}: checksum")
        for reference in package.get("externalRefs", []):
            expect(re.fullmatch(r"pkg:(cargo|deb|generic)/[a-zA-Z0-9/._-]+@[^@\s]+", reference["referenceLocator"]),
                   f"{name}: {reference['referenceLocator']}")
    known = {*identifiers, "SPDXRef-DOCUMENT"}
    related = set()
    for relation in document["relationships"]:
        ends = {relation["spdxElementId"], relation["relatedSpdxElement"]}
        expect(ends <= known, f"a relationship names {ends - known}")
        related.add(relation["relatedSpdxElement"])
    expect(related >= set(identifiers), f"belongs to nothing: {set(identifiers) - related}")
    return f"{len(identifiers)} packages, {len(written):,} bytes"


def check_completeness(archive: Archive, root: Path, program: Path) -> str:
    document = json.loads((archive.folder / "sbom.json").read_bytes())
    listed = {(package["name"], package["versionInfo"]): package for package in document["packages"]}
    # What the program says of itself: paths of crates stand in its panic messages.
    path = rb"/registry/src/[^/\0]+/([a-z0-9_-]+)-(\d+\.\d+\.\d+[a-z0-9.+-]*)/"
    named = {(name.decode(), version.decode()) for name, version in re.findall(path, program.read_bytes())}
    for name, version in named:
        expect((name, version) in listed, f"{name} {version} is in the program only")
    locked = crates.lock(root)
    for (name, version), package in listed.items():
        if package["SPDXID"].startswith("SPDXRef-crate-") and "checksums" in package:
            expect(locked.get((name, version)) == package["checksums"][0]["checksumValue"], f"{name}: another checksum")
    expect(any(name == "sqlite" for name, _ in listed), "SQLite is missing")
    expect(any(name == "rust-std" for name, _ in listed), "the standard library is missing")
    for package in rootfs.packages(program):
        expect((package.name, package.version) in listed, f"{package.name} is missing")
    return f"{len(named)} crates named in the program"


def check_licenses(archive: Archive) -> None:
    for name in archive.contents:
        if name.startswith("var/lib/dpkg/status.d/"):
            expect(f"usr/share/doc/{Path(name).name}/copyright" in archive.contents, f"{Path(name).name} has none")
    texts = gzip.decompress(archive.contents["usr/share/doc/sesame/licenses.txt.gz"]).decode()
    for one in ("leptos 0.", "tokio 1.", "ring 0.", "Permission is hereby granted"):
        expect(one in texts, f"{one} is not named")


def copy_for_second_run(program: Path, site: Path, folder: Path) -> tuple[Path, Path]:
    """The same program and site in another place, at another time, written in another order."""
    copied = folder / "elsewhere"
    copied.mkdir()
    shutil.copyfile(program, copied / "sesame")
    (copied / "sesame").chmod(0o700)
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_file():
            target = copied / "site" / path.relative_to(site)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o600)
    return copied / "sesame", copied / "site"
