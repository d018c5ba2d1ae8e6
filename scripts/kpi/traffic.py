"""People and programs at the API: everything that the KPIs count, again and again until it is enough."""

import http.client
import json
import secrets
import subprocess
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sesame import Sesame

VETERAN_DAYS = 220
STEP = timedelta(seconds=30)
# More at once than can be hashed and wait for it (see SETTINGS).
RUSH = 12
PAGES = ("/", "/compte/nouveau", "/aide", "/compte")
ASSETS = ("/favicon.svg", "/robots.txt")
# A client's claim about where it comes from.
ADDRESS = "203.0.113.77"


@dataclass
class Person:
    username: str
    password: str = ""
    totp: str = ""

    def code(self, when: datetime) -> str:
        """What the authenticator shows at that time."""
        moment = when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        command = ["oathtool", "--totp", "--base32", f"--now={moment}", self.totp]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Visitor:
    """One connection to the server. Keeps whatever the server gave out, to look for it later."""

    def __init__(self, server: Sesame, given: set[str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
        self.origin = server.url
        self.given = given
        self.cookie = ""

    def close(self) -> None:
        self.connection.close()

    def send(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        headers = {"Origin": self.origin, "X-Forwarded-For": ADDRESS}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.cookie:
            headers["Cookie"] = self.cookie
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if cookie := answer.headers.get("Set-Cookie"):
            self.cookie = cookie.partition(";")[0]
            self.given.add(self.cookie.partition("=")[2])
        is_json = "json" in (answer.headers.get("Content-Type") or "")
        told = json.loads(content) if is_json and content else {}
        self.given |= {str(told[key]) for key in ("ticket", "password", "secret") if key in told}
        return answer.status, told

    def post(self, path: str, expected: int, **body: object) -> dict:
        status, told = self.send("POST", f"/api/{path}", body)
        if status != expected:
            raise RuntimeError(f"/api/{path} answered {status} {told} instead of {expected}")
        return told

    def enrol(self, username: str) -> tuple[Person, str]:
        """Registers and claims both secrets: what is left is the proof, with the ticket for it."""
        ticket = self.post("register", 200, username=username)["ticket"]
        issued = self.post("generate-password", 200, ticket=ticket)
        totp = self.post("generate-2fa", 200, ticket=issued["ticket"])
        return Person(username, issued["password"], totp["secret"]), totp["ticket"]

    def sign_in(self, person: Person, expected: int, code: str | None) -> dict:
        body = {"username": person.username, "password": person.password, "code": code}
        return self.post("authenticate", expected, **body)


class Traffic:
    """Rounds of traffic in the background, until it is left."""

    def __init__(self, server: Sesame, veteran: Person) -> None:
        self.server = server
        self.veteran = veteran
        self.usernames = {veteran.username}
        self.given: set[str] = {veteran.password, veteran.totp}
        self.failure: Exception | None = None
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.run)

    @staticmethod
    def veteran(server: Sesame) -> Person:
        """Has somebody enrol seven months ago, who never came back."""
        server.start(days_ago=VETERAN_DAYS)
        try:
            visitor = Visitor(server, set())
            person, ticket = visitor.enrol("veteran.planted")
            then = datetime.now(timezone.utc) - timedelta(days=VETERAN_DAYS)
            visitor.post("activate", 200, ticket=ticket, code=person.code(then))
            visitor.close()
            return person
        finally:
            server.stop()

    def __enter__(self) -> "Traffic":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()

    def rest(self) -> None:
        """Ends the round under way, and no other begins."""
        self.enough.set()
        self.thread.join()

    def run(self) -> None:
        try:
            number = 0
            while not self.enough.is_set():
                self.round(number)
                number += 1
        except Exception as error:  # told by the check that waits for the data
            self.failure = error

    def name(self) -> str:
        username = f"planted.{secrets.token_hex(6)}"
        self.usernames.add(username)
        return username

    def round(self, number: int) -> None:
        visitor = Visitor(self.server, self.given)
        now = datetime.now(timezone.utc)
        person, ticket = visitor.enrol(self.name())
        wrong = "000000" if person.code(now) != "000000" else "111111"
        visitor.post("activate", 422, ticket=ticket, code=wrong)
        visitor.post("activate", 200, ticket=ticket, code=person.code(now))
        visitor.post("activate", 410, ticket=ticket, code=wrong)
        visitor.post("session", 200)
        if number % 2:
            visitor.post("renew", 200, code=person.code(now + STEP))
        else:
            visitor.sign_in(person, 200, person.code(now + STEP))
        visitor.post("sign-out", 204)
        visitor.cookie = ""
        visitor.post("session", 401)
        visitor.sign_in(person, 401, wrong)
        visitor.post("register", 409, username=person.username)
        visitor.post("register", 400, username="!")
        # Somebody who stopped half-way comes back.
        halfway, _ = visitor.enrol(self.name())
        told = visitor.sign_in(halfway, 200, None)
        assert told["status"] == "activation_required", told
        if number < 2:
            # Each code once: this step's, then the next one's.
            told = visitor.sign_in(self.veteran, 200, self.veteran.code(now + number * STEP))
            assert told["status"] == "expired", told
        self.guess(visitor)
        self.look_around(visitor)
        self.rush()
        visitor.close()

    def guess(self, visitor: Visitor) -> None:
        """Tries passwords until it is throttled, which it is after a few."""
        body = {"username": self.name(), "password": "x" * 24, "code": "123456"}
        statuses = []
        while 429 not in statuses and len(statuses) < 12:
            statuses.append(visitor.send("POST", "/api/authenticate", body)[0])
        assert statuses[0] == 401 and statuses[-1] == 429, statuses

    def look_around(self, visitor: Visitor) -> None:
        """Pages, files, probes, and addresses and methods that nobody foresaw."""
        for path in (*PAGES, *ASSETS, "/_/health", "/_/ready", "/api/openapi.json", "/api/verify"):
            visitor.send("GET", path)
        self.stray(visitor)

    def stray(self, visitor: Visitor) -> None:
        odd = self.name()
        visitor.send("GET", f"/{odd}")
        visitor.send("GET", f"/api/{odd}?ticket={odd}")
        visitor.send("BREW", "/")
        visitor.send(odd.replace(".", "").upper(), "/api/register")

    def rush(self) -> None:
        """Many passwords to hash at once, tried and new ones: some meet a queue that is full."""

        def one(path: str, body: dict) -> None:
            visitor = Visitor(self.server, self.given)
            visitor.send("POST", path, body)
            visitor.close()

        visitor = Visitor(self.server, self.given)
        requests = []
        for _ in range(RUSH // 2):
            attempt = {"username": self.name(), "password": "x" * 24, "code": "123456"}
            requests.append(("/api/authenticate", attempt))
            ticket = visitor.post("register", 200, username=self.name())["ticket"]
            requests.append(("/api/generate-password", {"ticket": ticket}))
        visitor.close()
        crowd = [threading.Thread(target=one, args=request) for request in requests]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
