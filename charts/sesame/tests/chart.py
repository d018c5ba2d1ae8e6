"""The chart as a test sees it: its variants, and what Helm makes of them."""

import base64
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

KUBERNETES = "1.34.0"
POD_PATHS = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


class Loader(yaml.SafeLoader):
    """Refuses a key that comes twice: YAML would quietly keep the last."""


def unique_map(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.YAMLError(f"{node.start_mark}: {', '.join(map(str, twice))} twice")
    return {loader.construct_object(k): loader.construct_object(v, deep=True) for k, v in node.value}


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique_map)


class Refused(Exception):
    """Helm said no; the text is what it said."""


class Helm:
    def __init__(self, program):
        self.program = program
        # Nothing of the user's own Helm or cluster has a say.
        self.home = tempfile.TemporaryDirectory(prefix="sesame-chart-")
        self.environment = {
            "HOME": self.home.name,
            "PATH": os.environ["PATH"],
            "KUBECONFIG": os.devnull,
        }

    def run(self, *arguments, **environment):
        done = subprocess.run(
            [self.program, *map(str, arguments)],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Refused(done.stdout + done.stderr)
        return done.stdout

    def template(self, chart, namespace, *values, kubernetes=KUBERNETES, release="sesame"):
        files = [argument for value in values for argument in ("--values", value)]
        text = self.run(
            "template", release, chart, "--namespace", namespace, "--kube-version", kubernetes, *files
        )
        return [document for document in yaml.load_all(text, Loader) if document]


class Variant:
    """One file in ci/: its values over the chart's own, and what they render."""

    def __init__(self, chart, path):
        self.path = path
        self.name = path.name.removesuffix("-values.yaml")
        text = path.read_text()
        # OpenFaaS finds functions in one namespace only, so that some variants say theirs.
        said = re.search(r"^#.*Namespace: (\S+)$", text, re.MULTILINE)
        self.namespace = said[1] if said else "sesame"
        self.values = over(yaml.safe_load((chart / "values.yaml").read_text()), yaml.safe_load(text))
        self.documents = []

    @property
    def mode(self):
        return self.values["mode"]

    @property
    def function_names(self):
        prefix = self.values["functions"]["namePrefix"]
        if self.mode == "all-in-one":
            return []
        return [f"{prefix}{name}" for name in ("generate-password", "generate-2fa", "authenticate-user")]

    def of(self, *kinds):
        return [document for document in self.documents if document["kind"] in kinds]

    def pods(self):
        """(name, metadata, spec) of every pod that the chart writes."""
        for document in self.documents:
            name = f"{document['kind']} {document['metadata']['name']}"
            if document["kind"] == "Pod":
                yield name, document["metadata"], document["spec"]
            elif document["kind"] in POD_PATHS:
                template = document
                for key in POD_PATHS[document["kind"]]:
                    template = template[key]
                yield name, template["metadata"], template["spec"]

    def pod_labels(self):
        """(name, labels) of every pod there will be, those of OpenFaaS's making too."""
        for name, metadata, _ in self.pods():
            yield name, metadata["labels"]
        for function in self.of("Function"):
            name = function["spec"]["name"]
            own = {"faas_function": name, "app": name, "controller": function["metadata"]["name"]}
            yield f"Function {name}", {**function["spec"].get("labels", {}), **own}

    def secret(self, key):
        """The decoded value of a key that one of the rendered Secrets has, or None."""
        for document in self.of("Secret"):
            if key in document["data"]:
                return base64.b64decode(document["data"][key]).decode()
        return None


def over(base, values):
    """Values laid over others, as Helm does it."""
    result = dict(base)
    for key, value in (values or {}).items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = over(result[key], value)
        else:
            result[key] = value
    return result


def variants(chart):
    return [Variant(chart, path) for path in sorted(pathlib.Path(chart, "ci").glob("*-values.yaml"))]


def containers(spec):
    return (spec.get("initContainers") or []) + spec["containers"]


def matches(selector, labels):
    """Whether a label selector chooses these labels. An empty one chooses all."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or []:
        value, wanted = labels.get(expression["key"]), expression.get("values") or []
        chosen = {
            "In": value in wanted,
            "NotIn": value not in wanted,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[expression["operator"]]
        if not chosen:
            return False
    return True
