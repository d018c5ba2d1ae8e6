"""Every rule and every panel asked of a Prometheus that watches the real server."""

import math
import time

from dashboard import Panel, substituted
from prometheus import Prometheus, Rule
from promql import is_recorded, metrics
from report import Report, Wrong
from sesame import Sesame
from traffic import Traffic

SCRAPE_LIMIT_S = 15
DATA_LIMIT_S = 90
OUTAGE_LIMIT_S = 15
# Whatever the traffic does, these have no reason to.
SILENT = {
    "SesameCensusStale",
    "SesameDatabaseDown",
    "SesameDown",
    "SesameInactiveNotDetected",
    "SesameSensitiveValuesUnsealed",
    "SesameSessionsOnExpiredPairs",
    "SesameTargetDown",
    "SesameVersionsMixed",
}
EXPIRED = 'sum(increase(sesame_outcomes_total{job="sesame",use_case="authenticate",outcome="expired"}[5m]))'
# What the traffic must have led to.
VALUES = {
    "sesame:up:now": lambda value: value == 1,
    "sesame:uptime:ratio_30d": lambda value: 0 < value <= 1,
    "sesame:sensitive_values_sealed:ratio": lambda value: value == 1,
    "sesame:sessions_on_expired_pairs:max": lambda value: value == 0,
    "sesame:inactive_detected:ratio_1d": lambda value: value == 1,
    "sesame:http_success:ratio_5m": lambda value: 0.3 < value < 1,
    "sesame:http_4xx:ratio_15m": lambda value: 0 < value < 0.9,
    "sesame:creation_success:ratio_1h": lambda value: 0 < value < 1,
    "sesame:failed_sign_ins:ratio_15m": lambda value: 0.3 < value < 1,
    "sesame:valid_sign_ins_accepted:ratio_15m": lambda value: 0 < value < 1,
    EXPIRED: lambda value: value > 0,
    'sum(sesame_argon2_refused_total{job="sesame"})': lambda value: value > 0,
    'sum(sesame_throttled_total{job="sesame"})': lambda value: value > 0,
    'max(sesame_accounts{job="sesame",state="expired"})': lambda value: value >= 1,
}


class Question:
    """A query that has to have data, and what was wrong with its last answer."""

    def __init__(self, name: str, query: str, unit: str = "") -> None:
        self.name = name
        self.query = query
        self.unit = unit
        self.problem = "not asked"

    def ask(self, prometheus: Prometheus) -> None:
        try:
            self.problem = self.judge([value for _, value in prometheus.query(self.query)])
        except Wrong as error:
            self.problem = str(error)

    def judge(self, values: list[float]) -> str:
        if not values:
            return "no data"
        if not all(math.isfinite(value) for value in values):
            return f"not a number among {values}"
        # A rounding error is none of ours.
        if self.unit == "percentunit" and not all(-1e-9 <= value <= 1 + 1e-9 for value in values):
            return f"a share outside 0 to 1 among {values}"
        if min(values) < -1e-9:
            return f"less than nothing among {values}"
        return ""


class Expectation(Question):
    """A query whose every value is foreseen."""

    def __init__(self, query: str, holds) -> None:
        super().__init__(f"as the traffic was: {query}", query)
        self.holds = holds

    def judge(self, values: list[float]) -> str:
        return super().judge(values) or ("" if all(map(self.holds, values)) else f"it is {values}")


def check_first_scrape(report: Report, prometheus: Prometheus) -> None:
    with report.check("Prometheus reads the server's metrics"):
        deadline = time.monotonic() + SCRAPE_LIMIT_S
        while not prometheus.query("up == 1"):
            if time.monotonic() > deadline:
                raise Wrong("it does not")
            time.sleep(0.1)


def check(
    report: Report, prometheus: Prometheus, rules: list[Rule], panels: list[Panel], traffic: Traffic
) -> None:
    recorded = [rule for rule in rules if not rule.is_alert]
    questions = [
        Question(f"rule {rule.name} has data", rule.name, "percentunit" if ":ratio" in rule.name else "")
        for rule in recorded
    ]
    for panel in panels:
        for target in panel.targets:
            query = substituted(target.expr)
            questions.append(
                Question(f"panel {panel.title}, query {target.ref} has data", query, target.unit)
            )
    questions += [Expectation(query, holds) for query, holds in VALUES.items()]
    # Scraped metrics of alerts whose expressions are empty while all is well.
    scraped = {name for rule in rules for name in metrics(rule.query) if not is_recorded(name)}
    questions += [Question(f"metric {name} is there", name) for name in sorted(scraped)]
    wait(prometheus, questions, traffic)
    for question in questions:
        report.expect(question.name, [question.problem] if question.problem else [])
    now = prometheus.rules()
    report.expect(
        "Prometheus evaluates every rule",
        [f"{rule.name}: {rule.error}" for rule in now if rule.health != "ok"],
    )
    report.expect(
        "no alert about outages, expiry or encryption is pending or fires", wait_for_silence(prometheus)
    )


def wait(prometheus: Prometheus, questions: list[Question], traffic: Traffic) -> None:
    """Asks until every question has its data at once, or for as long as is sensible."""
    deadline = time.monotonic() + DATA_LIMIT_S
    while True:
        for question in questions:
            question.ask(prometheus)
        if traffic.failure or time.monotonic() > deadline or not any(one.problem for one in questions):
            return
        time.sleep(0.5)


def wait_for_silence(prometheus: Prometheus) -> list[str]:
    """What is not silent, after the time that one late scrape of a busy machine takes to be forgotten."""
    deadline = time.monotonic() + SCRAPE_LIMIT_S
    while True:
        loud = [rule for rule in prometheus.rules() if rule.name in SILENT and rule.state != "inactive"]
        if not loud or time.monotonic() > deadline:
            return [f"{rule.name} is {rule.state}" for rule in loud]
        time.sleep(0.5)


def check_outage(report: Report, prometheus: Prometheus, server: Sesame) -> None:
    with report.check("uptime and SesameDown follow a server that is gone"):
        server.stop()
        deadline = time.monotonic() + OUTAGE_LIMIT_S
        while time.monotonic() < deadline:
            down = [value for _, value in prometheus.query("sesame:up:now")] == [0]
            states = {rule.name: rule.state for rule in prometheus.rules() if rule.is_alert}
            if down and states["SesameDown"] in ("pending", "firing"):
                return
            time.sleep(0.2)
        raise Wrong(f"sesame:up:now is {prometheus.query('sesame:up:now')}")
