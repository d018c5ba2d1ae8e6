"""The bill of materials, SPDX 2.3 as JSON: what the program, the site and the root filesystem are
made of. The same bytes at every run."""

import hashlib
import json
import re
import uuid
from urllib.parse import quote

from crates import Crate
from rootfs import Package


class Document:
    """Packages and how they belong together."""

    def __init__(self, name: str, created: str):
        self.name, self.created = name, created
        self.packages: dict[str, dict] = {}
        self.relationships: list[dict] = []

    def add(self, kind: str, name: str, version: str, **rest: object) -> str:
        """Adds a package, once; answers its identifier."""
        identifier = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{kind}-{name}-{version}")
        self.packages.setdefault(identifier, {
            "SPDXID": identifier,
            "name": name,
            "versionInfo": version,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "licenseDeclared": "NOASSERTION",
        } | rest)
        return identifier

    def relate(self, one: str, how: str, other: str) -> None:
        self.relationships.append(
            {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other})

    def text(self) -> bytes:
        content = {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": self.name,
            "creationInfo": {"created": self.created, "creators": ["Tool: sesame-make-image"]},
            "packages": [self.packages[identifier] for identifier in sorted(self.packages)],
            "relationships": sorted(self.relationships, key=lambda one: tuple(sorted(one.items()))),
        }
        # A name that belongs to this content and to no other.
        digest = hashlib.sha256(compact(content)).hexdigest()
        content["documentNamespace"] = uuid.uuid5(uuid.NAMESPACE_OID, digest).urn
        return compact(content)


def compact(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def write(*, sesame: dict, created: str, server: list[Crate], site: list[Crate], packages: list[Package],
          certificates: str, rust: str | None, sqlite: str | None) -> bytes:
    """The document of one image."""
    version, own_license = sesame["version"], sesame["license"]
    document = Document(f"sesame-{version}", created)
    image = document.add("image", "sesame-image", version, licenseDeclared=own_license,
                         primaryPackagePurpose="CONTAINER")
    program = document.add("program", "sesame", version, licenseDeclared=own_license,
                           primaryPackagePurpose="APPLICATION")
    pages = document.add("site", "sesame-site", version, licenseDeclared=own_license,
                         primaryPackagePurpose="APPLICATION")
    document.relate("SPDXRef-DOCUMENT", "DESCRIBES", image)
    document.relate(image, "CONTAINS", program)
    document.relate(image, "CONTAINS", pages)

    for whole, crates in ((program, server), (pages, site)):
        for crate in crates:
            document.relate(whole, "CONTAINS", add_crate(document, crate))
        if rust:
            document.relate(whole, "CONTAINS", document.add(
                "std", "rust-std", rust, licenseDeclared="MIT OR Apache-2.0",
                **purl(f"pkg:generic/rust-std@{rust}")))
    if sqlite:
        document.relate(program, "CONTAINS", document.add(
            "source", "sqlite", sqlite, licenseDeclared="blessing", **purl(f"pkg:generic/sqlite@{sqlite}")))

    for package in packages:
        maintainer = package.maintainer.replace("<", "(").replace(">", ")")
        part = document.add(
            "deb", package.name, package.version, supplier=f"Organization: {maintainer}",
            **purl(f"pkg:deb/debian/{package.name}@{quote(package.version)}?arch={package.architecture}"))
        document.relate(image, "CONTAINS", part)
        if package.name != certificates:
            document.relate(program, "DYNAMIC_LINK", part)
    return document.text()


def add_crate(document: Document, crate: Crate) -> str:
    if not crate.checksum:
        return document.add("crate", crate.name, crate.version, licenseDeclared=crate.license)
    return document.add(
        "crate", crate.name, crate.version, licenseDeclared=crate.license,
        checksums=[{"algorithm": "SHA256", "checksumValue": crate.checksum}],
        **purl(f"pkg:cargo/{crate.name}@{quote(crate.version)}"))


def purl(locator: str) -> dict:
    return {"externalRefs": [
        {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}]}
