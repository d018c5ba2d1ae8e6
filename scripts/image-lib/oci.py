"""Writing an image as an OCI layout and as an archive, the same bytes at every run: entries in
order, no clock, no owner's name, no compression header that tells when or where.

The archive also carries the `manifest.json` of `docker save`, so that engines which know only that
form load it too. Both point at the same blobs."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Entry:
    """A file, a folder or a link of the image. `content` is None for a folder."""

    path: str
    content: bytes | None = None
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Layer:
    """A layer: what it is for, its packed bytes, and both digests."""

    name: str
    packed: bytes
    digest: str
    diff_id: str
    unpacked_size: int


def layer(name: str, entries: Iterable[Entry], mtime: int) -> Layer:
    """Packs entries, and the folders they lie in, with one time for all."""
    tar = tar_of(with_parents(entries), mtime)
    packed = gzipped(tar)
    return Layer(name, packed, digest_of(packed), digest_of(tar), len(tar))


def gzipped(content: bytes) -> bytes:
    """Compressed, without a time or a name in the header."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
        stream.write(content)
    return packed.getvalue()


def with_parents(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order of their paths, after every folder that none of them names."""
    by_path = {entry.path: entry for entry in entries}
    for path in list(by_path):
        for parent in list(Path(path).parents)[:-1]:
            by_path.setdefault(str(parent), Entry(str(parent), mode=0o755))
    return [by_path[path] for path in sorted(by_path)]


def tar_of(entries: Iterable[Entry], mtime: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.mode, info.mtime = entry.mode, mtime
            info.uid, info.gid = entry.owner
            if entry.content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(entry.content)
                tar.addfile(info, io.BytesIO(entry.content))
    return out.getvalue()


def write_folder(folder: Path, layers: Iterable[tuple[list[Entry], int]]) -> None:
    """Lays the same files out in a folder, for a Containerfile to copy. Needs root for the owners."""
    for entries, mtime in layers:
        with tarfile.open(fileobj=io.BytesIO(tar_of(with_parents(entries), mtime))) as tar:
            # Owners and modes as they are: this archive is our own.
            tar.extraction_filter = lambda member, _: member
            tar.extractall(folder, numeric_owner=True)


@dataclass(frozen=True)
class Image:
    """An image with everything that is written of it."""

    name: str
    config: dict
    layers: list[Layer]

    def config_blob(self) -> bytes:
        unpacked = [layer.diff_id for layer in self.layers]
        return json_of(self.config | {"rootfs": {"type": "layers", "diff_ids": unpacked}})

    def manifest_blob(self) -> bytes:
        labels = self.config["config"]["Labels"]
        return json_of({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, self.config_blob()),
            "layers": [descriptor(LAYER, layer.packed) for layer in self.layers],
            "annotations": {name: labels[name] for name in labels if name.startswith("org.opencontainers.")},
        })

    @property
    def digest(self) -> str:
        return digest_of(self.manifest_blob())

    def files(self) -> dict[str, bytes]:
        """Every file of the layout, and of the archive."""
        blobs = [self.config_blob(), self.manifest_blob(), *(layer.packed for layer in self.layers)]
        manifest = descriptor(MANIFEST, self.manifest_blob()) | {
            "platform": {"architecture": self.config["architecture"], "os": "linux"},
            "annotations": {
                # What containerd and K3s call it, and what podman and skopeo do.
                "io.containerd.image.name": f"docker.io/library/{self.name}",
                "org.opencontainers.image.ref.name": self.name,
            },
        }
        return {blob_path(digest_of(blob)): blob for blob in blobs} | {
            "oci-layout": json_of({"imageLayoutVersion": "1.0.0"}),
            "index.json": json_of({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]}),
            "manifest.json": json_of([{
                "Config": blob_path(digest_of(self.config_blob())),
                "RepoTags": [self.name],
                "Layers": [blob_path(layer.digest) for layer in self.layers],
            }]),
        }

    def write_layout(self, folder: Path) -> None:
        for path, content in self.files().items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def archive(self, mtime: int) -> bytes:
        return tar_of(with_parents(Entry(path, content) for path, content in self.files().items()), mtime)


def descriptor(media_type: str, blob: bytes) -> dict:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}


def digest_of(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def blob_path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def json_of(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
