"""Makes the image out of a built program and site; called by scripts/image."""

import argparse
import datetime
import json
import shutil
from pathlib import Path

import containerfile
import crates
import oci
import rootfs
import sbom

# In bytes, layers unpacked.
LIMIT = 20_000_000


def main() -> None:
    options = arguments()
    program = options.program.read_bytes()
    sesame = crates.workspace(options.root)
    created = datetime.datetime.fromtimestamp(options.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    settings = containerfile.read(options.root / "Containerfile", {
        "VERSION": sesame["version"], "REVISION": options.revision, "CREATED": created,
        "LICENSES": sesame["license"]})

    packages = rootfs.packages(options.program)
    server, site = crates.of_server(options.root), crates.of_site(options.root)
    materials = sbom.write(
        sesame=sesame, created=created, server=server, site=site, packages=packages,
        certificates=rootfs.CERTIFICATES, rust=crates.compiler(program), sqlite=crates.bundled_sqlite(server))
    licenses = crates.license_texts(sorted(set(server + site), key=lambda crate: (crate.name, crate.version)))

    system = rootfs.system(options.program, packages, settings.uid_gid)
    sesame_files = rootfs.sesame(program, options.site, materials)
    sesame_files.append(oci.Entry("usr/share/doc/sesame/licenses.txt.gz", oci.gzipped(licenses.encode())))
    # The lower layer has no time, so that it stays the same from version to version. The upper one
    # has the commit's: browsers ask by it whether what they keep is still right.
    if options.rootfs:
        oci.write_folder(options.rootfs, [(system, 0), (sesame_files, options.epoch)])
        return
    layers = [oci.layer("system", system, 0), oci.layer("sesame", sesame_files, options.epoch)]
    image = oci.Image(f"sesame:{sesame['version']}", {
        "architecture": rootfs.architecture(program),
        "os": "linux",
        "created": created,
        "config": {
            "User": settings.user,
            "WorkingDir": settings.workdir,
            "Entrypoint": settings.entrypoint,
            "Cmd": settings.cmd,
            "Env": settings.env,
            "ExposedPorts": {port: {} for port in settings.ports},
            "Labels": settings.labels,
            "StopSignal": settings.stop_signal,
        },
        "history": [{"created": created, "created_by": f"make image: {layer.name}"} for layer in layers],
    }, layers)
    write(options.out, image, materials, options.epoch)
    report(image, system, sesame_files)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the checkout")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--epoch", type=int, required=True, help="the time of everything, in seconds")
    parser.add_argument("--revision", required=True)
    parser.add_argument("--out", type=Path, help="folder that the image is written to")
    parser.add_argument("--rootfs", type=Path, help="write the bare files there instead")
    return parser.parse_args()


def write(out: Path, image: oci.Image, materials: bytes, epoch: int) -> None:
    """Everything anew: blobs of an earlier image would stay in the layout."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    image.write_layout(out / "oci")
    (out / "sesame.tar").write_bytes(image.archive(epoch))
    (out / "sbom.json").write_bytes(materials)
    summary = {
        "name": image.name,
        "digest": image.digest,
        "size": sum(layer.unpacked_size for layer in image.layers),
        "packed": sum(len(layer.packed) for layer in image.layers),
    }
    (out / "image.json").write_text(json.dumps(summary, indent=2) + "\n")


def report(image: oci.Image, system: list[oci.Entry], sesame: list[oci.Entry]) -> None:
    parts = [
        ("program", "usr/bin/"), ("site", "usr/share/sesame/"), ("libraries", "lib"),
        ("certificates", "etc/ssl/"), ("papers (SBOM, licences)", "usr/share/doc/"),
        ("papers (licences in full)", "usr/share/common-licenses/")]
    revision = image.config["config"]["Labels"]["org.opencontainers.image.revision"]
    print(f"{image.name}, linux/{image.config['architecture']}, {revision}")
    for name, prefix in parts:
        size = sum(len(entry.content or b"") for entry in system + sesame if entry.path.startswith(prefix))
        print(f"  {name:<26} {size:>10,}")
    for layer in image.layers:
        print(f"layer {layer.name:<8} {layer.unpacked_size:>11,}  packed {len(layer.packed):>10,}  {layer.digest}")
    whole = sum(layer.unpacked_size for layer in image.layers)
    verdict = "" if whole <= LIMIT else f"  MORE THAN {LIMIT:,}"
    print(f"whole          {whole:>11,}  packed {sum(len(layer.packed) for layer in image.layers):>10,}{verdict}")
    print(f"digest {image.digest}")


if __name__ == "__main__":
    main()
