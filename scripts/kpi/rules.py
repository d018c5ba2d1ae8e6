"""The rules by themselves: promtool's opinion, their unit tests, and the conventions in their file."""

import re
import subprocess
from pathlib import Path

from prometheus import Rule
from promql import is_recorded, metrics, selectors
from report import Report, Wrong

LEAST_UNIT_TESTS = 25
JOB = 'job=~".*sesame.*"'


def promtool_check(rules: Path) -> None:
    done = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True)
    if done.returncode != 0:
        raise Wrong(done.stdout + done.stderr)


def start_unit_tests(files: list[Path]) -> list[tuple[Path, subprocess.Popen]]:
    command = ["promtool", "test", "rules"]
    pipe = subprocess.PIPE
    return [(file, subprocess.Popen([*command, file], stdout=pipe, stderr=pipe, text=True)) for file in files]


def finish_unit_tests(report: Report, running: list[tuple[Path, subprocess.Popen]]) -> None:
    count = 0
    for file, process in running:
        tests = len(re.findall(r"^  - name: ", file.read_text(), re.MULTILINE))
        count += tests
        with report.check(f"promtool: the {tests} unit tests of {file.name}"):
            out, error = process.communicate(timeout=300)
            if process.returncode != 0:
                raise Wrong(f"\n{out}{error}")
    report.expect(
        f"there are {LEAST_UNIT_TESTS} unit tests or more",
        [] if count >= LEAST_UNIT_TESTS else [f"there are {count}"],
    )


def lint(report: Report, rules: list[Rule], tests: list[Path], page: Path) -> None:
    recorded = {rule.name for rule in rules if not rule.is_alert}
    alerts = [rule for rule in rules if rule.is_alert]
    report.expect(
        "every selector of a scraped metric names the job",
        [
            f"{rule.name}: {name}{matchers}"
            for rule in rules
            for name, matchers in selectors(rule.query)
            if not is_recorded(name) and JOB not in matchers
        ],
    )
    report.expect(
        "every recorded series that a rule uses is recorded",
        [
            f"{rule.name}: {name}"
            for rule in rules
            for name in metrics(rule.query)
            if is_recorded(name) and name not in recorded
        ],
    )
    text = "".join(file.read_text() for file in tests)
    report.expect(
        "every alert is expected to fire by some unit test",
        [alert.name for alert in alerts if not re.search(rf'alertname="{alert.name}"', text)],
    )
    anchors = headings(page)
    problems = []
    for alert in alerts:
        if not alert.name.startswith("Sesame"):
            problems.append(f"{alert.name} does not begin with Sesame")
        if alert.labels.get("severity") not in ("critical", "warning"):
            problems.append(f"{alert.name} has severity {alert.labels.get('severity')}")
        for annotation in ("summary", "description", "runbook_url"):
            if not alert.annotations.get(annotation, "").strip():
                problems.append(f"{alert.name} has no {annotation}")
        book, _, anchor = alert.annotations.get("runbook_url", "").partition("#")
        if book != "docs/operations/kpi.md" or anchor not in anchors:
            problems.append(f"{alert.name} points to {book}#{anchor}, which is not there")
    report.expect("every alert has a severity, says what happened, and leads to what to do", problems)


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {anchor(line) for line in lines}


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
