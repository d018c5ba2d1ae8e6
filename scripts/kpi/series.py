"""What a process tells: few series, labels from closed lists, and nobody's name in them."""

import re
import urllib.error
import urllib.request

from report import Report, Wrong
from sesame import Sesame
from traffic import ADDRESS, Traffic, Visitor

MOST_SERIES = 500
LABELS = {
    "code",
    "directive",
    "fate",
    "le",
    "method",
    "outcome",
    "pair",
    "route",
    "sealed",
    "state",
    "use_case",
    "version",
}
# A counter that begins with its first event has not risen, as far as Prometheus can tell.
FROM_THE_START = [
    f'http_requests_total{{code="{code}",method="POST",route="/api/{route}"}}'
    for route in ("register", "generate-password", "generate-2fa", "activate", "authenticate")
    for code in (429, 500, 503, 504)
] + [
    f'sesame_outcomes_total{{outcome="{outcome}",use_case="authenticate"}}'
    for outcome in ("expired", "invalid_credentials", "throttled")
]


def check_start(report: Report, server: Sesame) -> None:
    there = {canonical(line) for line in samples(server.metrics())}
    missing = [series for series in FROM_THE_START if canonical(series) not in there]
    problems = [f"{len(missing)} are not, such as {missing[0]} and {missing[-1]}"] if missing else []
    report.expect("the counters of faults and refusals are there before the first one", problems)


def check(report: Report, server: Sesame, traffic: Traffic) -> None:
    with report.check("the traffic went as foreseen"):
        traffic.rest()
        if traffic.failure:
            raise traffic.failure
    visitor = Visitor(server, traffic.given)
    before = {canonical(line) for line in samples(server.metrics())}
    for _ in range(20):
        traffic.stray(visitor)
        visitor.send("POST", "/api/authenticate", {"username": traffic.name(), "password": "x" * 24})
    text = server.metrics()
    series = {canonical(line) for line in samples(text)}
    report.expect("odd addresses, methods and names add no series", sorted(series - before))
    count = len(samples(text))
    report.expect(
        f"a process has {MOST_SERIES} series at most ({count})",
        [] if count <= MOST_SERIES else [f"it has {count}"],
    )
    report.expect(
        "labels are of a closed list",
        sorted({name for line in samples(text) for name in labels_of(line)} - LABELS),
    )
    planted = traffic.usernames | traffic.given | {ADDRESS, "127.0.0.1", "planted", "BREW"}
    with report.check(f"none of {len(planted)} names, tickets, secrets and addresses is told"):
        found = [word for word in planted if word and word.lower() in text.lower()]
        found += [
            value
            for line in samples(text)
            for value in labels_of(line).values()
            if looks_like_an_address(value)
        ]
        if found:
            raise Wrong(f"{len(found)} are, such as {found[0]}")
    with report.check("the public port does not tell metrics"):
        try:
            with urllib.request.urlopen(f"{server.url}/metrics", timeout=5) as answer:
                raise Wrong(f"/metrics answered {answer.status}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
    visitor.close()


def samples(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def labels_of(line: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="((?:\\.|[^"\\])*)"', line))


def canonical(line: str) -> tuple[str, ...]:
    """A series by its name and its labels in order."""
    return (re.split(r"[{ ]", line)[0], *sorted(f"{name}={value}" for name, value in labels_of(line).items()))


def looks_like_an_address(value: str) -> bool:
    return bool(re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}(:\d+)?|\[?[0-9a-f]*:[0-9a-f:]+\]?(:\d+)?", value))
