"""The image as a cluster runs it, and a person who lives through all of Sésame in it."""

import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

from checks import Checks, expect, wait_for
from database import Database
from engine import HARDENED, Container, podman
from person import ORIGIN, Person, ask

UID = 12000
# Somebody else's number, as some clusters choose it.
OTHER_UID = 23456
SECRETS = "/var/openfaas/secrets"
# Seconds that a start and a stop may take, on a machine that is busy with other things.
START_LIMIT, STOP_LIMIT = 30, 10


class World:
    """What the containers have in common."""

    def __init__(self, work: Path, image: str, postgres: str):
        self.work, self.image = work, image
        self.network = f"sesame-{work.name.split('.')[-1].lower()}"
        podman("network", "create", self.network)
        self.database = Database(work, postgres, self.network)

    def secrets(self, uid: int) -> Path:
        """The folder of secrets as Kubernetes projects it: for root and for one group."""
        folder = self.work / f"secrets-{uid}"
        folder.mkdir(mode=0o755)
        authority = f"{SECRETS}/sesame-database-ca"
        (folder / "sesame-database-url").write_text(f"{self.database.url}&sslrootcert={authority}\n")
        shutil.copyfile(self.database.authority, folder / "sesame-database-ca")
        shutil.copyfile(self.work / "keys/sesame-keys", folder / "sesame-keys")
        for path in folder.iterdir():
            subprocess.run(["chown", f"0:{uid}", path], check=True)
            path.chmod(0o440)
        return folder

    def options(self, uid: int = UID) -> list[str]:
        return [
            *HARDENED, "--user", f"{uid}:{uid}", "--network", self.network,
            "--volume", f"{self.work}/secrets-{uid}:{SECRETS}:ro", "--env", f"SESAME_PUBLIC_URL={ORIGIN}"]

    def start(self, name: str, *words: str, uid: int = UID, ports: tuple[int, ...] = ()) -> Container:
        published = [option for port in ports for option in ("--publish", f"127.0.0.1::{port}")]
        return Container.start(name, *self.options(uid), *published, self.image, *words)

    def once(self, *words: str, options: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        return podman("run", "--rm", *(self.options() if options is None else options), self.image, *words, check=False)


def check(checks: Checks, work: Path, image: str, postgres: str) -> None:
    world = World(work, image, postgres)
    with checks.check("`keys generate` needs nothing but a folder to write to"):
        make_keys(world)
    with checks.check("`migrate --wait` waits for a database that is not there yet, by name, over verified TLS") as say:
        migrate(world, say)
    with checks.check("`migrate` twice at once: both succeed, nothing is left to do"):
        both = [world.start(f"migrate-{number}", "migrate") for number in (1, 2)]
        for one in both:
            expect(one.wait() == 0, one.logs())
    with checks.check("without the authority's file, the system's authorities are asked, and refuse"):
        refuse_unknown_authority(world)

    server: Container | None = None
    with checks.check("`serve` gets ready") as say:
        server = start_server(world, checks, say)
    if server:
        check_service(checks, world, server)
        check_confinement(checks, server)
        with checks.check(f"SIGTERM ends it within {STOP_LIMIT} s, exit code 0") as say:
            stop(server, say)
    check_function(checks, world)
    check_other_user(checks, world)
    check_all_in_one(checks, world)


def make_keys(world: World) -> None:
    folder = world.work / "keys"
    folder.mkdir()
    subprocess.run(["chown", f"{UID}:{UID}", folder], check=True)
    done = world.once("keys", "generate", "--keys-file", "/keys/sesame-keys",
                      options=[*HARDENED, "--network", "none", "--volume", f"{folder}:/keys"])
    expect(done.returncode == 0, done.stderr)
    for uid in (UID, OTHER_UID):
        world.secrets(uid)


def migrate(world: World, say) -> None:
    waiting = world.start("migrate", "migrate", "--wait", "60")
    time.sleep(1)
    expect(waiting.inspect()["State"]["Running"], f"it did not wait: {waiting.logs()}")
    world.database.start()
    code = waiting.wait()
    expect(code == 0, f"exit code {code}: {waiting.logs()}")
    say(next(line for line in waiting.logs().splitlines() if "applied" in line))


def refuse_unknown_authority(world: World) -> None:
    done = world.once("migrate", options=[
        *HARDENED, "--network", world.network, "--env", f"DATABASE_URL={world.database.url}"])
    expect(done.returncode == 1, f"exit code {done.returncode}: {done.stderr}")
    expect("UnknownIssuer" in done.stderr, done.stderr)


def start_server(world: World, checks: Checks, say) -> Container:
    began = time.time()
    # The image's own command; only the ports are chosen.
    server = world.start("sesame", ports=(8080, 9090))
    until_ready(server)
    ready = time.time()
    since_process = ready - server.started_at()
    say(f"{since_process:.2f} s after its process, {ready - began:.2f} s after `podman run`")
    checks.figures.append(f"start-up to ready: {since_process:.2f} s")
    return server


def until_ready(container: Container) -> int:
    """Waits for it; its published port."""
    port = container.port(8080)
    try:
        wait_for(f"{container.name} is ready", START_LIMIT, lambda: ask(port, "/_/ready").status == 200)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{container.logs()}") from None
    return port


def check_service(checks: Checks, world: World, server: Container) -> None:
    port, metrics = server.port(8080), server.port(9090)
    with checks.check("health and readiness answer OK, and `sesame health` says so from inside"):
        for path in ("/_/health", "/_/ready"):
            answer = ask(port, path)
            expect((answer.status, answer.body) == (200, b"OK"), f"{path}: {answer}")
        done = server.execute("/usr/bin/sesame", "health", "--url", "http://127.0.0.1:8080/_/ready")
        expect(done.returncode == 0, done.stderr)
        done = server.execute("/usr/bin/sesame", "health", "--url", "http://127.0.0.1:1/_/ready")
        expect(done.returncode == 3, f"nobody listens, and the exit code is {done.returncode}")
    with checks.check("pages and their assets come, compressed for those who can"):
        expect("Sésame" in ask(port, "/").body.decode(), "no page")
        plain = ask(port, "/pkg/sesame.wasm")
        small = ask(port, "/pkg/sesame.wasm", headers={"Accept-Encoding": "br"})
        expect(plain.status == 200 and plain.body[:4] == b"\0asm", f"{plain.status}")
        expect(small.headers["Content-Encoding"] == "br" and len(small.body) < len(plain.body) / 2, small.headers)
        expect(small.headers["Content-Type"] == "application/wasm", small.headers)
    with checks.check("its connection to the database is encrypted"):
        encrypted = world.database.sql(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'sesame'")
        expect(encrypted == "t", encrypted)
    check_life(checks, world, port)
    with checks.check("metrics are on their own port only, and say what happened") as say:
        expect(ask(port, "/metrics").status == 404, "metrics on the service's port")
        text = ask(metrics, "/metrics").body.decode()
        for line in ("sesame_build_info{", "http_requests_total{", 'use_case="authenticate"'):
            expect(line in text, f"no {line}")
        series = sum(1 for line in text.splitlines() if line and not line.startswith("#"))
        say(f"{series} series")
        expect(series <= 500, "too many series")


def check_life(checks: Checks, world: World, port: int) -> None:
    """Each step needs the one before: after the first that fails the rest would say nothing."""
    person = Person(port, "camille.roux")
    old = Person(port, "camille.roux")

    def session() -> int:
        return person.post("/api/session", {}).status

    def sign_out() -> None:
        answer = person.post("/api/sign-out", {})
        expect(answer.status == 204, answer)
        expect(session() == 401, "the session still works")

    def authenticate() -> None:
        answer = person.authenticate()
        expect(answer.status == 200 and answer.json()["status"] == "authenticated", answer.body)
        expect(session() == 200, "no session")

    def six_months_later() -> None:
        world.database.six_months_pass()
        person.last_step = 0
        expect(session() == 401, "a session outlived its secrets")
        person.cookie = None
        answer = person.authenticate()
        expect(answer.status == 200 and answer.json()["status"] == "expired", answer.body)
        expect(answer.session() is None, "expired secrets opened a session")
        tickets.append(answer.json()["ticket"])

    def renew() -> None:
        old.password, old.totp = person.password, person.totp
        person.activate(person.claim_totp(person.claim_password(tickets.pop())))
        expect(person.password != old.password and person.totp != old.totp, "a secret stayed the same")
        expect(session() == 200, "no session")

    def old_refused() -> None:
        old.last_step = person.last_step
        answer = old.authenticate()
        expect(answer.status == 401 and answer.json()["code"] == "invalid_credentials", answer.body)

    tickets: list[str] = []
    steps = [
        ("register", lambda: tickets.append(person.register())),
        ("generate-password", lambda: tickets.append(person.claim_password(tickets.pop()))),
        ("generate-2fa", lambda: tickets.append(person.claim_totp(tickets.pop()))),
        ("activate, with a code by oathtool", lambda: person.activate(tickets.pop())),
        ("session", lambda: expect(session() == 200, "no session")),
        ("sign out", sign_out),
        ("authenticate", authenticate),
        ("six months later both secrets are expired, and so is the session", six_months_later),
        ("renew", renew),
        ("the old pair is refused", old_refused),
        ("the new pair works", authenticate),
    ]
    for name, step in steps:
        before = checks.failed
        with checks.check(f"a life: {name}"):
            step()
        if checks.failed > before:
            break


def check_confinement(checks: Checks, server: Container) -> None:
    with checks.check("there is no shell and no other program to execute"):
        for program in ("sh", "/bin/sh", "bash", "busybox", "ls", "/lib64/ld-linux-x86-64.so.2 /bin/sh"):
            expect(server.execute(*program.split()).returncode != 0, f"{program} runs")
    status = server.status()
    with checks.check("it is process 1, alone, as 12000, with no capability, no new privileges, under seccomp"):
        expect(status["NSpid"].split()[-1] == "1", f"process {status['NSpid']}")
        expect(len(podman("top", server.name, "pid").stdout.split()) == 2, "there are other processes")
        expect(set(status["Uid"].split()) == {str(UID)} == set(status["Gid"].split()), status["Uid"])
        expect(all(int(status[one], 16) == 0 for one in ("CapPrm", "CapEff", "CapBnd", "CapAmb")), "capabilities")
        expect(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", "privileges or seccomp")
    with checks.check("nothing is writable but /tmp") as say:
        writable = server.writable(UID, UID)
        say(", ".join(writable))
        expect(writable == ["/tmp"], writable)
    with checks.check("thirty-two sign-ins at once stay within the memory limit of 128 MiB") as say:
        expect(server.memory_limit() == 128 << 20, f"the limit is {server.memory_limit()}")
        resting = kibibytes(server.status()["VmRSS"])
        statuses = burst(server.port(8080), 32)
        # On a busy machine some are told to come back (503, 504); none may go unanswered.
        expect(401 in statuses and statuses <= {401, 503, 504}, statuses)
        peak = kibibytes(server.status()["VmHWM"])
        expect(server.inspect()["State"]["OOMKilled"] is False and server.inspect()["RestartCount"] == 0, "killed")
        say(f"{resting / 1024:.0f} MiB before, {peak / 1024:.0f} MiB at most")
        checks.figures.append(f"memory: {resting / 1024:.0f} MiB resting, {peak / 1024:.0f} MiB at most")
    with checks.check("its log is JSON, and holds no secret of the person's"):
        log = server.logs()
        lines = [line for line in log.splitlines() if not line.startswith("Sésame")]
        expect(lines and all(line.startswith("{") for line in lines), lines[:3])
        expect(not re.search(r'"(password|secret|ticket|code)":', log), "a secret's name is in the log")


def burst(port: int, count: int) -> set[int | str]:
    """Sign-ins of nobody at once; the statuses, or why there was none."""
    found: list[int | str] = []

    def sign_in(number: int) -> None:
        person = Person(port, f"nobody{number}")
        person.password = "x" * 24
        try:
            found.append(person.authenticate(code="123456").status)
        except OSError as error:
            found.append(type(error).__name__)

    threads = [threading.Thread(target=sign_in, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(found)


def kibibytes(text: str) -> int:
    return int(text.split()[0])


def stop(container: Container, say) -> None:
    began = time.monotonic()
    podman("stop", "--time", str(STOP_LIMIT * 2), container.name)
    took = time.monotonic() - began
    state = container.inspect()["State"]
    expect(state["ExitCode"] == 0, f"exit code {state['ExitCode']}")
    expect(took < STOP_LIMIT, f"{took:.1f} s")
    say(f"{took:.1f} s")


def check_function(checks: Checks, world: World) -> None:
    """The same image as one OpenFaaS function, with its own ports and its own way of stopping."""
    function: Container | None = None
    with checks.check("`function authenticate-user` gets ready on its own ports"):
        function = world.start("function", "function", "authenticate-user", ports=(8080, 8081))
        until_ready(function)
        expect("sesame_build_info{" in ask(function.port(8081), "/metrics").body.decode(), "no metrics on 8081")
    if not function or checks.failed and not function.inspect()["State"]["Running"]:
        return
    with checks.check("it signs somebody in at /, whom the pages enrolled, and has no pages itself"):
        server = world.start("web", ports=(8080,))
        until_ready(server)
        person = Person(server.port(8080), "noah.petit")
        person.enrol()
        answer = person.authenticate("/", function.port(8080))
        expect(answer.status == 200 and answer.json()["status"] == "authenticated", answer.body)
        expect(person.post("/api/session", {}).status == 200, "its session does not work on the web")
        expect(ask(function.port(8080), "/compte").status == 404, "it has pages")
        server.remove()
    with checks.check("it holds its lock file in /tmp while it is healthy, drains on SIGTERM and exits 0") as say:
        lock = Path(f"/proc/{function.pid}/root/tmp/.lock")
        expect(lock.exists(), "no lock file")
        began = time.monotonic()
        podman("kill", "--signal", "TERM", function.name)
        wait_for("drains", 3, lambda: ask(function.port(8080), "/_/health").status == 503)
        expect(not lock.exists(), "the lock file is still there")
        expect(function.wait(30) == 0, f"exit code {function.inspect()['State']['ExitCode']}")
        say(f"{time.monotonic() - began:.1f} s")


def check_other_user(checks: Checks, world: World) -> None:
    with checks.check(f"any other number does as well as 12000 ({OTHER_UID})"):
        other = world.start("other", uid=OTHER_UID, ports=(8080,))
        until_ready(other)
        expect(set(other.status()["Uid"].split()) == {str(OTHER_UID)}, other.status()["Uid"])
        expect(other.writable(OTHER_UID, OTHER_UID) == ["/tmp"], "something else is writable")
        other.remove()


def check_all_in_one(checks: Checks, world: World) -> None:
    """One container, SQLite on a volume, no secret handed in."""
    alone = [*HARDENED, "--env", f"SESAME_PUBLIC_URL={ORIGIN}"]
    with checks.check("without database and without volume it refuses to start, with a sentence") as say:
        done = world.once(options=alone)
        expect(done.returncode == 1, f"exit code {done.returncode}: {done.stderr}")
        say(done.stderr.strip().splitlines()[-1])
    podman("volume", "create", "sesame-data")
    alone += ["--volume", "sesame-data:/var/lib/sesame", "--publish", "127.0.0.1::8080"]
    person = Person(0, "lea.moreau")
    with checks.check("all in one, with SQLite on a volume: somebody enrols"):
        server = Container.start("alone", *alone, world.image)
        person.port = until_ready(server)
        person.enrol()
        expect(person.post("/api/session", {}).status == 200, "no session")
        writable = [path for path in server.writable(UID, UID) if not path.startswith("/var/lib/sesame/")]
        expect(writable == ["/tmp", "/var/lib/sesame"], writable)
    with checks.check("another container on the same volume knows them"):
        stop(Container("alone"), lambda _: None)
        Container("alone").remove()
        server = Container.start("alone", *alone, world.image)
        person.port = until_ready(server)
        expect(person.post("/api/session", {}).status == 200, "the session is gone")
        answer = person.authenticate()
        expect(answer.status == 200 and answer.json()["status"] == "authenticated", answer.body)
