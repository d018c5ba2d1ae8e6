"""As much of PromQL as the checks need: which metrics an expression selects, and how."""

import re

# Strings go first, so that nothing is found inside them. Every metric of ours, of processes and of
# HTTP is known by how its name begins; a name before a parenthesis is a function.
SELECTOR = re.compile(
    r"""(?P<name>\b(?:sesame[_:]|http_|process_|up\b)[a-zA-Z0-9_:]*)(?!\s*\()"""
    r"""(?P<matchers>\{(?:"(?:\\.|[^"\\])*"|[^"}])*\})?"""
)


def selectors(expression: str) -> list[tuple[str, str]]:
    """Names and matchers of all selectors."""
    return [(found["name"], found["matchers"] or "") for found in SELECTOR.finditer(expression)]


def metrics(expression: str) -> set[str]:
    return {name for name, _ in selectors(expression)}


def is_recorded(name: str) -> bool:
    return ":" in name


def family(name: str) -> str:
    """A histogram's name without its ending."""
    return re.sub(r"_(bucket|count|sum)$", "", name)


def origins(name: str, recorded: dict[str, str]) -> set[str]:
    """The scraped metrics that a recorded series comes from, through as many rules as it takes."""
    if not is_recorded(name):
        return {family(name)}
    return {origin for used in metrics(recorded[name]) if used != name for origin in origins(used, recorded)}
