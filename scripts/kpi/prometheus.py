"""A Prometheus of our own: scrapes one server every second and evaluates the rules as often."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from report import Wrong
from sesame import end, free_port

START_LIMIT_S = 60

# As the chart's PodMonitor labels a target.
CONFIGURATION = """\
global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: sesame
    static_configs:
      - targets: ["127.0.0.1:{port}"]
        labels: {{ namespace: people, container: sesame, pod: sesame-0 }}
"""


@dataclass(frozen=True)
class Rule:
    name: str
    query: str
    is_alert: bool
    labels: dict[str, str]
    annotations: dict[str, str]
    health: str
    error: str
    state: str


class Prometheus:
    def __init__(self, folder: Path, rules: Path, metrics_port: int) -> None:
        folder.mkdir()
        configuration = folder / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(rules=rules, port=metrics_port))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "log"
        self.command = [
            "prometheus",
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]

    def __enter__(self) -> "Prometheus":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                    return self
            except OSError:
                time.sleep(0.1)
        end(self.process)
        raise RuntimeError(f"Prometheus did not start:\n{self.log.read_text()}")

    def __exit__(self, *_: object) -> None:
        end(self.process)

    def _get(self, path: str, **parameters: str) -> dict:
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Wrong(json.load(error)["error"]) from None

    def rules(self) -> list[Rule]:
        """Every rule, in the form that Prometheus prints."""
        return [
            Rule(
                rule["name"],
                rule["query"],
                rule["type"] == "alerting",
                rule.get("labels", {}),
                rule.get("annotations", {}),
                rule["health"],
                rule.get("lastError", ""),
                rule.get("state", ""),
            )
            for group in self._get("rules")["groups"]
            for rule in group["rules"]
        ]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The values of an expression now, each with its labels."""
        result = self._get("query", query=expression)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def metric_names(self) -> set[str]:
        return set(self._get("label/__name__/values"))
