"""Runs every check of the KPIs, one line each; see scripts/test-kpi."""

import signal
import sys
import tempfile
from pathlib import Path

import agreement
import dashboard
import live
import rules
import series
from prometheus import Prometheus
from report import Report
from sesame import Sesame, free_port
from traffic import Traffic

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "charts/sesame/files/rules.yaml"
DASHBOARD = ROOT / "charts/sesame/files/dashboard.json"
TESTS = sorted((ROOT / "charts/sesame/tests").glob("*.test.yaml"))
PAGE = ROOT / "docs/operations/kpi.md"


def main() -> int:
    # Whoever is asked to stop leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    # They take longest, and wait for nothing.
    unit_tests = rules.start_unit_tests(TESTS)
    with report.check("promtool accepts the rules"):
        rules.promtool_check(RULES)
    with report.check("the dashboard is JSON"):
        dashboard.read(DASHBOARD)
    if report.failed == 0:
        with (
            tempfile.TemporaryDirectory(prefix="sesame-kpi.") as folder,
            report.check("a Prometheus of our own came up and went"),
        ):
            with_prometheus(report, Path(folder))
    rules.finish_unit_tests(report, unit_tests)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def with_prometheus(report: Report, folder: Path) -> None:
    metrics_port = free_port()
    panels = dashboard.read(DASHBOARD)
    with Prometheus(folder / "prometheus", RULES, metrics_port) as prometheus:
        # As Prometheus itself has understood them.
        loaded = prometheus.rules()
        rules.lint(report, loaded, TESTS, PAGE)
        dashboard.lint(report, DASHBOARD)
        agreement.check(report, loaded, panels, PAGE)
        server = Sesame(ROOT, folder / "sesame", metrics_port)
        with report.check("the server has lived seven months"):
            server.find()
            veteran = Traffic.veteran(server)
            server.start()
        if not server.runs:
            return
        try:
            series.check_start(report, server)
            # Nothing may happen before: what was counted by then has not risen.
            live.check_first_scrape(report, prometheus)
            with Traffic(server, veteran) as traffic:
                live.check(report, prometheus, loaded, panels, traffic)
                series.check(report, server, traffic)
            live.check_outage(report, prometheus, server)
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
