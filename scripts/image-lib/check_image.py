"""Makes the image twice, looks at it, and takes a person through it; called by scripts/test-image."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import check_archive
import check_life
from checks import Checks, expect
from engine import podman


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("root", "work", "program", "site"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--postgres", required=True, help="folder of PostgreSQL's programs")
    options = parser.parse_args()

    checks = Checks()
    first, second = options.work / "first", options.work / "second"
    with checks.check("the image is made, without network or engine") as say:
        started = time.monotonic()
        make(options.root, first, options.program, options.site, {})
        say(f"{time.monotonic() - started:.1f} s")
    if not first.exists():
        return checks.close()
    with checks.check("it is made again, from another place, time, umask and time zone"):
        program, site = check_archive.copy_for_second_run(options.program, options.site, options.work)
        make(options.root, second, program, site, {"TZ": "Pacific/Chatham", "LC_ALL": "C", "PWD": "/"})
    check_archive.check(checks, options.root, first, second, options.program)

    summary = json.loads((first / "image.json").read_text())
    with checks.check("podman loads it, under its digest") as say:
        loaded = podman("load", "--input", first / "sesame.tar").stdout.strip()
        image = json.loads(podman("image", "inspect", summary["name"]).stdout)[0]
        expect(image["Digest"] == summary["digest"], f"{loaded}: {image['Digest']}")
        say(f"{image['Size']:,} bytes")
    with checks.check("it loads in the form of `docker save`, too"):
        identifier = podman("pull", "--quiet", f"docker-archive:{first / 'sesame.tar'}").stdout.strip()
        expect(identifier == image["Id"], f"as another image: {identifier}")
    check_life.check(checks, options.work, summary["name"], options.postgres)
    return checks.close()


def make(root: Path, out: Path, program: Path, site: Path, environment: dict[str, str]) -> None:
    """Runs scripts/image; where a network could be had, without it."""
    command = [str(root / "scripts/image")]
    if subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode == 0:
        command = ["unshare", "--net", *command]
    done = subprocess.run(
        command, cwd=out.parent if not environment else "/", capture_output=True, text=True, check=False,
        umask=0o022 if not environment else 0o077,
        env=os.environ | environment | {
            "SESAME_BIN": str(program), "SESAME_SITE_DIR": str(site), "SESAME_IMAGE_DIR": str(out),
            "SESAME_IMAGE_ENGINE": "none"})
    expect(done.returncode == 0, done.stderr or done.stdout)


if __name__ == "__main__":
    sys.exit(main())
