"""What holds for every variant. Each function takes a variant and yields sentences about what is
wrong; nothing yielded means that it holds."""

import base64
import datetime
import functools
import hashlib
import json
import pathlib
import re
import ssl
import subprocess
import tempfile
import urllib.parse

import jsonschema
import kubernetes_validate
from kubernetes_validate import utils

import dumps
import restricted
from chart import containers, matches

HERE = pathlib.Path(__file__).parent
# The oldest that Chart.yaml allows, the one that is rendered for, and the newest known.
VERSIONS = ("1.27", "1.34", kubernetes_validate.latest_version().rpartition(".")[0])
BUILT_IN = {
    "v1",
    "apps/v1",
    "batch/v1",
    "policy/v1",
    "autoscaling/v2",
    "networking.k8s.io/v1",
}
STANDARD_LABELS = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
}
SECRETS_FOLDER = "/var/openfaas/secrets"
API = {
    "generate-password": {"/api/generate-password", "/api/register"},
    "generate-2fa": {"/api/generate-2fa"},
    "authenticate-user": {
        "/api/authenticate",
        "/api/activate",
        "/api/renew",
        "/api/session",
        "/api/sign-out",
        "/api/sessions",
        "/api/revoke-session",
        "/api/revoke-other-sessions",
        "/api/verify",
    },
}
REST = {"/", "/compte", "/enrolment", "/pkg/sesame.js", "/api/openapi.json", "/api/unknown", "/_"}

# Reading a schema of 1.5 MB for every object would take most of the time.
utils.schema_contents = functools.cache(utils.schema_contents)
utils.all_versions = functools.cache(utils.all_versions)


def called(document):
    return f"{document['kind']} {document['metadata']['name']}"


# --- Schemas -----------------------------------------------------------------------------------


def kubernetes_schemas(variant, version):
    for document in variant.documents:
        if document["apiVersion"] not in BUILT_IN:
            continue
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{called(document)}: {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"{called(document)}: {error.message}"


METADATA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "namespace"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


@functools.cache
def own_schema(kind):
    path = HERE / "schemas" / f"{kind}.json"
    if not path.exists():
        return None
    schema = json.loads(path.read_text())
    schema["properties"]["metadata"] = METADATA
    return jsonschema.Draft202012Validator(schema)


def custom_resources(variant):
    for document in variant.documents:
        if document["apiVersion"] in BUILT_IN:
            continue
        validator = own_schema(document["kind"])
        if validator is None:
            yield f"{called(document)}: there is no schema for {document['apiVersion']}"
            continue
        for error in validator.iter_errors(document):
            yield f"{called(document)}: {'.'.join(map(str, error.path))}: {error.message}"


# --- Names, labels, selectors ------------------------------------------------------------------


def names_and_labels(variant):
    seen = set()
    for document in variant.documents:
        metadata = document["metadata"]
        identity = (document["kind"], metadata.get("namespace"), metadata["name"])
        if identity in seen:
            yield f"{called(document)} comes twice"
        seen.add(identity)
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", metadata["name"]) or len(metadata["name"]) > 63:
            yield f"{called(document)}: not a name"
        wanted = STANDARD_LABELS | (
            {"helm.sh/chart", "app.kubernetes.io/managed-by"} if document["kind"] != "Pod" else set()
        )
        missing = wanted - set(metadata.get("labels") or {})
        if missing:
            yield f"{called(document)}: lacks the labels {', '.join(sorted(missing))}"
    for name, metadata, _ in variant.pods():
        missing = STANDARD_LABELS - set(metadata["labels"])
        if missing:
            yield f"pod of {name}: lacks the labels {', '.join(sorted(missing))}"
        # They would restart every pod at each new version of the chart.
        changing = {"helm.sh/chart", "app.kubernetes.io/version"} & set(metadata["labels"])
        if changing:
            yield f"pod of {name}: has the labels {', '.join(sorted(changing))}"


def selectors(variant):
    workloads = variant.of("Deployment", "StatefulSet")
    pods = dict(variant.pod_labels())
    for workload in workloads:
        chosen = [name for name, labels in pods.items() if matches(workload["spec"]["selector"], labels)]
        if chosen != [called(workload)]:
            yield f"{called(workload)} selects {chosen}"
    for service in variant.of("Service"):
        chosen = [
            name
            for name, labels in pods.items()
            if matches({"matchLabels": service["spec"]["selector"]}, labels)
        ]
        if len(chosen) != 1:
            yield f"{called(service)} selects {chosen}"
            continue
        open_ports = {
            port["containerPort"]
            for name, _, spec in variant.pods()
            if name in chosen
            for container in spec["containers"]
            for port in container.get("ports") or []
        }
        for port in service["spec"]["ports"]:
            # `refused` is where nobody may listen.
            if (port["targetPort"] in open_ports) == (port["name"] == "refused"):
                yield f"{called(service)}: port {port['name']} leads to {port['targetPort']}, open are {open_ports}"
    for budget in variant.of("PodDisruptionBudget"):
        chosen = [name for name, labels in pods.items() if matches(budget["spec"]["selector"], labels)]
        if len(chosen) != 1:
            yield f"{called(budget)} selects {chosen}"
    for _, metadata, spec in variant.pods():
        for constraint in spec.get("topologySpreadConstraints") or []:
            chosen = [name for name, labels in pods.items() if matches(constraint["labelSelector"], labels)]
            if len(chosen) != 1 or not matches(constraint["labelSelector"], metadata["labels"]):
                yield f"a topology spread counts the pods of {chosen}"


# --- OpenFaaS ----------------------------------------------------------------------------------


def functions_as_openfaas_takes_them(variant):
    labelled = [d for d in variant.documents if "faas_function" in (d["metadata"].get("labels") or {})]
    carriers = {name for name, labels in variant.pod_labels() if "faas_function" in labels}
    if variant.mode == "plain":
        yield from plain_functions(variant, labelled, carriers)
    elif variant.mode == "function":
        yield from function_resources(variant, labelled, carriers)
    elif labelled or carriers:
        yield f"all-in-one has functions: {[called(d) for d in labelled]} {carriers}"


def plain_functions(variant, labelled, carriers):
    if sorted(called(d) for d in labelled) != sorted(f"Deployment {name}" for name in variant.function_names):
        yield f"taken for functions: {[called(d) for d in labelled]}"
    if carriers != {f"Deployment {name}" for name in variant.function_names}:
        yield f"pods with the label: {sorted(carriers)}"
    services = {service["metadata"]["name"]: service for service in variant.of("Service")}
    for deployment in labelled:
        name = deployment["metadata"]["name"]
        template = deployment["spec"]["template"]
        container = template["spec"]["containers"][0]
        function = name.removeprefix(variant.values["functions"]["namePrefix"])
        if deployment["metadata"]["labels"]["faas_function"] != name:
            yield f"{name}: its label says {deployment['metadata']['labels']['faas_function']}"
        if deployment["spec"]["selector"] != {"matchLabels": {"faas_function": name}}:
            yield f"{name}: the selector is {deployment['spec']['selector']}"
        if template["metadata"]["labels"].get("faas_function") != name:
            yield f"{name}: its pods do not carry its name"
        if container["name"] != name:
            yield f"{name}: container 0 is called {container['name']}"
        if container["args"] != ["function", function]:
            yield f"{name}: runs {container['args']}"
        if container["ports"][0]["containerPort"] != 8080:
            yield f"{name}: listens on {container['ports'][0]}"
        service = services.get(name)
        if not service or service["spec"]["selector"] != {"faas_function": name}:
            yield f"{name}: no Service of its name selects it"
        elif (service["spec"]["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"]) != (8080, 8080):
            yield f"{name}: the Service's port is {service['spec']['ports'][0]}"
        labels = template["metadata"]["labels"]
        least, most = labels.get("com.openfaas.scale.min"), labels.get("com.openfaas.scale.max")
        if not least or least != most:
            yield f"{name}: CE would scale it from {least} to {most}"
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        if "projected" not in volumes.get(f"{name}-projected-secrets", {}):
            yield f"{name}: the gateway cannot tell its secrets"
        if (
            variant.values["openfaas"]["enabled"]
            and variant.values["openfaas"]["edition"] == "ce"
            and int(most or 0) > 5
        ):
            yield f"{name}: CE allows 5 replicas, not {most}"


def function_resources(variant, labelled, carriers):
    functions = {function["metadata"]["name"]: function["spec"] for function in variant.of("Function")}
    if set(functions) != set(variant.function_names):
        yield f"Function resources: {sorted(functions)}"
    if labelled or carriers != {f"Function {name}" for name in variant.function_names}:
        yield f"with the label: {[called(d) for d in labelled]} {sorted(carriers)}"
    for name, spec in functions.items():
        if spec["name"] != name or spec.get("handler") != f"sesame function {name}":
            yield f"{name}: {spec['name']} runs {spec.get('handler')}"
        if not spec.get("readOnlyRootFilesystem"):
            yield f"{name}: the root file system is writable"
        keys = variant.values["secrets"]["existingSecret"] or f"{fullname(variant)}-keys"
        if keys not in spec["secrets"] or len(spec["secrets"]) != len(set(spec["secrets"])):
            yield f"{name}: its secrets are {spec['secrets']}"
    # Services whose variables OpenFaaS's pods would be given, and Sésame take for settings.
    for service in variant.of("Service"):
        name = service["metadata"]["name"]
        if name.startswith("sesame-") and service["spec"].get("clusterIP") != "None":
            yield f"Service {name}: its variables begin with SESAME_"


def fullname(variant):
    return variant.values["fullnameOverride"] or "sesame"


def stray_functions(variant):
    """What has nothing to do with OpenFaaS never looks like one of its own."""
    for name, labels in variant.pod_labels():
        if labels["app.kubernetes.io/component"] != "function" and "faas_function" in labels:
            yield f"pod of {name} would be taken for a function"


# --- Pods --------------------------------------------------------------------------------------


def restricted_pods(variant):
    for name, metadata, spec in variant.pods():
        for problem in restricted.problems(spec, metadata.get("annotations")):
            yield f"pod of {name}: {problem}"


def pods_keep_house(variant):
    config = variant.values["config"]
    claims = {
        called(workload): {claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]}
        for workload in variant.of("StatefulSet")
    }
    for name, metadata, spec in variant.pods():
        where = f"pod of {name}"
        component = metadata["labels"]["app.kubernetes.io/component"]
        ours = component in ("web", "all-in-one", "function")
        user = variant.values["postgres"]["uid"] if component in ("postgresql", "backup") else 12000
        security = spec.get("securityContext") or {}
        if (security.get("runAsUser"), security.get("fsGroup")) != (user, user):
            yield f"{where}: runs as {security.get('runAsUser')}, group {security.get('fsGroup')}"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{where}: has a service account's token"
        if spec.get("enableServiceLinks") is not False:
            yield f"{where}: is given variables of every Service"
        volumes = {volume["name"]: volume for volume in spec.get("volumes") or []}
        for volume in volumes.values():
            empty = volume.get("emptyDir")
            if empty is not None and (empty.get("medium") != "Memory" or not empty.get("sizeLimit")):
                yield f"{where}: volume {volume['name']} is not memory with a limit"
            for kind in ("projected", "secret"):
                if kind in volume and volume[kind].get("defaultMode") != 0o440:
                    yield f"{where}: secrets of volume {volume['name']} are not of mode 0440"
        for container in containers(spec):
            inside = f"{where}, container {container['name']}"
            if not (container.get("securityContext") or {}).get("readOnlyRootFilesystem"):
                yield f"{inside}: the root file system is writable"
            resources = container.get("resources") or {}
            for kind, amount in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                if amount not in resources.get(kind, {}):
                    yield f"{inside}: no {kind}.{amount}"
            mounts = {mount["mountPath"]: mount for mount in container.get("volumeMounts") or []}
            if "emptyDir" not in volumes.get((mounts.get("/tmp") or {}).get("name"), {}):
                yield f"{inside}: no /tmp in memory"
            if not {mount["name"] for mount in mounts.values()} <= set(volumes) | claims.get(name, set()):
                yield f"{inside}: mounts a volume that is not there"
            if re.search(r":(latest)?$", container["image"]) or not re.search(r"[:@]", container["image"]):
                yield f"{inside}: image {container['image']}"
        if component in ("web", "all-in-one", "function", "postgresql"):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe not in spec["containers"][0]:
                    yield f"{where}: no {probe}"
        if ours:
            container = spec["containers"][0]
            paths = {
                probe: container[probe]["httpGet"]["path"]
                for probe in ("readinessProbe", "livenessProbe")
                if probe in container
            }
            if paths != {"readinessProbe": "/_/ready", "livenessProbe": "/_/health"}:
                yield f"{where}: probes ask {paths}"
            if (
                spec.get("terminationGracePeriodSeconds", 0)
                <= config["drainInterval"] + config["shutdownTimeout"]
            ):
                yield f"{where}: is killed after {spec.get('terminationGracePeriodSeconds')} s"
            if not spec.get("topologySpreadConstraints"):
                yield f"{where}: is not spread over nodes"
            if not any(
                key.startswith("checksum/") for key in metadata.get("annotations") or {}
            ) and variant.of("Secret"):
                yield f"{where}: does not restart when a Secret changes"


def environment_of_pods(variant):
    known = known_settings()
    shape = re.compile(r"[A-Z][A-Z0-9_]*")
    metrics = {"function": "0.0.0.0:8081"}
    for name, metadata, spec in variant.pods():
        if metadata["labels"]["app.kubernetes.io/component"] not in (
            "web",
            "all-in-one",
            "function",
            "migrate",
        ):
            continue
        for container in containers(spec):
            env = {entry["name"]: entry["value"] for entry in container["env"]}
            yield from environment(f"pod of {name}", env, known, shape)
            wanted = metrics.get(metadata["labels"]["app.kubernetes.io/component"], "0.0.0.0:9090")
            if env.get("SESAME_METRICS_LISTEN") != wanted:
                yield f"pod of {name}: metrics on {env.get('SESAME_METRICS_LISTEN')}"
    for function in variant.of("Function"):
        yield from environment(called(function), function["spec"]["environment"], known, shape)


def environment(where, env, known, shape):
    for variable, value in env.items():
        if not isinstance(value, str) or not shape.fullmatch(variable):
            yield f"{where}: {variable}={value!r}"
        if known and variable not in known:
            yield f"{where}: Sésame does not know {variable}"
        if re.fullmatch(r"[0-9.]+e[+-]?[0-9]+", value):
            yield f"{where}: {variable} is written {value}"
    if env.get("SESAME_LISTEN") != "0.0.0.0:8080":
        yield f"{where}: listens on {env.get('SESAME_LISTEN')}"
    if env.get("SESAME_LOG_FORMAT") != "json":
        yield f"{where}: does not log JSON"


@functools.cache
def known_settings():
    """The variables that the program knows, from its own table; empty beside a chart alone."""
    table = HERE.parent.parent.parent / "server/src/config/settings.rs"
    return (
        frozenset(re.findall(r'"((?:SESAME|DATABASE)_[A-Z0-9_]+)"', table.read_text()))
        if table.exists()
        else frozenset()
    )


def migrations(variant):
    """Nothing serves before the schema is there, and no two migrate at once (the lock is Sésame's)."""
    for name, metadata, spec in variant.pods():
        component = metadata["labels"]["app.kubernetes.io/component"]
        init = [container["args"] for container in spec.get("initContainers") or []]
        if component in ("web", "all-in-one", "function"):
            if init != [["migrate", "--wait", "120"]]:
                yield f"pod of {name}: before it starts, it runs {init}"
        elif init:
            yield f"pod of {name}: has init containers {init}"
    jobs = variant.of("Job")
    if (variant.mode == "function") != (len(jobs) == 1):
        yield f"{len(jobs)} Jobs in mode {variant.mode}"
    for job in jobs:
        hooks = job["metadata"]["annotations"].get("helm.sh/hook")
        if hooks != "post-install,pre-upgrade":
            yield f"{called(job)} runs at {hooks}"


def replicas(variant):
    scaled = {d["spec"]["scaleTargetRef"]["name"]: d["spec"] for d in variant.of("HorizontalPodAutoscaler")}
    deployments = {d["metadata"]["name"]: d["spec"] for d in variant.of("Deployment")}
    budgets = {d["metadata"]["name"] for d in variant.of("PodDisruptionBudget")}
    if bool(scaled) != variant.values["autoscaling"]["enabled"]:
        yield f"autoscalers for {sorted(scaled)}"
    for name in set(scaled) - set(deployments):
        yield f"an autoscaler for {name}, which is not there"
    for name, spec in deployments.items():
        if name in scaled and "replicas" in spec:
            yield f"{name}: Helm would set the replicas that an autoscaler rules"
        if scaled and name not in scaled:
            yield f"{name}: has no autoscaler"
        least = scaled[name]["minReplicas"] if name in scaled else spec["replicas"]
        wanted = least >= 2 and variant.values["podDisruptionBudget"]["enabled"]
        if (name in budgets) != wanted:
            yield f"{name}: {least} replicas and {'a' if name in budgets else 'no'} disruption budget"
        strategy = spec["strategy"]
        if variant.values["database"]["type"] == "sqlite":
            if strategy != {"type": "Recreate"} or spec["replicas"] != 1:
                yield f"{name}: SQLite with {spec['replicas']} replicas, {strategy}"
        elif strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0:
            yield f"{name}: an upgrade takes pods away: {strategy}"


# --- References --------------------------------------------------------------------------------


def references(variant):
    """What is named is there: rendered, or declared in the values as existing."""
    values = variant.values
    there = {(d["kind"], d["metadata"]["namespace"], d["metadata"]["name"]) for d in variant.documents}
    declared = {
        values["secrets"]["existingSecret"],
        values["database"]["external"]["existingSecret"],
        values["database"]["external"]["caSecret"],
        values["route"]["tls"]["secretName"],
        *values["imagePullSecrets"],
    }

    def lacks(kind, name, namespace=variant.namespace):
        if kind == "Secret" and name in declared:
            return False
        if kind == "Service" and (name in variant.function_names and variant.mode == "function"):
            return False
        if kind == "Service" and (name, namespace) == ("gateway", values["openfaas"]["namespace"]):
            return False
        return (kind, namespace, name) not in there

    for where, _, spec in variant.pods():
        wanted = [("ServiceAccount", spec["serviceAccountName"])]
        wanted += [("Secret", entry["name"]) for entry in spec.get("imagePullSecrets") or []]
        for volume in spec.get("volumes") or []:
            if "secret" in volume:
                wanted.append(("Secret", volume["secret"]["secretName"]))
            if "configMap" in volume:
                wanted.append(("ConfigMap", volume["configMap"]["name"]))
            if "persistentVolumeClaim" in volume:
                wanted.append(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
            for source in volume.get("projected", {}).get("sources", []):
                wanted.append(("Secret", source["secret"]["name"]))
                yield from projected_keys(variant, where, source["secret"])
        for kind, name in wanted:
            if lacks(kind, name):
                yield f"pod of {where}: {kind} {name} is not there"
    for function in variant.of("Function"):
        for name in function["spec"]["secrets"]:
            if lacks("Secret", name):
                yield f"{called(function)}: Secret {name} is not there"
    for route in variant.of("IngressRoute"):
        space = route["metadata"]["namespace"]
        secret = (route["spec"].get("tls") or {}).get("secretName")
        if secret and lacks("Secret", secret, space):
            yield f"{called(route)}: Secret {secret} is not there"
        for rule in route["spec"]["routes"]:
            # Traefik on K3s lets no route reach into another namespace.
            for middleware in rule.get("middlewares", []):
                if lacks("Middleware", middleware["name"], space) or "namespace" in middleware:
                    yield f"{called(route)}: Middleware {middleware} is not there"
            for service in rule["services"]:
                if lacks("Service", service["name"], space) or service["port"] != 8080:
                    yield f"{called(route)}: Service {service} is not there"
    for ingress in variant.of("Ingress"):
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            if lacks("Service", path["backend"]["service"]["name"]):
                yield f"{called(ingress)}: Service {path['backend']['service']} is not there"
    spaces = {variant.namespace}
    if values["route"]["type"] == "gateway" or values["openfaas"]["gatewayPolicy"]:
        spaces.add(values["openfaas"]["namespace"])
    if values["monitoring"]["dashboard"]["namespace"]:
        spaces.add(values["monitoring"]["dashboard"]["namespace"])
    for document in variant.documents:
        if document["metadata"]["namespace"] not in spaces:
            yield f"{called(document)} goes to {document['metadata']['namespace']}"


def projected_keys(variant, where, source):
    """One flat file a key, under its own name, which is ours; and the Secret has the key."""
    rendered = {d["metadata"]["name"]: d["data"] for d in variant.of("Secret")}
    for item in source["items"]:
        if item["key"] != item["path"] or not item["key"].startswith("sesame-"):
            yield f"pod of {where}: projects {item}"
        if source["name"] in rendered and item["key"] not in rendered[source["name"]]:
            yield f"pod of {where}: Secret {source['name']} has no key {item['key']}"


# --- Secrets -----------------------------------------------------------------------------------


def secrets_stay_secret(variant):
    values = []
    for secret in variant.of("Secret"):
        for key, encoded in secret["data"].items():
            if key not in ("sesame-database-ca", "ca.crt", "tls.crt"):
                values.append(base64.b64decode(encoded).decode())
    values += [urllib.parse.urlsplit(value).password for value in values if value.startswith("postgres")]
    for document in variant.documents:
        if document["kind"] == "Secret":
            continue
        text = json.dumps(document)
        for value in values:
            if value and (value in text or base64.b64encode(value.encode()).decode() in text):
                yield f"{called(document)} shows a secret"


def ring_for_who_opens(variant):
    """Only what opens accounts is given the key ring: no job, no test, no database."""
    ring = variant.values["secrets"]["existingSecret"] or f"{fullname(variant)}-keys"
    for name, metadata, spec in variant.pods():
        opens = metadata["labels"]["app.kubernetes.io/component"] in ("web", "all-in-one", "function")
        # In whatever way a pod may name a Secret.
        given = f'"{ring}"' in json.dumps(spec)
        if given != opens:
            yield f"pod of {name}: is {'given' if given else 'not given'} the key ring"


def hashes_are_no_help(variant):
    """Who may look at pods and not at Secrets learns nothing by which to try passwords at home: no
    hash of a database URL or its password stands anywhere, in whatever form it may have been hashed."""
    url = variant.secret("sesame-database-url") or variant.values["database"]["external"]["url"]
    if not url:
        return
    texts = {url, urllib.parse.urlsplit(url).password, variant.values["database"]["external"]["url"]}
    digests = {
        digest
        for text in texts - {None, ""}
        for data in (text.encode(), base64.b64encode(text.encode()))
        for form in (data, data + b"\n", json.dumps(data.decode()).encode())
        for algorithm in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
        for raw in [hashlib.new(algorithm, form).digest()]
        for digest in (raw.hex(), base64.b64encode(raw).decode())
    }
    for document in variant.documents:
        if document["kind"] != "Secret":
            text = json.dumps(document)
            if any(digest in text for digest in digests):
                yield f"{called(document)} has a hash by which the database's password can be guessed"


def key_ring(variant):
    """As server/src/crypto/key_ring.rs reads it."""
    existing = variant.values["secrets"]["existingSecret"]
    ring = variant.secret("sesame-keys")
    if existing:
        if ring is not None:
            yield "a key ring was made beside the existing one"
        return
    lines = [line for line in (ring or "").splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) != 1 or not ring.endswith("\n"):
        yield f"the ring has {len(lines)} keys"
        return
    number, created, key = lines[0].split(" ")
    if (
        number != "1"
        or re.fullmatch(r"[A-Za-z0-9_-]{43}", key) is None
        or len(base64.urlsafe_b64decode(key + "=")) != 32
    ):
        yield "the key is not number 1 with 32 bytes of base64url"
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
        created.replace("Z", "+00:00")
    )
    if abs(age) > datetime.timedelta(minutes=5) or not created.endswith("Z"):
        yield f"the key was made at {created}"
    secret = next(d for d in variant.of("Secret") if "sesame-keys" in d["data"])
    if (secret["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") != "keep":
        yield "the key ring goes with the release"
    if secret.get("immutable") is not True:
        yield "the key ring can be overwritten"


def database_url(variant):
    database = variant.values["database"]
    url = variant.secret("sesame-database-url")
    if database["type"] == "sqlite" or database["external"]["existingSecret"]:
        if url is not None:
            yield "a database URL was made"
        return
    parts = urllib.parse.urlsplit(url or "")
    query = dict(urllib.parse.parse_qsl(parts.query))
    if parts.scheme != "postgres" or query.get("sslmode") != "verify-full":
        yield "the URL does not ask for a certificate"
    has_authority = database["type"] == "internal" or database["external"]["caSecret"]
    if has_authority and query.get("sslrootcert") != f"{SECRETS_FOLDER}/sesame-database-ca":
        yield f"the authority is looked for at {query.get('sslrootcert')}"
    if database["type"] == "internal":
        yield from internal_database(variant, parts)


def internal_database(variant, parts):
    service = next(s for s in variant.of("Service") if s["metadata"]["name"].endswith("-postgresql"))
    if parts.hostname != f"{service['metadata']['name']}.{variant.namespace}.svc" or parts.port != 5432:
        yield f"the URL leads to {parts.hostname}:{parts.port}"
    if (parts.username, parts.path) != ("sesame", "/sesame") or parts.password != variant.secret("password"):
        yield "the URL's user, password or database are not those of the server"
    if len(parts.password or "") < 32 or parts.password == variant.secret("superuser-password"):
        yield "the password is short, or the superuser's too"
    try:
        shake_hands(
            variant.secret("sesame-database-ca"),
            variant.secret("tls.crt"),
            variant.secret("tls.key"),
            parts.hostname,
        )
    except ssl.SSLError as error:
        yield f"the certificate does not hold: {error}"
    try:
        shake_hands(
            variant.secret("sesame-database-ca"),
            variant.secret("tls.crt"),
            variant.secret("tls.key"),
            "other.example",
        )
        yield "the certificate holds for any host"
    except ssl.SSLCertVerificationError:
        pass
    for claim in variant.of("StatefulSet")[0]["spec"]["volumeClaimTemplates"]:
        if not claim["spec"]["resources"]["requests"]["storage"]:
            yield "the volume has no size"
    secret = next(d for d in variant.of("Secret") if "superuser-password" in d["data"])
    if (secret["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") != "keep":
        yield "the passwords go with the release, the volume does not"


def internal_access(variant):
    """Who the chart's own PostgreSQL lets in: over the network, and that is loopback, too, the one
    user to the one database, by TLS and password; by its socket, inside the pod, everybody."""
    if variant.values["database"]["type"] != "internal":
        return
    spec = variant.of("StatefulSet")[0]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    files = {
        f"{mount['mountPath']}/{item['path']}": (volume["configMap"]["name"], item["key"])
        for mount in container["volumeMounts"]
        for volume in spec["volumes"]
        if volume["name"] == mount["name"] and "configMap" in volume
        for item in volume["configMap"].get("items") or []
    }
    named = [argument.removeprefix("hba_file=") for argument in container["args"] if "hba_file=" in argument]
    if len(named) != 1 or named[0] not in files:
        yield f"its rules of access are {named or 'those of initdb'}; there are {sorted(files)}"
        return
    name, key = files[named[0]]
    text = next(c["data"][key] for c in variant.of("ConfigMap") if c["metadata"]["name"] == name)
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    wanted = [["local", "all", "all", "trust"], ["hostssl", "sesame", "sesame", "all", "scram-sha-256"]]
    if lines != wanted:
        yield f"lets in {lines}"
    first = {path.rpartition("/")[2] for path in files if path.startswith("/docker-entrypoint-initdb.d/")}
    if first != {"sesame.sh"}:
        yield f"runs {sorted(first)} at first"


def shake_hands(authority, certificate, key, host):
    """A TLS handshake in memory, as a client that verifies authority and name."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=authority)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(certificate + key)
        pem.flush()
        server.load_cert_chain(pem.name)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass


# --- The network -------------------------------------------------------------------------------


def policies_cover_every_pod(variant):
    if not variant.values["networkPolicy"]["enabled"]:
        if variant.of("NetworkPolicy"):
            yield "there are policies although they are off"
        return
    for name, labels in variant.pod_labels():
        kinds = {
            kind
            for policy in variant.of("NetworkPolicy")
            if matches(policy["spec"]["podSelector"], labels)
            for kind in policy["spec"]["policyTypes"]
        }
        if kinds != {"Ingress", "Egress"}:
            yield f"pod of {name}: policies cover {sorted(kinds)}"


def policies_of(variant, direction, space, pod):
    """The policies that have a say on a pod: those of its namespace that choose its labels."""
    return [
        policy
        for policy in variant.of("NetworkPolicy")
        if policy["metadata"]["namespace"] == space
        and matches(policy["spec"]["podSelector"], pod)
        and direction in policy["spec"]["policyTypes"]
    ]


def allowed(variant, direction, pod, peer, port, protocol="TCP", space=None):
    """Whether the policies let `peer` (namespace, labels) talk to `pod` (labels, of the release's
    namespace or another), or the other way."""
    space = space or variant.namespace
    rules = [
        rule
        for policy in policies_of(variant, direction, space, pod)
        for rule in policy["spec"].get(direction.lower()) or []
    ]
    side = {"Ingress": "from", "Egress": "to"}[direction]
    for rule in rules:
        ports = rule.get("ports")
        if ports is not None and not any(
            (p["port"], p.get("protocol", "TCP")) == (port, protocol) for p in ports
        ):
            continue
        peers = rule.get(side)
        if peers is None or any(is_peer(space, entry, *peer) for entry in peers):
            return True
    return False


def is_peer(home, entry, namespace, labels):
    """Whether an entry of a policy in namespace `home` means a pod of `namespace` with `labels`."""
    if "ipBlock" in entry:
        return namespace == "outside" and labels.get("cidr") == entry["ipBlock"]["cidr"]
    if namespace == "outside":
        return False
    space = entry.get("namespaceSelector")
    if space is None:
        if namespace != home:
            return False
    elif not matches(space, {"kubernetes.io/metadata.name": namespace}):
        return False
    return matches(entry.get("podSelector") or {}, labels)


def flows(variant):
    """Who reaches whom, as it is meant."""
    if not variant.values["networkPolicy"]["enabled"]:
        return
    values, space = variant.values, variant.namespace
    policy = values["networkPolicy"]
    pods = dict(variant.pod_labels())
    by_component = {}
    for name, labels in pods.items():
        by_component.setdefault(labels["app.kubernetes.io/component"], []).append((name, labels))
    router = (policy["router"]["namespace"], policy["router"]["podLabels"])
    gateway = (values["openfaas"]["namespace"], policy["gateway"]["podLabels"])
    stranger = (space, {"app": "stranger"})
    same_labels_elsewhere = ("elsewhere", router[1])
    monitor = (policy["monitoring"]["namespace"], {"app": "prometheus"})
    names = ("kube-system", {"k8s-app": "kube-dns"})
    routed = values["route"]["type"]
    called_by_gateway = routed == "gateway" or values["openfaas"]["admitGateway"]
    verifier = f"{values['functions']['namePrefix']}authenticate-user"

    def wrong(want, direction, name, labels, peer, port, protocol="TCP"):
        if allowed(variant, direction, labels, peer, port, protocol) != want:
            yield f"{name}: {direction} {peer[0]} {peer[1]} port {port} is {'refused' if want else 'allowed'}"

    for component in ("web", "all-in-one", "function"):
        for name, labels in by_component.get(component, []):
            web = component != "function"
            metrics = 9090 if web else 8081
            verifies = values["forwardAuth"]["enabled"] and (
                labels.get("faas_function") == verifier or component == "all-in-one"
            )
            by_router = verifies or (routed != "none" if web else routed in ("direct", "ingress"))
            yield from wrong(by_router, "Ingress", name, labels, router, 8080)
            yield from wrong(not web and called_by_gateway, "Ingress", name, labels, gateway, 8080)
            yield from wrong(True, "Ingress", name, labels, monitor, metrics)
            yield from wrong(False, "Ingress", name, labels, monitor, 8080)
            for peer in (router, gateway, stranger):
                yield from wrong(False, "Ingress", name, labels, peer, metrics)
            for peer in (stranger, same_labels_elsewhere):
                yield from wrong(False, "Ingress", name, labels, peer, 8080)
            for _, test in by_component["test"]:
                yield from wrong(True, "Ingress", name, labels, (space, test), 8080)
                yield from wrong(True, "Egress", "test", test, (space, labels), 8080)
    for component in ("web", "all-in-one", "function", "migrate", "backup"):
        for name, labels in by_component.get(component, []):
            yield from wrong(True, "Egress", name, labels, names, 53, "UDP")
            yield from wrong(False, "Egress", name, labels, ("outside", {"cidr": "198.51.100.0/24"}), 443)
            yield from wrong(False, "Egress", name, labels, stranger, 8080)
            if component in ("migrate", "backup"):
                yield from wrong(False, "Ingress", name, labels, stranger, 8080)
            if values["database"]["type"] == "internal":
                for database, database_labels in by_component["postgresql"]:
                    yield from wrong(True, "Egress", name, labels, (space, database_labels), 5432)
                    yield from wrong(True, "Ingress", database, database_labels, (space, labels), 5432)
            elif values["database"]["type"] == "external":
                for cidr in policy["database"]["cidrs"]:
                    for port in policy["database"]["ports"]:
                        yield from wrong(True, "Egress", name, labels, ("outside", {"cidr": cidr}), port)
            else:
                yield from wrong(False, "Egress", name, labels, stranger, 5432)
    for database, labels in by_component.get("postgresql", []):
        for peer in (stranger, router, monitor, gateway):
            yield from wrong(False, "Ingress", database, labels, peer, 5432)
        yield from wrong(False, "Egress", database, labels, names, 53, "UDP")
    yield from flows_to_the_gateway(variant, router)


def flows_to_the_gateway(variant, router):
    """OpenFaaS's namespace is another's: a policy there only when asked for, of the gateway alone,
    and with room for what OpenFaaS itself does."""
    values = variant.values
    home, labels = values["openfaas"]["namespace"], values["networkPolicy"]["gateway"]["podLabels"]
    there = [policy for policy in variant.of("NetworkPolicy") if policy["metadata"]["namespace"] == home]
    if len(there) != int(values["openfaas"]["gatewayPolicy"]):
        yield f"{len(there)} policies in namespace {home}"
    for policy in there:
        if policy["spec"]["policyTypes"] != ["Ingress"] or policy["spec"]["podSelector"] != {
            "matchLabels": labels
        }:
            yield f"{called(policy)} has a say on more than who reaches the gateway"
        monitor = (values["networkPolicy"]["monitoring"]["namespace"], {"app": "prometheus"})
        alerts = (home, {"app": "alertmanager"})
        neighbour = (variant.namespace, {"faas_function": "another"})
        wanted = [
            (router, 8080, True),
            (alerts, 8080, True),
            (alerts, 8082, True),
            (monitor, 8082, True),
            (monitor, 8080, False),
            (neighbour, 8080, False),
            (("elsewhere", router[1]), 8080, False),
            (("outside", {"cidr": "203.0.113.0/24"}), 8080, False),
            # The provider's: it would call functions as well.
            (router, 8081, False),
            (neighbour, 8081, False),
        ]
        for peer, port, want in wanted:
            if allowed(variant, "Ingress", labels, peer, port, space=home) != want:
                yield f"the gateway's port {port}: {peer[0]} {peer[1]} is {'refused' if want else 'allowed'}"


def believed(variant):
    """Who is given SESAME_TRUSTED_PROXIES: what only the router reaches, or a gateway that only the
    router reaches. OpenFaaS's gateway hands on the X-Forwarded-For of its clients as it is."""
    values = variant.values
    wanted = ",".join(values["config"]["trustedProxies"])
    policed = values["networkPolicy"]["enabled"]
    router = (values["networkPolicy"]["router"]["namespace"], values["networkPolicy"]["router"]["podLabels"])
    gateway_labels = values["networkPolicy"]["gateway"]["podLabels"]
    gateway = (values["openfaas"]["namespace"], gateway_labels)
    stranger = ("elsewhere", {"app": "stranger"})
    guarded = bool(policies_of(variant, "Ingress", *gateway)) and not allowed(
        variant, "Ingress", gateway_labels, stranger, 8080, space=gateway[0]
    )
    openfaas = values["openfaas"]["enabled"] or variant.mode == "function"
    labels_of = dict(variant.pod_labels())
    settings = {
        name: [
            {entry["name"]: entry["value"] for entry in container.get("env") or []}
            for container in spec["containers"]
        ]
        for name, _, spec in variant.pods()
    }
    settings |= {f"Function {f['spec']['name']}": [f["spec"]["environment"]] for f in variant.of("Function")}
    for name, environments in settings.items():
        labels = labels_of[name]
        component = labels["app.kubernetes.io/component"]
        honest = False
        if component in ("web", "all-in-one", "function"):
            if policed:
                by_router = allowed(variant, "Ingress", labels, router, 8080)
                by_gateway = allowed(variant, "Ingress", labels, gateway, 8080)
            else:
                by_router = values["route"]["type"] != "none"
                by_gateway = component == "function" and openfaas
            honest = guarded if by_gateway else by_router
            # What the router asks of one function goes for the two that nobody reaches as well.
            if component == "function" and not by_gateway and values["forwardAuth"]["enabled"]:
                honest = True
        for env in environments:
            found = env.get("SESAME_TRUSTED_PROXIES")
            if found != (wanted if honest and wanted else None):
                yield f"pod of {name}: believes {found or 'nobody'}"


# --- Routes ------------------------------------------------------------------------------------


def traefik_matches(rule, host, path):
    """Traefik's rule language, as far as the chart uses it."""
    expression = re.sub(r"(Host|PathPrefix|Path)\(`([^`]*)`\)", r"\1('\2')", rule)
    expression = expression.replace("&&", " and ").replace("||", " or ").replace("!", " not ")
    if not re.fullmatch(r"(?:(?:Host|PathPrefix|Path)\('[^']*'\)|and|or|not|[() ])*", expression):
        raise ValueError(f"not understood: {rule}")
    words = {
        "Host": lambda wanted: host == wanted,
        "Path": lambda wanted: path == wanted,
        "PathPrefix": path.startswith,
    }
    return eval(expression, {"__builtins__": {}}, words)  # noqa: S307 - checked above


def traefik_target(variant, host, path, entry_point="websecure"):
    """(Service, prefix) of the rule that wins, or None."""
    candidates = [
        (rule.get("priority", len(rule["match"])), rule, route["metadata"]["namespace"])
        for route in variant.of("IngressRoute")
        if entry_point in route["spec"]["entryPoints"]
        for rule in route["spec"]["routes"]
        if traefik_matches(rule["match"], host, path)
    ]
    if not candidates:
        return None
    _, rule, space = max(candidates, key=lambda candidate: candidate[0])
    middlewares = {
        (m["metadata"]["namespace"], m["metadata"]["name"]): m["spec"] for m in variant.of("Middleware")
    }
    prefix = ""
    for middleware in rule.get("middlewares", []):
        spec = middlewares[(space, middleware["name"])]
        if "redirectScheme" in spec:
            port = spec["redirectScheme"].get("port")
            return spec["redirectScheme"]["scheme"], f":{port}" if port else ""
        prefix += spec["addPrefix"]["prefix"]
    return rule["services"][0]["name"], prefix


def ingress_target(variant, host, path):
    """(Service, port) as the Ingress API defines it: exact before prefix, longest first."""
    best = None
    for rule in variant.of("Ingress")[0]["spec"]["rules"]:
        if rule["host"] != host:
            continue
        for entry in rule["http"]["paths"]:
            wanted = entry["path"]
            exact = entry["pathType"] == "Exact"
            stem = wanted.rstrip("/")
            if path == wanted if exact else (path == stem or path.startswith(f"{stem}/")):
                rank = (len(wanted), exact)
                if best is None or rank > best[0]:
                    best = (rank, entry["backend"]["service"])
    return best and (best[1]["name"], best[1]["port"].get("name") or best[1]["port"]["number"])


def routes(variant):
    values = variant.values
    kind = values["route"]["type"]
    host = urllib.parse.urlsplit(values["publicUrl"]).hostname
    web = fullname(variant)
    prefix = values["functions"]["namePrefix"]
    split = values["mode"] != "all-in-one"
    wanted = dict.fromkeys(REST, web)
    for function, paths in API.items():
        wanted.update(dict.fromkeys(paths, f"{prefix}{function}" if split else web))
    hidden = ("/_/health", "/_/ready", "/_/")
    if kind == "none":
        if variant.of("IngressRoute", "Ingress"):
            yield "there are routes although none was asked for"
    elif kind == "ingress":
        for path, service in wanted.items():
            # `/_` is the stem of the refused prefix for an Ingress.
            if path != "/_" and (ingress_target(variant, host, path) or [None])[0] != service:
                yield f"{path} goes to {ingress_target(variant, host, path)}"
        for path in hidden:
            if (ingress_target(variant, host, path) or [None, "refused"])[1] != "refused":
                yield f"{path} goes to {ingress_target(variant, host, path)}"
        if ingress_target(variant, "other.example", "/"):
            yield "other hosts are answered"
    else:
        for path, service in wanted.items():
            target = (service, "")
            if kind == "gateway" and service != web:
                target = ("gateway", f"/function/{service}")
            if traefik_target(variant, host, path) != target:
                yield f"{path} goes to {traefik_target(variant, host, path)}"
        for path in hidden:
            if traefik_target(variant, host, path) is not None:
                yield f"{path} is routed"
        if traefik_target(variant, "other.example", "/api/register") is not None:
            yield "other hosts are answered"
        plain = traefik_target(variant, host, "/compte", "web")
        port = urllib.parse.urlsplit(values["publicUrl"]).port
        wanted_plain = ("https", f":{port}" if port else "") if values["route"]["httpEntryPoint"] else None
        if plain != wanted_plain:
            yield f"plain http goes to {plain}"
        if traefik_target(variant, host, "/api/register", "web") is not None:
            yield "a call of the API in the clear is answered"
        if any(
            "tls" not in r["spec"]
            for r in variant.of("IngressRoute")
            if "websecure" in r["spec"]["entryPoints"]
        ):
            yield "a route has no TLS"
        yield from tls_options(variant, kind)


MODERN_SUITE = re.compile(
    r"TLS_ECDHE_(ECDSA|RSA)_WITH_(AES_(128|256)_GCM|CHACHA20_POLY1305)_SHA(256|384)"
)


def tls_options(variant, kind):
    """TLS 1.2 at least, with forward secrecy and authenticated encryption (ASVS 12.1.1, 12.1.2)."""
    options = {
        f"{option['metadata']['namespace']}/{option['metadata']['name']}": option["spec"]
        for option in variant.of("TLSOption")
    }
    for name, spec in options.items():
        if spec["minVersion"] not in ("VersionTLS12", "VersionTLS13"):
            yield f"{name} admits {spec['minVersion']}"
        for suite in spec["cipherSuites"]:
            if not MODERN_SUITE.fullmatch(suite):
                yield f"{name} admits {suite}"
    named = {
        f"{route['metadata']['namespace']}/{route['spec']['tls']['options']['name']}"
        for route in variant.of("IngressRoute")
        if "options" in route["spec"].get("tls", {})
    }
    # Through the gateway there are routes in two namespaces, which cannot share one.
    if len(options) != (kind == "direct") or named != set(options):
        yield f"routes name {named}, there are {set(options)}"


def forward_auth(variant):
    middlewares = [m for m in variant.of("Middleware") if "forwardAuth" in m["spec"]]
    enabled = variant.values["forwardAuth"]["enabled"]
    if len(middlewares) != int(enabled):
        yield f"{len(middlewares)} Middlewares"
        return
    for middleware in middlewares:
        spec = middleware["spec"]["forwardAuth"]
        service = (
            f"{variant.values['functions']['namePrefix']}authenticate-user"
            if variant.mode != "all-in-one"
            else fullname(variant)
        )
        if spec["address"] != f"http://{service}.{variant.namespace}.svc.cluster.local:8080/api/verify":
            yield f"asks {spec['address']}"
        if spec.get("trustForwardHeader") is not False:
            yield "believes what clients say of themselves"
        if spec.get("authResponseHeaders") != ["Remote-User", "Remote-Valid-Until"]:
            yield f"passes on {spec.get('authResponseHeaders')}"


def monitoring(variant):
    monitor = variant.values["monitoring"]
    expected = {
        "PodMonitor": monitor["podMonitor"]["enabled"],
        "PrometheusRule": monitor["prometheusRule"]["enabled"],
    }
    for kind, enabled in expected.items():
        found = variant.of(kind)
        if len(found) != int(enabled):
            yield f"{len(found)} {kind}s"
        for document in found:
            for label, value in monitor["labels"].items():
                if document["metadata"]["labels"].get(label) != value:
                    yield f"{called(document)}: lacks the label {label}"
    for document in variant.of("PodMonitor"):
        chosen = {n for n, labels in variant.pod_labels() if matches(document["spec"]["selector"], labels)}
        scraped = {
            name
            for name, _, spec in variant.pods()
            if name in chosen
            and any(p.get("name") == "metrics" for c in spec["containers"] for p in c.get("ports") or [])
        }
        ours = {
            name
            for name, labels in variant.pod_labels()
            if labels["app.kubernetes.io/component"] in ("web", "all-in-one", "function")
        }
        by_number = any("portNumber" in endpoint for endpoint in document["spec"]["podMetricsEndpoints"])
        if by_number:
            scraped |= {name for name in chosen if name.startswith("Function ")}
        if scraped != ours:
            yield f"{called(document)} scrapes {sorted(scraped)}"
        for endpoint in document["spec"]["podMetricsEndpoints"]:
            if not any(
                r.get("targetLabel") == "job" and r.get("replacement") == "sesame"
                for r in endpoint["relabelings"]
            ):
                yield f"{called(document)}: the job is not called sesame"
    dashboards = [
        c for c in variant.of("ConfigMap") if (c["metadata"]["labels"]).get("grafana_dashboard") == "1"
    ]
    if len(dashboards) != int(monitor["dashboard"]["enabled"]):
        yield f"{len(dashboards)} dashboards"
    for dashboard in dashboards:
        try:
            json.loads(dashboard["data"]["sesame.json"])
        except ValueError as error:
            yield f"{called(dashboard)}: {error}"


def scripts(variant):
    """Shell that stands in the chart is at least shell."""
    texts = [
        (called(c), text)
        for c in variant.of("ConfigMap")
        for name, text in c["data"].items()
        if name.endswith(".sh")
    ]
    for name, _, spec in variant.pods():
        for container in spec["containers"]:
            if (container.get("command") or [None])[0] == "/bin/sh":
                texts.append((name, container["args"][0]))
    for name, text in texts:
        done = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"{name}: {done.stderr.strip()}"
    backups = variant.of("CronJob")
    if len(backups) != int(variant.values["backup"]["enabled"]):
        yield f"{len(backups)} CronJobs"
    for backup in backups:
        text = backup["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"][0]
        if f"-mmin +{variant.values['backup']['retentionDays'] * 1440} " not in text:
            yield f"{called(backup)}: does not keep {variant.values['backup']['retentionDays']} days"


def dump_scripts(variant):
    """A backup's script hands pg_dump the database and shows nobody the password."""
    for backup in variant.of("CronJob"):
        spec = backup["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        container = spec["containers"][0]
        if container["command"] != ["/bin/sh", "-euc"] or container.get("env"):
            yield f"{called(backup)}: runs {container['command']} with {container.get('env')}"
        for problem in dumps.problems(container["args"][0]):
            yield f"{called(backup)}: {problem}"


def test_pod(variant):
    """`helm test` asks every Service of ours whether it is ready."""
    asked = {
        container["args"][2]
        for pod in variant.of("Pod")
        for container in pod["spec"]["containers"]
        if container["args"][:2] == ["health", "--url"]
        and pod["metadata"]["annotations"].get("helm.sh/hook") == "test"
    }
    wanted = {f"http://{name}:8080/_/ready" for name in [fullname(variant), *variant.function_names]}
    if asked != wanted:
        yield f"it asks {sorted(asked)}"


def restarts(variant, other):
    """Pods that read a Secret of the chart's making are other pods when it is another. `other` is a
    second rendering, in which everything is drawn anew."""
    drawn = {d["metadata"]["name"]: d["data"] for d in variant.of("Secret")}
    again = {d["metadata"]["name"]: d["data"] for d in other.of("Secret")}
    changed = {name for name in drawn if drawn[name] != again[name]}
    pods = {name: (metadata, spec) for name, metadata, spec in other.pods()}
    for name, metadata, spec in variant.pods():
        if not name.startswith(("Deployment ", "StatefulSet ")):
            continue
        read = {
            source["secret"]["name"]
            for volume in spec["volumes"]
            for source in volume.get("projected", {}).get("sources", [])
        } | {volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume}
        same = metadata.get("annotations") == pods[name][0].get("annotations")
        if same == bool(read & changed):
            yield f"{name} reads {sorted(read & changed)} and {'stays' if same else 'restarts'}"


RULES = {
    **{
        f"holds to the schemas of Kubernetes {version}": functools.partial(
            kubernetes_schemas, version=version
        )
        for version in VERSIONS
    },
    "custom resources have their shape": custom_resources,
    "names and labels": names_and_labels,
    "selectors choose exactly their own": selectors,
    "OpenFaaS takes the functions, and nothing else, for functions": functions_as_openfaas_takes_them,
    "no stray function label": stray_functions,
    "Pod Security restricted": restricted_pods,
    "pods keep house": pods_keep_house,
    "environment": environment_of_pods,
    "migrations": migrations,
    "replicas, autoscalers, disruption budgets": replicas,
    "whatever is named is there": references,
    "secrets stay in Secrets": secrets_stay_secret,
    "the key ring is for who opens accounts": ring_for_who_opens,
    "no hash helps to guess": hashes_are_no_help,
    "key ring": key_ring,
    "database URL and certificate": database_url,
    "who the database lets in": internal_access,
    "policies cover every pod": policies_cover_every_pod,
    "who reaches whom": flows,
    "whose word on addresses is believed": believed,
    "routes": routes,
    "forward authentication": forward_auth,
    "monitoring": monitoring,
    "scripts and backups": scripts,
    "backups keep the password to themselves": dump_scripts,
    "helm test asks every Service": test_pod,
}
