"""Releases that are really installed, upgraded and removed, on the stand-in of fake_api.py: what
`helm template` cannot show, because it asks no cluster."""

import base64
import json
import pathlib
import tempfile

import yaml

from chart import Refused
from fake_api import Cluster

KEPT = ("sesame-keys", "sesame-postgresql")


class Releases:
    def __init__(self, helm, chart):
        self.helm, self.chart = helm, chart

    def on(self, cluster, folder):
        config = pathlib.Path(folder, "config")
        config.touch(mode=0o600)
        config.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "fake", "cluster": {"server": cluster.address}}],
                    "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": ""}}],
                    "current-context": "fake",
                }
            )
        )

        def helm(command, *arguments, namespace="sesame"):
            options = ["--namespace", namespace]
            if command in ("install", "upgrade"):
                arguments = ("sesame", self.chart, *arguments)
            else:
                arguments = ("sesame", *arguments)
            return self.helm.run(command, *arguments, *options, KUBECONFIG=str(config), HOME=folder)

        return helm

    def values(self, folder, changes):
        path = pathlib.Path(folder, f"values-{abs(hash(json.dumps(changes)))}.yaml")
        path.write_text(yaml.safe_dump(changes))
        return path

    def notes(self, variant):
        """What is said after an installation of a variant."""
        with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
            helm = self.on(cluster, folder)
            return helm("install", "--values", variant.path, namespace=variant.namespace).partition("NOTES:")[
                2
            ]

    def parts(self):
        """The parts of a release's life; each gives (what holds, why not or None), in order."""
        return [self.upgrades, self.rings, self.own_ring, self.urls, self.removal, self.refusals]

    def upgrades(self, variant):
        with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
            helm = self.on(cluster, folder)
            values = ("--values", variant.path)
            helm("install", *values)
            first = secrets(cluster)
            checksums = annotations(cluster)
            yield "install makes a key ring and passwords", missing(first)

            other = self.values(folder, {"web": {"replicas": 3}})
            helm("upgrade", *values, "--values", other)
            yield "an upgrade leaves them as they are", difference(first, secrets(cluster))
            yield "and restarts nobody for them", difference(checksums, annotations(cluster))
            replicas = cluster.find("deployments", "sesame")["spec"]["replicas"]
            yield "and does what it was asked to", None if replicas == 3 else f"replicas are {replicas}"

            helm("rollback", "1")
            yield "a rollback leaves them as they are", difference(first, secrets(cluster))
            replicas = cluster.find("deployments", "sesame")["spec"]["replicas"]
            yield "and takes the rest back", None if replicas == 2 else f"replicas are {replicas}"

    def rings(self, variant):
        """A ring with a second key, put in place by hand."""
        with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
            helm = self.on(cluster, folder)
            values = ("--values", variant.path)
            helm("install", *values)
            checksums = annotations(cluster)
            ring = cluster.find("secrets", "sesame-keys")
            # As if somebody had removed the Secret and made it again.
            ring["data"]["sesame-keys"] = added_key(ring["data"]["sesame-keys"])
            grown = secrets(cluster)
            helm("upgrade", *values)
            yield "a ring that has grown stays as it is", difference(grown, secrets(cluster))
            same = [name for name in checksums if annotations(cluster)[name] == checksums[name]]
            yield "and the pods that read it restart", difference(same, ["statefulsets sesame-postgresql"])
            try:
                helm("rollback", "1")
                said = "went through"
            except Refused as refused:
                said = str(refused)
            yield "no rollback takes the new key away", difference(grown, secrets(cluster))
            yield "it is refused instead", None if "immutable" in said else said

    def own_ring(self, variant):
        with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
            helm = self.on(cluster, folder)
            values = ("--values", variant.path)
            helm("install", *values)
            first = secrets(cluster)
            own = self.values(folder, {"secrets": {"existingSecret": "new-ring"}})
            helm("upgrade", *values, "--values", own)
            yield "a Secret of one's own leaves the chart's where it is", difference(first, secrets(cluster))
            sources = cluster.find("deployments", "sesame")["spec"]["template"]["spec"]["volumes"][0][
                "projected"
            ]["sources"]
            named = [source["secret"]["name"] for source in sources]
            yield "and is read", None if "new-ring" in named and "sesame-keys" not in named else str(named)
            helm("upgrade", *values)
            yield "the way back is an upgrade", difference(first, secrets(cluster))

    def urls(self, _):
        """A database URL among the values: pods restart when it is another, and only then, whoever
        made the key ring that hides it in their annotations."""
        for own_ring in (False, True):
            by = "a ring of one's own" if own_ring else "the chart's ring"
            with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
                helm = self.on(cluster, folder)
                if own_ring:
                    cluster.create(
                        ("secrets", "sesame", "ring"),
                        {
                            "apiVersion": "v1",
                            "kind": "Secret",
                            "metadata": {"name": "ring"},
                            "data": {"sesame-keys": added_key("")},
                        },
                    )

                def with_password(password, own_ring=own_ring, folder=folder):
                    values = {
                        "publicUrl": "https://sesame.example.com",
                        "database": {"external": {"url": f"postgres://sesame:{password}@db/sesame"}},
                        "secrets": {"existingSecret": "ring" if own_ring else ""},
                    }
                    return "--values", self.values(folder, values)

                helm("install", *with_password("one"))
                first = annotations(cluster)
                helm("upgrade", *with_password("one"))
                yield f"the same database URL restarts nobody ({by})", difference(first, annotations(cluster))
                helm("upgrade", *with_password("two"))
                stayed = [name for name, value in annotations(cluster).items() if value == first[name]]
                yield f"another one restarts everybody ({by})", f"stayed: {stayed}" if stayed else None

    def removal(self, variant):
        with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
            helm = self.on(cluster, folder)
            values = ("--values", variant.path)
            helm("install", *values)
            first = secrets(cluster)
            helm("uninstall")
            gone = [name for name in KEPT if not cluster.find("secrets", name)]
            yield "removing the release leaves ring and passwords", f"gone: {gone}" if gone else None
            claim = cluster.find("persistentvolumeclaims", "sesame-backup")
            yield "and the volume of the backups", None if claim else "it is gone"
            rest = [
                key
                for key in cluster.objects
                if key[0] in ("deployments", "services", "statefulsets", "networkpolicies")
            ]
            yield "and nothing that runs", f"left: {rest}" if rest else None
            helm("install", *values)
            kept = {name: first[name] for name in KEPT}
            again = {name: secrets(cluster)[name] for name in KEPT}
            yield "installing again takes them over", difference(kept, again)

    def refusals(self, variant):
        with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
            helm = self.on(cluster, folder)
            helm("install", "--values", variant.path)
            ring = cluster.find("secrets", "sesame-keys")
            ring["data"] = {"keys": ring["data"]["sesame-keys"]}
            yield (
                "a Secret without its key stops the upgrade",
                refusal(helm, variant, "has no key sesame-keys"),
            )
            key = next(
                key for key in cluster.objects if key[2] == "sesame-postgresql" and key[0] == "secrets"
            )
            ring["data"] = {"sesame-keys": ring["data"]["keys"]}
            cluster.objects[key]["data"].pop("tls.key")
            yield "so does one without its certificate", refusal(helm, variant, "has no key tls.key")


def secrets(cluster):
    return {
        name: value["data"]
        for (kind, _, name), value in sorted(cluster.objects.items())
        if kind == "secrets" and not name.startswith("sh.helm.")
    }


def annotations(cluster):
    return {
        f"{kind} {name}": value["spec"]["template"]["metadata"].get("annotations")
        for (kind, _, name), value in sorted(cluster.objects.items())
        if kind in ("deployments", "statefulsets")
    }


def missing(found):
    wanted = {"sesame-keys", "sesame-postgresql", "sesame-database-url"}
    return None if wanted <= set(found) else f"there are {sorted(found)}"


def difference(before, after):
    if not isinstance(before, dict):
        return None if before == after else f"{before}, not {after}"
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return f"changed: {sorted(changed)}" if changed else None


def added_key(encoded):
    text = base64.b64decode(encoded).decode() + f"2 2027-01-01T00:00:00Z {'A' * 43}\n"
    return base64.b64encode(text.encode()).decode()


def refusal(helm, variant, sentence):
    try:
        helm("upgrade", "--values", variant.path)
    except Refused as refused:
        return None if sentence in str(refused) else str(refused)
    return "it went through"
