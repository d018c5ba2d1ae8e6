"""The dashboard by itself: complete panels, nothing on top of something else."""

import json
from dataclasses import dataclass
from pathlib import Path

from report import Report

GRID_WIDTH = 24
# What stands for Grafana's variables in a query. The range of rates is short, because the server
# under test has only just started.
SUBSTITUTES = {
    "$__rate_interval": "15s",
    "$__interval": "5s",
    "$__range": "1m",
    "$job": ".*sesame.*",
    "$namespace": ".*",
}


@dataclass(frozen=True)
class Target:
    ref: str
    expr: str
    datasource: str
    unit: str


@dataclass(frozen=True)
class Panel:
    id: int
    row: str
    title: str
    description: str
    unit: str
    datasource: str
    box: tuple[int, int, int, int]
    targets: tuple[Target, ...]


def read(file: Path) -> list[Panel]:
    """Every panel with the title of the row that it stands in."""
    panels, row = [], ""
    for panel in json.loads(file.read_text())["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        else:
            panels.append(to_panel(panel, row))
    return panels


def to_panel(panel: dict, row: str) -> Panel:
    config = panel.get("fieldConfig", {})
    unit = config.get("defaults", {}).get("unit", "")
    units = {}
    for override in config.get("overrides", []):
        for changed in override["properties"]:
            if override["matcher"]["id"] == "byFrameRefID" and changed["id"] == "unit":
                units[override["matcher"]["options"]] = changed["value"]
    place = panel.get("gridPos", {})
    targets = tuple(
        Target(
            target.get("refId", ""),
            target.get("expr", ""),
            target.get("datasource", {}).get("uid", ""),
            units.get(target.get("refId"), unit),
        )
        for target in panel.get("targets", [])
    )
    return Panel(
        panel.get("id", 0),
        row,
        panel.get("title", ""),
        panel.get("description", ""),
        unit,
        panel.get("datasource", {}).get("uid", ""),
        (place.get("x", 0), place.get("y", 0), place.get("w", 0), place.get("h", 0)),
        targets,
    )


def substituted(expression: str) -> str:
    """The query as Grafana would send it."""
    for variable, value in SUBSTITUTES.items():
        expression = expression.replace(variable, value)
    return expression


def datasources(part: object) -> set[str]:
    """Every data source that any part of the dashboard is bound to."""
    if isinstance(part, list):
        return {uid for one in part for uid in datasources(one)}
    if not isinstance(part, dict):
        return set()
    bound = {str(part["datasource"].get("uid"))} if isinstance(part.get("datasource"), dict) else set()
    return bound | {uid for one in part.values() for uid in datasources(one)}


def lint(report: Report, file: Path) -> None:
    panels = read(file)
    whole = json.loads(file.read_text())
    variables = {variable["name"] for variable in whole["templating"]["list"]}
    problems = [f"bound to {uid}" for uid in sorted(datasources(whole) - {"${datasource}"})]
    problems += [f"no variable {name}" for name in sorted({"datasource", "job", "namespace"} - variables)]
    report.expect("data source, job and namespace of the dashboard are variables", problems)
    problems = []
    for panel in panels:
        name = panel.title or f"panel {panel.id}"
        for what in ("title", "description", "unit"):
            if not getattr(panel, what).strip():
                problems.append(f"{name} has no {what}")
        if not panel.targets or any(not target.expr.strip() for target in panel.targets):
            problems.append(f"{name} has no query, or an empty one")
        if len({target.ref for target in panel.targets}) != len(panel.targets):
            problems.append(f"{name} has two queries of one name")
        for uid in {panel.datasource, *(target.datasource for target in panel.targets)}:
            if uid != "${datasource}":
                problems.append(f"{name} is bound to the data source {uid or 'by default'}")
        for target in panel.targets:
            if "$" in substituted(target.expr):
                problems.append(f"{name} uses a variable that nobody defines: {target.expr}")
            if target.expr.count("{") != target.expr.count('job=~"$job",namespace=~"$namespace"'):
                problems.append(f"{name} does not heed the job and namespace that were chosen: {target.expr}")
    report.expect("every panel has title, description, unit, and queries that heed the variables", problems)
    names = [panel.title for panel in panels]
    ids = [panel.id for panel in panels]
    report.expect(
        "every panel's title and number are its own",
        sorted({str(one) for many in (names, ids) for one in many if many.count(one) > 1}),
    )
    problems = [
        f"{a.title} and {b.title}"
        for i, a in enumerate(panels)
        for b in panels[i + 1 :]
        if overlap(a.box, b.box)
    ]
    problems += [
        panel.title
        for panel in panels
        if panel.box[2] < 1 or panel.box[3] < 1 or panel.box[0] + panel.box[2] > GRID_WIDTH
    ]
    report.expect("no panel covers another or leaves the grid", problems)


def overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
