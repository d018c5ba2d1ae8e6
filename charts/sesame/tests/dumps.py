"""Runs the script of the backup's job: with a pg_dump that only writes down what it was given, and
with no other program on its PATH than those the script means to call, each of which writes down its
arguments, too."""

import concurrent.futures
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

# (URL, what libpq is told, password). Written out by hand: nothing here takes a URL apart.
READ = [
    (
        "postgres://sesame:Simple0Password@db.example.com:5433/accounts?sslmode=verify-full"
        "&sslrootcert=/var/openfaas/secrets/sesame-database-ca",
        {
            "PGHOST": "db.example.com",
            "PGPORT": "5433",
            "PGUSER": "sesame",
            "PGDATABASE": "accounts",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": "/var/openfaas/secrets/sesame-database-ca",
        },
        "Simple0Password",
    ),
    # What has a meaning in a URL, in a shell or in a password file, as it is encoded…
    (
        "postgres://sesame:p%25q%40r%27s%5Ct%3Au%2Fv%3Fw%23x%20y%22z%24%60a%2A%5B@db/sesame",
        {"PGHOST": "db", "PGUSER": "sesame", "PGDATABASE": "sesame"},
        "p%q@r's\\t:u/v?w#x y\"z$`a*[",
    ),
    # … and as some write it, where Sésame understands it all the same.
    (
        "postgresql://sesame:p%q@r's\\t:u%zz100%@db/sesame",
        {"PGHOST": "db", "PGUSER": "sesame", "PGDATABASE": "sesame"},
        "p%q@r's\\t:u%zz100%",
    ),
    (
        "postgres://sesame:%5c%5C%3a%3A::\\\\%2525@db/d",
        {"PGHOST": "db", "PGDATABASE": "d"},
        "\\\\::::\\\\%25",
    ),
    ("postgres://sesame:%c3%A9%C3%81%e2%82%AC@db/d", {"PGHOST": "db", "PGDATABASE": "d"}, "éÁ€"),
    ("postgres://sesame:$(id)`id`;id&id|id*@db/d", {"PGHOST": "db"}, "$(id)`id`;id&id|id*"),
    ("postgres://s%40e:-nPassword@db/s%2Fd", {"PGUSER": "s@e", "PGDATABASE": "s/d"}, "-nPassword"),
    (
        "postgres://sesame:Within6@[2001:db8::1]:5433/d",
        {"PGHOST": "2001:db8::1", "PGPORT": "5433"},
        "Within6",
    ),
    ("postgres://sesame:WithinBrackets@[::1]/d", {"PGHOST": "::1", "PGPORT": None}, "WithinBrackets"),
    (
        "postgres:///sesame?host=%2Frun%2Fpostgresql&user=ses+ame&password=In%2BQuery%3a+Space",
        {"PGHOST": "/run/postgresql", "PGUSER": "ses ame", "PGDATABASE": "sesame"},
        "In+Query: Space",
    ),
    (
        "postgres://a:First@db/one?ssl-mode=disable&statement-cache-capacity=5&sslmode=require&dbname=two"
        "&password=SecondOne&application_name=x%26y#end",
        {"PGSSLMODE": "require", "PGDATABASE": "two", "PGAPPNAME": "x&y", "PGUSER": "a"},
        "SecondOne",
    ),
    ("postgres://sesame@db", {"PGUSER": "sesame", "PGHOST": "db", "PGDATABASE": None}, None),
]
# What cannot be told to libpq, or is no URL: refused, and not repeated.
UNREAD = [
    "postgres://sesame:Hidden%0APassword@db/d",
    "postgres://sesame:Hidden%00Password@db/d",
    "postgres://sesame:Hidden/Password@db/d",
    "postgres://sesame:Hidden?Password@db/d",
    "postgres://sesame:Hidden#Password@db/d",
    "postgres://sesame:Hidden@Password/Password@db/d",
    "postgres://sesame:HiddenPassword",
    "mysql://sesame:HiddenPassword@db/d",
    "host=db user=sesame password=HiddenPassword",
    "",
]
REAL = ("cat", "date", "find", "ls", "mv", "rm", "tail", "wc")


def shells():
    """Debian's image has dash for a shell and Alpine's has BusyBox: the latter, too, where it is here."""
    return [["/bin/sh"], *([[shutil.which("busybox"), "ash"]] if shutil.which("busybox") else [])]


class Run:
    """One run of a script on a database URL."""

    def __init__(self, shell, script, url, dump_fails=False):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for folder in ("backup", "tmp", "secrets", "bin", "seen"):
                (root / folder).mkdir()
            (root / "secrets/sesame-database-url").write_text(f"{url}\n")
            old = root / "backup/sesame-20200101T000000Z.dump"
            old.write_text("old")
            os.utime(old, (0, time.time() - 400 * 86400))
            for program in REAL:
                real = shutil.which(program)
                fake(root, program, f'exec {real} "$@"')
            fake(
                root,
                "pg_dump",
                f'env -0 >"{root}/seen/environment"\n'
                f'if [ -n "${{PGPASSFILE:-}}" ]; then cp -p -- "$PGPASSFILE" "{root}/seen/pgpass"; fi\n'
                'for argument; do case $argument in --file=*) echo dump >"${argument#--file=}" ;; esac; done\n'
                f"exit {int(dump_fails)}",
            )
            fake(root, "pg_restore", "exit 0")
            # The real one would wait for whatever else this machine writes.
            fake(root, "sync", "exit 0")
            # /tmp/ first: it is a part of what the others put in.
            for known, instead in (
                ("/tmp/", f"{root}/tmp/"),
                ("/var/openfaas/secrets/sesame-database-url", f"{root}/secrets/sesame-database-url"),
                ("cd /backup", f"cd {root}/backup"),
            ):
                script = script.replace(known, instead)
            done = subprocess.run(
                [*shell, "-euc", script],
                env={"PATH": f"{root}/bin", "HOME": "/nonexistent"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            self.code = done.returncode
            self.said = done.stdout + done.stderr
            self.arguments = read(root / "seen/arguments")
            self.environment = dict(
                line.decode().split("=", 1) for line in read(root / "seen/environment").split(b"\0") if line
            )
            passfile = root / "seen/pgpass"
            self.passfile = passfile.read_bytes() if passfile.exists() else None
            self.mode = passfile.stat().st_mode & 0o777 if passfile.exists() else None
            self.left = sorted(path.name for path in (root / "tmp").iterdir())
            self.dumps = sorted(path.name for path in (root / "backup").iterdir())
            self.dump_modes = {
                path.stat().st_mode & 0o777 for path in (root / "backup").iterdir() if path != old
            }


def fake(root, name, text):
    path = root / "bin" / name
    path.write_text(
        f'#!/bin/sh\nPATH={os.environ["PATH"]}\nprintf \'%s \' {name} "$@" >>"{root}/seen/arguments"\n{text}\n'
    )
    path.chmod(0o755)


def read(path):
    return path.read_bytes() if path.exists() else b""


def password_in(passfile):
    """The password that libpq takes from the one line of such a file, for any server."""
    fields, field, escaped = [], "", False
    for char in passfile.decode().removesuffix("\n"):
        if escaped or char not in "\\:" or (char == ":" and len(fields) == 4):
            field, escaped = field + char, False
        elif char == "\\":
            escaped = True
        else:
            fields, field = [*fields, field], ""
    return field if fields == ["*"] * 4 else None


@functools.cache
def problems(script):
    """What is wrong with the script of a backup."""
    return [f"{shell[0]}: {problem}" for shell in shells() for problem in problems_in(shell, script)]


def problems_in(shell, script):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        read = pool.map(lambda case: Run(shell, script, case[0]), READ)
        unread = pool.map(lambda url: Run(shell, script, url), UNREAD)
        failed = pool.submit(Run, shell, script, "postgres://sesame:Hidden%zzPassword%@db/d", True)
        for (url, wanted, password), run in zip(READ, read, strict=True):
            for problem in about_dump(run, url, wanted, password):
                yield f"{url}: {problem}"
        for url, run in zip(UNREAD, unread, strict=True):
            if run.code == 0 or run.environment or len(run.dumps) != 1:
                yield f"{url}: is dumped"
            yield from about_silence(run, ["Hidden", "Password"])
        run = failed.result()
    if run.code == 0 or run.dumps != ["sesame-20200101T000000Z.dump"] or run.left:
        yield f"after a failure {run.dumps} and {run.left} are there"
    if b"sesame-backup: FAILED: " not in run.said:
        yield f"a failure is told as {run.said!r}"
    yield from about_silence(run, ["Hidden", "Password"])


def about_dump(run, url, wanted, password):
    if run.code != 0 or len(run.dumps) != 1 or run.dump_modes != {0o600}:
        yield f"ends with {run.code}, {run.dumps} of modes {run.dump_modes}: {run.said.decode()!r}"
        return
    for variable, value in wanted.items():
        if run.environment.get(variable) != value:
            yield f"{variable} is {run.environment.get(variable)!r}, not {value!r}"
    if run.left:
        yield f"leaves {run.left} in /tmp"
    if password is None:
        return
    if run.passfile is None or password_in(run.passfile) != password:
        yield f"libpq reads {run.passfile} as another password"
    if run.mode != 0o600:
        yield f"the password file's mode is {run.mode}"
    yield from about_silence(run, [password, url])


def about_silence(run, secrets):
    places = {
        "an argument": run.arguments,
        "a variable": "\n".join(run.environment.values()).encode(),
        "what is said": run.said,
    }
    for place, text in places.items():
        if any(secret and secret.encode() in text for secret in secrets):
            yield f"the password is in {place}"
