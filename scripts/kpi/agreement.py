"""docs/operations/kpi.md, the rules and the dashboard say the same."""

import re
from dataclasses import dataclass
from pathlib import Path

from dashboard import Panel
from prometheus import Rule
from promql import is_recorded, metrics, origins
from report import Report
from rules import anchor

# The KPIs of the brief. Whoever takes one away has to take it away here too.
KPIS = (
    "Function response",
    "HTTP success rate",
    "4xx and 5xx rate",
    "Page load",
    "Uptime",
    "Failed sign-ins",
    "Expiry enforced",
    "Creation success",
    "Activation",
    "Two-factor check",
    "Valid sign-ins accepted",
    "Encrypted share of sensitive columns",
    "Inactive accounts detected at sign-in",
)
KPI_ROW = "KPIs"


@dataclass(frozen=True)
class Row:
    kpi: str
    anchor: str
    target: str
    metrics: tuple[str, ...]
    rules: tuple[str, ...]
    panel: str
    alerts: tuple[str, ...]


def check(report: Report, rules: list[Rule], panels: list[Panel], page: Path) -> None:
    recorded = {rule.name: rule.query for rule in rules if not rule.is_alert}
    alerts = {rule.name: rule for rule in rules if rule.is_alert}
    kpi_panels = {panel.title: panel for panel in panels if panel.row == KPI_ROW}
    text = page.read_text()
    table = kpi_table(text)
    operation = dict(re.findall(r"^\| \[`(Sesame\w+)`\]\(#\w+\) \| (\w+) \|", text, re.MULTILINE))

    report.expect(
        "the page has the KPIs of the brief, all and no others", differ({row.kpi for row in table}, set(KPIS))
    )
    for row in table:
        report.expect(
            f"KPI {row.kpi}: rules, panel and alerts are what the page says",
            problems_of(row, recorded, alerts, kpi_panels),
        )
    report.expect(
        f"every panel in the row {KPI_ROW} is a KPI of the page",
        differ(set(kpi_panels), {row.panel for row in table}),
    )
    told = {alert for row in table for alert in row.alerts} | set(operation)
    report.expect("every alert is on the page, and every alert of the page exists", differ(told, set(alerts)))
    report.expect(
        "the page tells the severity of the alerts of operation",
        [
            f"{name} is {severity}"
            for name, severity in operation.items()
            if name in alerts and alerts[name].labels["severity"] != severity
        ],
    )
    used = {name for rule in rules for name in metrics(rule.query)}
    used |= {name for panel in panels for target in panel.targets for name in metrics(target.expr)}
    report.expect("every recording rule is used", sorted(set(recorded) - used))
    report.expect(
        "every recorded series in a panel is recorded",
        sorted(name for name in used if is_recorded(name) and name not in recorded),
    )


def problems_of(
    row: Row, recorded: dict[str, str], alerts: dict[str, Rule], panels: dict[str, Panel]
) -> list[str]:
    problems = []
    if row.anchor != anchor(row.kpi):
        problems.append(f"the link leads to #{row.anchor}")
    for column in ("target", "metrics", "rules", "alerts"):
        if not getattr(row, column):
            problems.append(f"no {column}")
    if row.panel != row.kpi:
        problems.append(f"the panel is called {row.panel}")
    panel = panels.get(row.panel)
    shown = {name for target in panel.targets for name in metrics(target.expr)} if panel else set()
    if not panel:
        problems.append(f"there is no panel {row.panel}")
    for rule in row.rules:
        if rule not in recorded:
            problems.append(f"there is no rule {rule}")
        elif rule not in shown:
            problems.append(f"the panel does not show {rule}")
    found = {origin for rule in row.rules if rule in recorded for origin in origins(rule, recorded)}
    problems += [f"metrics: {problem}" for problem in differ(set(row.metrics), found)]
    for name in row.alerts:
        alert = alerts.get(name)
        if not alert:
            problems.append(f"there is no alert {name}")
            continue
        if alert.annotations.get("runbook_url", "").partition("#")[2] != row.anchor:
            problems.append(f"{name} leads elsewhere")
        watched = {origin for used in metrics(alert.query) for origin in origins(used, recorded)}
        if not watched & found:
            problems.append(f"{name} watches something else")
    return problems


def kpi_table(text: str) -> list[Row]:
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        link = re.fullmatch(r"\[(.+)\]\(#(.+)\)", cells[0])
        if link and len(cells) == 6:
            ticked = [tuple(re.findall(r"`([^`]+)`", cell)) for cell in cells]
            rows.append(Row(link[1], link[2], cells[1], ticked[2], ticked[3], cells[4], ticked[5]))
    return rows


def differ(ours: set[str], theirs: set[str]) -> list[str]:
    return [f"only here: {name}" for name in sorted(ours - theirs)] + [
        f"missing here: {name}" for name in sorted(theirs - ours)
    ]
