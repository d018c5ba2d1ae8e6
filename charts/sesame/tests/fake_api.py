"""As much of a Kubernetes API as Helm needs to install, upgrade and remove a release.

`helm template` asks no cluster, so what a chart takes over from one (`lookup`) can only be tried
against something that answers. This keeps objects in memory: no defaulting, no admission, no
controllers, except that a Job is complete as soon as it stands, and that an immutable Secret is.
"""

import http.server
import json
import re
import threading
import urllib.parse

RESOURCES = {
    "v1": {
        "Secret": "secrets",
        "ConfigMap": "configmaps",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Pod": "pods",
    },
    "apps/v1": {"Deployment": "deployments", "StatefulSet": "statefulsets"},
    "batch/v1": {"Job": "jobs", "CronJob": "cronjobs"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "traefik.io/v1alpha1": {"IngressRoute": "ingressroutes", "Middleware": "middlewares", "TLSOption": "tlsoptions"},
    "openfaas.com/v1": {"Function": "functions"},
    "monitoring.coreos.com/v1": {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules"},
}
VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
OBJECT = re.compile(
    r"^/(?:api|apis)/(?P<group>.+?)/namespaces/(?P<space>[^/]+)/(?P<kind>[^/]+)(?:/(?P<name>[^/]+))?$"
)


def discovery(path):
    if path == "/openapi/v2":
        # In protobuf, nothing at all is a description without a word: Helm then leaves it at that.
        return b""
    if path == "/version":
        return VERSION
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = []
        for group_version in RESOURCES:
            if "/" in group_version:
                group, version = group_version.split("/")
                entry = {"groupVersion": group_version, "version": version}
                groups.append({"name": group, "versions": [entry], "preferredVersion": entry})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    group_version = path.removeprefix("/api/").removeprefix("/apis/")
    if group_version in RESOURCES:
        verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": group_version,
            "resources": [
                {
                    "name": plural,
                    "singularName": kind.lower(),
                    "namespaced": True,
                    "kind": kind,
                    "verbs": verbs,
                }
                for kind, plural in RESOURCES[group_version].items()
            ],
        }
    return None


def merged(target, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif not key.startswith("$"):
            result[key] = merged(result.get(key), value)
    return result


class Refusal(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
        }


class Cluster:
    def __init__(self):
        self.objects = {}
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                address = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(address.query))
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                try:
                    code, result = cluster.handle(self.command, address.path, query, body)
                except Refusal as refusal:
                    code, result = refusal.status["code"], refusal.status
                text = result if isinstance(result, bytes) else json.dumps(result).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def find(self, kind, name):
        """An object by its kind's plural and its name, in whatever namespace, or None."""
        for (plural, _, there), value in self.objects.items():
            if (plural, there) == (kind, name):
                return value
        return None

    def handle(self, method, path, query, body):
        if method == "GET" and (found := discovery(path)) is not None:
            return 200, found
        match = OBJECT.match(path)
        if not match:
            raise Refusal(404, "NotFound", f"the server could not find {path}")
        kind, space, name = match["kind"], match["space"], match["name"]
        if method == "POST":
            return self.create((kind, space, body["metadata"]["name"]), body)
        if method == "GET" and not name:
            return 200, self.listing(match["group"], kind, space, query)
        key = (kind, space, name)
        if key not in self.objects:
            raise Refusal(404, "NotFound", f'{kind} "{name}" not found')
        if method == "DELETE":
            return 200, self.objects.pop(key)
        if method == "PUT":
            self.replace(key, body)
        elif method == "PATCH":
            self.replace(key, merged(self.objects[key], body))
        return 200, self.objects[key]

    def create(self, key, body):
        if key in self.objects:
            raise Refusal(409, "AlreadyExists", f'{key[0]} "{key[2]}" already exists')
        if key[0] == "jobs":
            body["status"] = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
        body["metadata"].update(namespace=key[1], uid=f"uid-{len(self.objects)}", resourceVersion="1")
        self.objects[key] = body
        return 201, body

    def replace(self, key, body):
        old = self.objects[key]
        if old.get("immutable") and old.get("data") != body.get("data"):
            raise Refusal(422, "Invalid", f'{key[0]} "{key[2]}" is immutable: data may not change')
        self.objects[key] = body

    def listing(self, group, kind, space, query):
        wanted = [part.split("=", 1) for part in query.get("labelSelector", "").split(",") if "=" in part]
        name = dict(part.split("=", 1) for part in query.get("fieldSelector", "").split(",") if "=" in part)
        items = [
            value
            for (plural, there, _), value in self.objects.items()
            if (plural, there) == (kind, space)
            and all((value["metadata"].get("labels") or {}).get(k) == v for k, v in wanted)
            and name.get("metadata.name", value["metadata"]["name"]) == value["metadata"]["name"]
        ]
        kinds = {plural: singular for singular, plural in RESOURCES[group].items()}
        return {
            "kind": f"{kinds[kind]}List",
            "apiVersion": group,
            "metadata": {"resourceVersion": "1"},
            "items": items,
        }
