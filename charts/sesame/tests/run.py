"""Tests the chart: `python run.py HELM [--write-readme]`. scripts/test-chart calls it with the right
Python and the right Helm. One line a check; the last line says how many passed and failed."""

import concurrent.futures
import copy
import functools
import json
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile
import time

import kubernetes_validate
import yaml

import mutations
import releases
import restricted
import rules
import values_table
from chart import Helm, Loader, Refused, variants

CHART = pathlib.Path(__file__).resolve().parent.parent
ROOT = CHART.parent.parent


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, what, problems):
        """Counts one check: what it asks, and why it does not hold, if it does not."""
        problems = [problem for problem in problems if problem]
        if problems:
            self.failed += 1
            print(f"FAIL  {what}")
            for problem in problems[:12]:
                print(f"      {problem}")
            if len(problems) > 12:
                print(f"      … and {len(problems) - 12} more")
        else:
            self.passed += 1
            print(f"ok    {what}")


def main():
    helm, tally, started = Helm(sys.argv[1]), Tally(), time.monotonic()
    if "--write-readme" in sys.argv:
        readme = CHART / "README.md"
        readme.write_text(values_table.with_table(readme.read_text(), (CHART / "values.yaml").read_text()))
        return 0
    all_variants = variants(CHART)
    with (
        concurrent.futures.ThreadPoolExecutor(4) as pool,
        concurrent.futures.ThreadPoolExecutor(20) as patient,
    ):
        # Helm waits most of the time there (it asks a cluster a few times a second at most), so that
        # the rest goes on meanwhile.
        lives = start_releases(helm, all_variants, patient)
        check_variants(helm, tally, all_variants, pool)
        check_refusals(helm, tally, all_variants, pool)
        check_releases(tally, all_variants, *lives)
    check_the_checks(helm, tally, all_variants)
    check_values(tally)
    check_package(helm, tally)
    check_missing_files(helm, tally, all_variants)
    check_example(helm, tally, all_variants)
    check_stack(tally, all_variants)
    for variant in all_variants:
        pods = len(list(variant.pods()))
        print(f"      {variant.name}: {len(variant.documents)} resources, {pods} kinds of pod")
    print(f"      {len(all_variants)} variants in {time.monotonic() - started:.0f} s")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


# --- Variants ----------------------------------------------------------------------------------


def check_variants(helm, tally, all_variants, pool):
    def lint(variant):
        try:
            # An old Helm lints as if for Kubernetes 1.20, and says so of interfaces that are newer.
            helm.run(
                "lint",
                "--strict",
                "--quiet",
                CHART,
                "--namespace",
                variant.namespace,
                "--values",
                variant.path,
            )
        except Refused as refused:
            return [str(refused)]
        return []

    def render(variant):
        try:
            return helm.template(CHART, variant.namespace, variant.path), []
        except (Refused, yaml.YAMLError) as error:
            return [], [str(error)]

    lints = pool.map(lint, all_variants)
    rendered = pool.map(render, all_variants)
    for variant, linted, (documents, problems) in zip(all_variants, lints, rendered, strict=True):
        variant.documents = documents
        tally(f"{variant.name}: lint", linted)
        tally(f"{variant.name}: renders", problems)
        for name, rule in rules.RULES.items():
            tally(f"{variant.name}: {name}", broken(rule, variant) if documents else ["it did not render"])
    if len(all_variants) < 8:
        tally("at least eight variants", [f"there are {len(all_variants)}"])


def broken(rule, *arguments):
    """What a rule has to say; that it stumbled is something, too."""
    try:
        return list(rule(*arguments))
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError) as error:
        return [f"cannot be told: {type(error).__name__} {error}"]


def check_refusals(helm, tally, all_variants, pool):
    by_name = {variant.name: variant for variant in all_variants}
    cases = yaml.load((CHART / "tests/refusals.yaml").read_text(), Loader)

    def attempt(case):
        base = by_name.get(case.get("base"))
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(case["values"], file)
            file.flush()
            files = [base.path, file.name] if base else [file.name]
            options = {"kubernetes": case["kubernetes"]} if "kubernetes" in case else {}
            try:
                helm.template(CHART, base.namespace if base else "sesame", *files, **options)
            except Refused as refused:
                return str(refused)
        return ""

    outcomes = list(pool.map(attempt, cases))
    for case, said in zip(cases, outcomes, strict=True):
        tally(
            f"refused: {case['name']}", [] if case["says"] in said else [f"says: {said.strip() or 'nothing'}"]
        )
    # Every sentence there is has a case that makes it be said.
    sentences = re.findall(
        r'append \$problems \(?(?:printf )?"([^"]+)"', (CHART / "templates/_validate.tpl").read_text()
    )
    everything = "\n".join(outcomes)
    unsaid = [text for text in sentences if not re.search(pattern_of(text), everything)]
    tally(f"each of the {len(sentences)} sentences of _validate.tpl is tested", unsaid)


def pattern_of(sentence):
    """A printf text as a regular expression."""
    return ".+?".join(re.escape(words) for words in re.split(r"%[sd]", sentence))


def start_releases(helm, all_variants, pool):
    """Lives of a release, and notes of every variant, as they come."""
    runner = releases.Releases(helm, CHART)
    internal = next(variant for variant in all_variants if variant.name == "plain-internal")

    def live(part):
        found = []
        try:
            found.extend(part(internal))
        except Refused as refused:
            found.append((f"{part.__name__} goes through", str(refused)))
        return found

    def notes(variant):
        try:
            return runner.notes(variant)
        except Refused as refused:
            return refused

    return pool.map(live, runner.parts()), pool.map(notes, all_variants)


def check_releases(tally, all_variants, lives, texts):
    for found in lives:
        for what, problem in found:
            tally(f"release: {what}", [problem])
    for variant, text in zip(all_variants, texts, strict=True):
        tally(f"{variant.name}: installs, and the notes say where it is", list(about_notes(variant, text)))


def about_notes(variant, text):
    if isinstance(text, Refused):
        yield str(text)
        return
    values = variant.values
    wanted = [values["publicUrl"], "Next:", "helm test", "Not routed:"]
    if values["openfaas"]["enabled"] or variant.mode == "function":
        wanted.append("60 days" if values["openfaas"]["edition"] == "ce" else "licence")
    if not values["secrets"]["existingSecret"]:
        wanted.append("Keep a copy of the key ring")
    if values["forwardAuth"]["enabled"]:
        wanted.append(f"{variant.namespace}-{rules.fullname(variant)}-forward-auth@kubernetescrd")
    if values["route"]["type"] == "none":
        wanted.append("port-forward")
    for words in wanted:
        if words not in text:
            yield f"the notes lack: {words}"
    for ugly in ("<no value>", "%!", "\n\n\n"):
        if ugly in text:
            yield f"the notes contain {ugly!r}"


# --- The checks themselves ---------------------------------------------------------------------


def check_the_checks(helm, tally, all_variants):
    tally(
        f"the restricted check finds each of {len(restricted.EXAMPLES) + 1} breaches", restricted.self_check()
    )
    internal = next(variant for variant in all_variants if variant.name == "plain-internal")
    other = copy.copy(internal)
    other.documents = helm.template(CHART, internal.namespace, internal.path)
    tally("pods restart when a Secret that they read is another", broken(rules.restarts, internal, other))
    foreign = next(
        d["data"]["sesame-database-ca"] for d in other.of("Secret") if "sesame-database-ca" in d["data"]
    )
    safe = {name: functools.partial(broken, rule) for name, rule in rules.RULES.items()}
    for what, rule, missed in mutations.unnoticed(all_variants, safe, foreign):
        tally(f"noticed: {what}", [f"“{rule}” passes"] if missed else [])
    untried = set(rules.RULES) - {rule for _, rule, _ in mutations.MUTATIONS.values()}
    # The other two versions are checked by the same function.
    tally(
        "every rule is tried on something spoilt",
        [rule for rule in untried if "schemas of Kubernetes" not in rule],
    )


# --- Values, schema, README --------------------------------------------------------------------


def check_values(tally):
    text = (CHART / "values.yaml").read_text()
    values = yaml.load(text, Loader)
    schema = json.loads((CHART / "values.schema.json").read_text())
    tally("values.schema.json is closed everywhere", list(open_objects(schema)))
    tally("values.schema.json and values.yaml name the same values", list(mismatches(schema, schema, values)))
    tally("every value is described", values_table.undescribed(text))
    readme = (CHART / "README.md").read_text()
    stale = readme != values_table.with_table(readme, text)
    tally(
        "README.md has the table of values", ["renew it: scripts/test-chart --write-readme"] if stale else []
    )


def open_objects(node, path="values"):
    """Objects that would take any key. Maps say what their values are; `global` is Helm's own."""
    if isinstance(node, dict):
        if node.get("type") == "object" and path != "values.properties.global":
            closed = node.get("additionalProperties")
            if closed is not False and not (isinstance(closed, dict) and closed.get("type") == "string"):
                yield path
        for key, value in node.items():
            # A $ref hides its neighbours from draft-07.
            if key == "$ref" and len(node) > 1:
                yield f"{path}: something stands beside a $ref"
            yield from open_objects(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from open_objects(value, path)


def mismatches(root, schema, values, path=""):
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    properties = schema.get("properties")
    if properties is None or not isinstance(values, dict):
        return
    for key in sorted(set(properties) ^ set(values)):
        optional = key in ("global", "className") or path.endswith(".tolerations")
        if not optional or key in set(values) - set(properties):
            yield f"{path}{key} is only in one of them"
    for key in set(properties) & set(values):
        yield from mismatches(root, properties[key], values[key], f"{path}{key}.")


# --- Package, files, example, stack ------------------------------------------------------------


def check_package(helm, tally):
    with tempfile.TemporaryDirectory() as folder:
        helm.run("package", CHART, "--destination", folder)
        archive = next(pathlib.Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as package:
            names = {name.removeprefix("sesame/") for name in package.getnames()}
    problems = [f"holds {name}" for name in names if name.startswith(("tests/", "ci/"))]
    wanted = {"templates/tests/health.yaml", "templates/NOTES.txt", "values.schema.json", "README.md"}
    wanted |= {"files/rules.yaml", "files/dashboard.json", "examples/protect-an-application.yaml"}
    problems += [f"lacks {name}" for name in wanted - names]
    tally("the package holds what it needs, and no tests", problems)


def check_missing_files(helm, tally, all_variants):
    everything = next(variant for variant in all_variants if variant.name == "everything")
    cases = {
        "rules.yaml": ("prometheusRule", "has no files/rules.yaml"),
        "dashboard.json": ("dashboard", "has no files/dashboard.json"),
    }
    for name, (only, sentence) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            lacking = pathlib.Path(folder, "sesame")
            shutil.copytree(CHART, lacking)
            (lacking / "files" / name).unlink(missing_ok=True)
            values = pathlib.Path(folder, "values.yaml")
            switches = {kind: {"enabled": kind == only} for kind in ("prometheusRule", "dashboard")}
            values.write_text(yaml.safe_dump({"monitoring": switches}))
            try:
                helm.template(lacking, everything.namespace, everything.path, values)
                problems = ["it went through"]
            except Refused as refused:
                problems = [] if sentence in str(refused) else [str(refused)]
        tally(f"refused: a chart without files/{name}", problems)


def check_example(helm, tally, all_variants):
    """The example holds to the schemas and names a Middleware that a release of its kind has."""
    text = (CHART / "examples/protect-an-application.yaml").read_text()
    problems = []
    documents = [document for document in yaml.load_all(text, Loader) if document]
    for document in documents:
        try:
            kubernetes_validate.validate(document, "1.34", strict=True)
        except kubernetes_validate.ValidationError as error:
            problems.append(f"{rules.called(document)}: {error.message}")
    named = [
        d["metadata"]["annotations"]["traefik.ingress.kubernetes.io/router.middlewares"]
        for d in documents
        if d["kind"] == "Ingress"
    ]
    variant = next(variant for variant in all_variants if variant.name == "all-in-one-postgres")
    there = [
        f"{d['metadata']['namespace']}-{d['metadata']['name']}@kubernetescrd"
        for d in variant.of("Middleware")
        if "forwardAuth" in d["spec"]
    ]
    if named != there or not named:
        problems.append(f"it names {named}, a release has {there}")
    hosts = [rule["host"] for d in documents if d["kind"] == "Ingress" for rule in d["spec"]["rules"]]
    if not set(hosts) <= set(variant.values["forwardAuth"]["hosts"]):
        problems.append(f"its host {hosts} is not among forwardAuth.hosts")
    tally("the example protects an application with one annotation", problems)


STACK_FIELDS = {
    "image",
    "skip_build",
    "fprocess",
    "readonly_root_filesystem",
    "secrets",
    "labels",
    "annotations",
    "environment",
    "limits",
    "requests",
}


def check_stack(tally, all_variants):
    """stack.yaml deploys the same three functions as the chart's Function resources."""
    stack = yaml.load((ROOT / "stack.yaml").read_text(), Loader)
    pro = next(variant for variant in all_variants if variant.name == "function-pro")
    ours = {function["metadata"]["name"]: function["spec"] for function in pro.of("Function")}
    problems = []
    if set(stack) != {"version", "provider", "functions"} or stack["provider"]["name"] != "openfaas":
        problems.append(f"its head is {sorted(stack)}")
    if set(stack["functions"]) != set(ours):
        problems.append(f"its functions are {sorted(stack['functions'])}")
    known = rules.known_settings()
    for name, function in stack["functions"].items():
        spec = ours.get(name, {})
        if set(function) - STACK_FIELDS:
            problems.append(f"{name}: unknown fields {sorted(set(function) - STACK_FIELDS)}")
        expected = {
            "skip_build": True,
            "fprocess": spec.get("handler"),
            "readonly_root_filesystem": True,
            "secrets": ["sesame-keys", "sesame-database-url"],
            "requests": spec.get("requests"),
            "limits": spec.get("limits"),
        }
        for field, value in expected.items():
            if function.get(field) != value:
                problems.append(f"{name}: {field} is {function.get(field)}, not {value}")
        for variable, value in function["environment"].items():
            if known and variable not in known:
                problems.append(f"{name}: Sésame does not know {variable}")
            if variable == "SESAME_TRUSTED_PROXIES":
                problems.append(f"{name}: believes what the gateway's clients say of their address")
            if not isinstance(value, str):
                problems.append(f"{name}: {variable} is no text")
            chart = spec.get("environment", {}).get(variable)
            if "${" not in value and chart != value:
                problems.append(f"{name}: {variable} is {value}, in the chart {chart}")
        if int(function["labels"]["com.openfaas.scale.max"]) > 5:
            problems.append(f"{name}: CE allows 5 replicas")
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    if f"sesame:{version}" not in (ROOT / "stack.yaml").read_text():
        problems.append(f"its image is not of version {version}")
    tally("stack.yaml deploys the functions that the chart does", problems)
    cargo = (ROOT / "Cargo.toml").read_text()
    found = re.search(r'^version = "([^"]+)"', cargo, re.MULTILINE)
    tally(
        "appVersion is the program's version",
        [] if found and found[1] == version else [f"{version}, Cargo.toml {found and found[1]}"],
    )


if __name__ == "__main__":
    sys.exit(main())
