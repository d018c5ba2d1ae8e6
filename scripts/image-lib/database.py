"""PostgreSQL in a container of its own: this machine's Debian packages, by a read-only /usr, on a
root filesystem that is otherwise empty. No registry is needed, and process, network, accounts and
data are as separate as in an image. It takes TLS connections with a password only."""

import secrets
import subprocess
from pathlib import Path

from checks import expect, wait_for
from engine import Container, podman

UID = 999
# What the official image's entry point does: the first start is not to be reached from outside.
START = """
set -e
initdb --pgdata=$PGDATA --username=postgres --auth-local=trust --auth-host=reject --encoding=UTF8 --locale=C --no-sync
echo 'hostssl all sesame all scram-sha-256' >>$PGDATA/pg_hba.conf
pg_ctl --wait start --options "-c listen_addresses='' -c unix_socket_directories=/tmp"
psql --host=/tmp --username=postgres --quiet --set=ON_ERROR_STOP=1 --file=/setup/setup.sql
pg_ctl --wait stop
exec postgres -c "listen_addresses=*" -c unix_socket_directories=/tmp -c fsync=off \\
    -c ssl=on -c ssl_cert_file=/setup/server.crt -c ssl_key_file=/setup/server.key
"""


class Database:
    """The server `db`; `start` starts it."""

    def __init__(self, work: Path, programs: str, network: str):
        self.root, self.setup = work / "postgres", work / "postgres-setup"
        self.programs, self.network = programs, network
        self.password = secrets.token_hex(16)
        self.authority = self.setup / "ca.crt"
        self.container = Container("db")
        self.lay_out()

    @property
    def url(self) -> str:
        return f"postgres://sesame:{self.password}@db/sesame?sslmode=verify-full"

    def lay_out(self) -> None:
        for folder in ("etc", "tmp", "usr", "data", "setup"):
            (self.root / folder).mkdir(parents=True)
        for folder in ("tmp", "data"):
            # The tmpfs on top takes its mode.
            (self.root / folder).chmod(0o1777)
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):
            if Path("/", name).is_symlink():
                (self.root / name).symlink_to(f"usr/{name}")
        (self.root / "etc/passwd").write_text(f"postgres:x:{UID}:{UID}::/:/bin/sh\n")
        self.setup.mkdir()
        (self.setup / "setup.sql").write_text(
            f"CREATE ROLE sesame LOGIN PASSWORD '{self.password}'; CREATE DATABASE sesame OWNER sesame;\n")
        self.make_certificates()
        for path in self.setup.iterdir():
            subprocess.run(["chown", f"{UID}:{UID}", path], check=True)
            path.chmod(0o600)

    def make_certificates(self) -> None:
        """An authority, and by it a certificate for the name `db`."""
        (self.setup / "names").write_text("subjectAltName=DNS:db\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for command in (
            ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test authority"],
            ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=db"],
            ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-out", "server.crt",
             "-days", "2", "-extfile", "names"],
        ):
            subprocess.run(["openssl", *command], cwd=self.setup, check=True, capture_output=True)

    def start(self) -> None:
        podman(
            "run", "--detach", "--name", "db", "--network", self.network, "--network-alias", "db",
            "--user", f"{UID}:{UID}", "--volume", "/usr:/usr:ro", "--volume", f"{self.setup}:/setup:ro",
            "--tmpfs", "/data", "--tmpfs", "/tmp",
            "--env", "PGDATA=/data/cluster", "--env", f"PATH={self.programs}:/usr/bin",
            "--rootfs", self.root, "/bin/sh", "-c", START)
        # Over TCP, which only the second start listens on.
        wait_for("PostgreSQL", 60, self.answers, pause=0.2)

    def answers(self) -> bool:
        expect(self.container.inspect()["State"]["Running"], self.container.logs())
        return podman("exec", "db", "pg_isready", "--host=127.0.0.1", check=False).returncode == 0

    def sql(self, statement: str) -> str:
        return podman(
            "exec", "db", "psql", "--host=/tmp", "--username=postgres", "--dbname=sesame", "--no-psqlrc",
            "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", statement).stdout.strip()

    def six_months_pass(self) -> None:
        """Moves everything that was written 184 days into the past, time steps of codes included."""
        past = "interval '184 days'"
        self.sql(
            f"UPDATE accounts SET registered_at = registered_at - {past}, last_sign_in_at = last_sign_in_at - {past},"
            f" last_totp_step = last_totp_step - 184 * 2880;"
            f" UPDATE credential_pairs SET created_at = created_at - {past}, valid_until = valid_until - {past};"
            f" UPDATE sessions SET created_at = created_at - {past}, last_seen_at = last_seen_at - {past},"
            f" expires_at = expires_at - {past};"
            f" UPDATE throttle_lanes SET until = until - {past}")
