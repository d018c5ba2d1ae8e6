"""The table of values in README.md, made from values.yaml.

A value is described by the comment line above it that begins with `# --`. What stands under a
described map belongs to it.
"""

import json
import re

import yaml

BEGIN = "<!-- values: made by scripts/test-chart --write-readme -->"
END = "<!-- end of values -->"


def described(text):
    """(dotted name, default, description) of every described value, in order."""
    values = yaml.safe_load(text)
    rows, path, description = [], [], None
    for line in text.splitlines():
        comment = re.match(r"^\s*# -- (.*)$", line)
        if comment:
            description = comment[1]
            continue
        key = re.match(r"^( *)([A-Za-z][A-Za-z0-9]*):", line)
        if not key:
            continue
        depth = len(key[1]) // 2
        path = path[:depth] + [key[2]]
        if description:
            rows.append((".".join(path), at(values, path), description))
            description = None
    return rows


def at(values, path):
    for key in path:
        values = values[key]
    return values


def leaves(values, path=()):
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from leaves(value, path + (key,))
    else:
        yield ".".join(path)


def undescribed(text):
    """Values that no comment explains."""
    names = [name for name, _, _ in described(text)]
    return [
        leaf
        for leaf in leaves(yaml.safe_load(text))
        if not any(leaf == name or leaf.startswith(f"{name}.") for name in names)
    ]


def table(text):
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for name, default, description in described(text):
        shown = json.dumps(default, ensure_ascii=False).replace("|", "\\|")
        lines.append(f"| `{name}` | `{shown}` | {description.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def with_table(readme, text):
    """README.md with its table renewed."""
    head, rest = readme.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n{table(text)}\n{END}{tail}"
