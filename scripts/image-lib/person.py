"""A person with an authenticator, as far as HTTP can tell."""

import http.client
import json
import subprocess
import time
from dataclasses import dataclass

from checks import expect

ORIGIN = "https://sesame.example"
COOKIE = "__Host-sesame"
STEP = 30


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    def session(self) -> str | None:
        """The session cookie's value, if one was set to something."""
        for cookie in self.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.split(";")[0].partition("=")
            if name == COOKIE and value:
                expect("Secure" in cookie and "HttpOnly" in cookie, f"the cookie lacks protection: {cookie}")
                return value
        return None


def ask(port: int, path: str, method: str = "GET", body: bytes | None = None, headers: dict | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Person:
    """Does what the pages do, and keeps what a person keeps."""

    def __init__(self, port: int, username: str):
        self.port, self.username = port, username
        self.password = self.totp = ""
        self.last_step = 0
        self.cookie: str | None = None

    def post(self, path: str, content: dict, port: int | None = None) -> Answer:
        headers = {"Content-Type": "application/json", "Origin": ORIGIN}
        if self.cookie:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        return ask(port or self.port, path, "POST", json.dumps(content).encode(), headers)

    def fine(self, path: str, content: dict) -> dict:
        answer = self.post(path, content)
        expect(answer.status == 200, f"{path}: {answer.status} {answer.body.decode()[:300]}")
        self.cookie = answer.session() or self.cookie
        return answer.json()

    def code(self) -> str:
        """A code that was not used yet, by oathtool. Those of the step before and after count too, so
        that nobody has to wait for the first three."""
        while True:
            now = time.time()
            # Of a step that is about to end, the code would come too late.
            step = max(self.last_step + 1, int(now + 5) // STEP - 1)
            if step <= int(now) // STEP + 1:
                break
            time.sleep(1)
        self.last_step = step
        shown = subprocess.run(["oathtool", "--totp", "--base32", f"--now=@{step * STEP}", "-"],
                               input=self.totp, capture_output=True, text=True, check=True)
        return shown.stdout.strip()

    # --- Steps of a life --------------------------------------------------------------------------

    def register(self) -> str:
        return self.fine("/api/register", {"username": self.username})["ticket"]

    def claim_password(self, ticket: str) -> str:
        claimed = self.fine("/api/generate-password", {"ticket": ticket})
        expect(len(claimed["password"]) == 24, "the password has not 24 characters")
        self.password = claimed["password"]
        return claimed["ticket"]

    def claim_totp(self, ticket: str) -> str:
        claimed = self.fine("/api/generate-2fa", {"ticket": ticket})
        self.totp = claimed["secret"]
        return claimed["ticket"]

    def activate(self, ticket: str) -> None:
        self.fine("/api/activate", {"ticket": ticket, "code": self.code()})
        expect(self.cookie, "activation gave no session")

    def authenticate(self, path: str = "/api/authenticate", port: int | None = None, code: str | None = None) -> Answer:
        body = {"username": self.username, "password": self.password, "code": code or self.code()}
        answer = self.post(path, body, port)
        self.cookie = answer.session() or self.cookie
        return answer

    def enrol(self) -> None:
        self.activate(self.claim_totp(self.claim_password(self.register())))
