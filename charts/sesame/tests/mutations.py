"""Do the rules see anything? Each of these spoils what a variant rendered in one place, and the rule
named has to notice."""

import copy
import hashlib


def pick(variant, kind, name):
    return next(d for d in variant.documents if d["kind"] == kind and d["metadata"]["name"] == name)


def pod(variant, kind="Deployment", name="sesame"):
    return pick(variant, kind, name)["spec"]["template"]


def main(variant, name="sesame"):
    return pod(variant, name=name)["spec"]["containers"][0]


def remove(variant, kind, name):
    variant.documents.remove(pick(variant, kind, name))


def dump(variant, old, new):
    """Puts something else into the backup's script."""
    spec = pick(variant, "CronJob", "sesame-backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    script = spec["containers"][0]["args"][0]
    spec["containers"][0]["args"] = [script.replace(old, new)]


def believe(container):
    container["env"].append({"name": "SESAME_TRUSTED_PROXIES", "value": "10.42.0.0/16"})


def policy(variant, name):
    return pick(variant, "NetworkPolicy", name)["spec"]


INTERNAL, GATEWAY, PRO = "plain-internal", "plain-openfaas-gateway", "function-pro"
URL = "plain-external-url"
LOCKED, BOTH, OPEN = "plain-openfaas-locked", "plain-openfaas-both", "plain-openfaas-open"
SCALED, SQLITE, INGRESS = "plain-openfaas-autoscaling", "all-in-one-sqlite", "plain-ingress"

# what is spoilt: (variant, rule that must notice, how)
MUTATIONS = {
    "an unknown field": (
        INTERNAL,
        "holds to the schemas of Kubernetes 1.34",
        lambda v: pod(v)["spec"].update(enableServiceLink=False),
    ),
    "an unknown field of a Function": (
        PRO,
        "custom resources have their shape",
        lambda v: pick(v, "Function", "generate-2fa")["spec"].update(args=["function"]),
    ),
    "an unknown field of a route": (
        INTERNAL,
        "custom resources have their shape",
        lambda v: pick(v, "IngressRoute", "sesame")["spec"]["routes"][0].update(path="/"),
    ),
    "runAsNonRoot gone": (
        INTERNAL,
        "Pod Security restricted",
        lambda v: (
            pod(v)["spec"]["securityContext"].pop("runAsNonRoot"),
            main(v)["securityContext"].pop("runAsNonRoot"),
        ),
    ),
    "the init container's capabilities kept": (
        INTERNAL,
        "Pod Security restricted",
        lambda v: pod(v)["spec"]["initContainers"][0]["securityContext"].pop("capabilities"),
    ),
    "a backup with a host path": (
        INTERNAL,
        "Pod Security restricted",
        lambda v: pick(v, "CronJob", "sesame-backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"][
            "volumes"
        ].append({"name": "host", "hostPath": {"path": "/"}}),
    ),
    "a service account's token": (
        INTERNAL,
        "pods keep house",
        lambda v: pod(v, "StatefulSet", "sesame-postgresql")["spec"].pop("automountServiceAccountToken"),
    ),
    "secrets that everybody may read": (
        INTERNAL,
        "pods keep house",
        lambda v: pod(v)["spec"]["volumes"][0]["projected"].update(defaultMode=0o444),
    ),
    "a /tmp on the node": (
        INTERNAL,
        "pods keep house",
        lambda v: pod(v)["spec"]["volumes"][1]["emptyDir"].pop("medium"),
    ),
    "a readiness probe that asks for the process only": (
        INTERNAL,
        "pods keep house",
        lambda v: main(v)["readinessProbe"]["httpGet"].update(path="/_/health"),
    ),
    "an image called latest": (
        INTERNAL,
        "pods keep house",
        lambda v: main(v).update(image="sesame:latest"),
    ),
    "killed before it has drained": (
        INTERNAL,
        "pods keep house",
        lambda v: pod(v)["spec"].update(terminationGracePeriodSeconds=15),
    ),
    "a misspelt setting": (
        INTERNAL,
        "environment",
        lambda v: main(v)["env"].append({"name": "SESAME_ISUER", "value": "x"}),
    ),
    "a second label in a function's selector": (
        GATEWAY,
        "OpenFaaS takes the functions, and nothing else, for functions",
        lambda v: pick(v, "Deployment", "generate-2fa")["spec"]["selector"]["matchLabels"].update(app="x"),
    ),
    "a function's container by another name": (
        GATEWAY,
        "OpenFaaS takes the functions, and nothing else, for functions",
        lambda v: main(v, "generate-2fa").update(name="function"),
    ),
    "a function's Service by another name": (
        GATEWAY,
        "OpenFaaS takes the functions, and nothing else, for functions",
        lambda v: pick(v, "Service", "generate-2fa")["metadata"].update(name="generate-2fa-http"),
    ),
    "CE scaling against an autoscaler": (
        SCALED,
        "OpenFaaS takes the functions, and nothing else, for functions",
        lambda v: pod(v, name="generate-2fa")["metadata"]["labels"].update({"com.openfaas.scale.min": "1"}),
    ),
    "web taken for a function": (
        GATEWAY,
        "no stray function label",
        lambda v: pod(v)["metadata"]["labels"].update(faas_function="sesame"),
    ),
    "a selector that takes another's pods": (
        INTERNAL,
        "selectors choose exactly their own",
        lambda v: pick(v, "Service", "sesame")["spec"]["selector"].pop("app.kubernetes.io/component"),
    ),
    "a Service that leads nowhere": (
        INTERNAL,
        "selectors choose exactly their own",
        lambda v: pick(v, "Service", "sesame")["spec"]["ports"][0].update(targetPort=3000),
    ),
    "no migration before a function": (
        GATEWAY,
        "migrations",
        lambda v: pod(v, name="generate-2fa")["spec"].pop("initContainers"),
    ),
    "replicas beside an autoscaler": (
        SCALED,
        "replicas, autoscalers, disruption budgets",
        lambda v: pick(v, "Deployment", "sesame")["spec"].update(replicas=2),
    ),
    "SQLite rolled over": (
        SQLITE,
        "replicas, autoscalers, disruption budgets",
        lambda v: pick(v, "Deployment", "sesame")["spec"].update(strategy={"type": "RollingUpdate"}),
    ),
    "a Secret that is not there": (
        INTERNAL,
        "whatever is named is there",
        lambda v: remove(v, "Secret", "sesame-keys"),
    ),
    "a Middleware in another namespace": (
        GATEWAY,
        "whatever is named is there",
        lambda v: pick(v, "Middleware", "sesame-generate-2fa")["metadata"].update(namespace="openfaas-fn"),
    ),
    "a password in a variable": (
        INTERNAL,
        "secrets stay in Secrets",
        lambda v: main(v)["env"].append({"name": "DATABASE_URL", "value": v.secret("sesame-database-url")}),
    ),
    "the key ring for the migration": (
        PRO,
        "the key ring is for who opens accounts",
        lambda v: pod(v, "Job", "sesame-migrate")["spec"]["volumes"][0]["projected"]["sources"].append(
            {"secret": {"name": "sesame-keys", "items": [{"key": "sesame-keys", "path": "sesame-keys"}]}}
        ),
    ),
    "no key ring for a function": (
        INTERNAL,
        "the key ring is for who opens accounts",
        lambda v: pod(v, name="generate-2fa")["spec"]["volumes"][0]["projected"]["sources"].pop(0),
    ),
    "a bare hash of the database URL": (
        URL,
        "no hash helps to guess",
        lambda v: pod(v)["metadata"]["annotations"].update(
            {"checksum/x": hashlib.sha256(v.secret("sesame-database-url").encode()).hexdigest()}
        ),
    ),
    "a bare hash of its password": (
        URL,
        "no hash helps to guess",
        lambda v: pod(v)["metadata"]["annotations"].update(
            {"checksum/x": hashlib.sha1(b"s3cret").hexdigest()}
        ),
    ),
    "a key ring that goes with the release": (
        INTERNAL,
        "key ring",
        lambda v: pick(v, "Secret", "sesame-keys")["metadata"].pop("annotations"),
    ),
    "a certificate of somebody else's": (
        INTERNAL,
        "database URL and certificate",
        lambda v: pick(v, "Secret", "sesame-database-url")["data"].update({"sesame-database-ca": FOREIGN}),
    ),
    "a PostgreSQL that trusts loopback": (
        INTERNAL,
        "who the database lets in",
        lambda v: pick(v, "ConfigMap", "sesame-postgresql")["data"].update(
            {"pg_hba.conf": "local all all trust\nhost all all 127.0.0.1/32 trust\n"}
        ),
    ),
    "a PostgreSQL with the rules of initdb": (
        INTERNAL,
        "who the database lets in",
        lambda v: pod(v, "StatefulSet", "sesame-postgresql")["spec"]["containers"][0]["args"].remove(
            "hba_file=/etc/sesame-postgresql-access/pg_hba.conf"
        ),
    ),
    "no policy for jobs": (
        INTERNAL,
        "policies cover every pod",
        lambda v: remove(v, "NetworkPolicy", "sesame-jobs"),
    ),
    "a policy without a say on what goes out": (
        INTERNAL,
        "policies cover every pod",
        lambda v: policy(v, "sesame-functions").update(policyTypes=["Ingress"]),
    ),
    "PostgreSQL open to all": (
        INTERNAL,
        "who reaches whom",
        lambda v: policy(v, "sesame-postgresql")["ingress"][0].pop("from"),
    ),
    "the gateway shut out": (
        GATEWAY,
        "who reaches whom",
        lambda v: policy(v, "sesame-functions")["ingress"][0]["from"].pop(0),
    ),
    "metrics for everybody": (
        INTERNAL,
        "who reaches whom",
        lambda v: policy(v, "sesame")["ingress"][0]["ports"].append({"port": 9090, "protocol": "TCP"}),
    ),
    "the gateway let in without being asked for": (
        SCALED,
        "who reaches whom",
        lambda v: policy(v, "sesame-functions")["ingress"][0]["from"].append(
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openfaas"}},
                "podSelector": {"matchLabels": {"app": "gateway"}},
            }
        ),
    ),
    "the gateway open to the pods of all namespaces": (
        LOCKED,
        "who reaches whom",
        lambda v: policy(v, "sesame-gateway")["ingress"][0]["from"].append({"namespaceSelector": {}}),
    ),
    "a policy of ours on all of OpenFaaS": (
        LOCKED,
        "who reaches whom",
        lambda v: policy(v, "sesame-gateway").update(podSelector={}),
    ),
    "functions that believe the gateway": (
        GATEWAY,
        "whose word on addresses is believed",
        lambda v: believe(main(v, "authenticate-user")),
    ),
    "a Function that believes the gateway": (
        PRO,
        "whose word on addresses is believed",
        lambda v: pick(v, "Function", "authenticate-user")["spec"]["environment"].update(
            SESAME_TRUSTED_PROXIES="10.42.0.0/16"
        ),
    ),
    "functions that believe a gateway beside the router": (
        BOTH,
        "whose word on addresses is believed",
        lambda v: believe(main(v, "authenticate-user")),
    ),
    "functions that believe a gateway that nothing keeps out": (
        OPEN,
        "whose word on addresses is believed",
        lambda v: believe(main(v, "authenticate-user")),
    ),
    "a gateway believed without its policy": (
        LOCKED,
        "whose word on addresses is believed",
        lambda v: remove(v, "NetworkPolicy", "sesame-gateway"),
    ),
    "functions behind the router that believe nobody": (
        SCALED,
        "whose word on addresses is believed",
        lambda v: main(v, "authenticate-user")["env"].remove(
            {"name": "SESAME_TRUSTED_PROXIES", "value": "10.42.0.0/16"}
        ),
    ),
    "health routes in the open": (
        INTERNAL,
        "routes",
        lambda v: pick(v, "IngressRoute", "sesame")["spec"]["routes"][-1].update(
            match="Host(`sesame.example.com`)"
        ),
    ),
    "a page in place of a function": (
        INTERNAL,
        "routes",
        lambda v: pick(v, "IngressRoute", "sesame")["spec"]["routes"][-1].update(priority=200),
    ),
    "calls of the API sent on from plain http": (
        INTERNAL,
        "routes",
        lambda v: pick(v, "IngressRoute", "sesame-http")["spec"]["routes"][0].update(
            match="Host(`sesame.example.com`)"
        ),
    ),
    "TLS of any age": (
        INTERNAL,
        "routes",
        lambda v: pick(v, "TLSOption", "sesame")["spec"].update(minVersion="VersionTLS10"),
    ),
    "TLS without forward secrecy": (
        INTERNAL,
        "routes",
        lambda v: pick(v, "TLSOption", "sesame")["spec"]["cipherSuites"].append(
            "TLS_RSA_WITH_AES_128_GCM_SHA256"
        ),
    ),
    "a route that names no options for TLS": (
        INTERNAL,
        "routes",
        lambda v: pick(v, "IngressRoute", "sesame")["spec"]["tls"].pop("options"),
    ),
    "a prefix that the gateway does not know": (
        GATEWAY,
        "routes",
        lambda v: pick(v, "Middleware", "sesame-generate-2fa")["spec"]["addPrefix"].update(
            prefix="/async-function/generate-2fa"
        ),
    ),
    "an Ingress that refuses nothing": (
        INGRESS,
        "routes",
        lambda v: pick(v, "Ingress", "sesame")["spec"]["rules"][0]["http"]["paths"].pop(0),
    ),
    "forward auth that believes clients": (
        GATEWAY,
        "forward authentication",
        lambda v: pick(v, "Middleware", "sesame-forward-auth")["spec"]["forwardAuth"].update(
            trustForwardHeader=True
        ),
    ),
    "a PodMonitor for half of the pods": (
        PRO,
        "monitoring",
        lambda v: pick(v, "PodMonitor", "sesame")["spec"]["podMetricsEndpoints"].pop(),
    ),
    "a broken script": (
        INTERNAL,
        "scripts and backups",
        lambda v: pick(v, "ConfigMap", "sesame-postgresql")["data"].update({"sesame.sh": "if true"}),
    ),
    "a password in pg_dump's arguments": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(
            v, "pg_dump --no-password", 'pg_dump --dbname="$(cat /var/openfaas/secrets/sesame-database-url)"'
        ),
    ),
    "a password in another program's arguments": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(v, "mv -- ", 'ls "$piece" 2>/dev/null || true; mv -- '),
    ),
    "a password in pg_dump's environment": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(v, "pg_dump --no-password", 'PGPASSWORD="$piece" pg_dump'),
    ),
    "a password file that others may read": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(v, "umask 077", "umask 022"),
    ),
    "a password file that stays": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(v, "trap 'rm ", "trap 'true "),
    ),
    "a URL that is told when it is wrong": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(v, 'fail "$unclear"', 'fail "$url"'),
    ),
    "colons and backslashes of a password as they are": (
        INTERNAL,
        "backups keep the password to themselves",
        lambda v: dump(v, "piece=$piece$2", "piece=$piece"),
    ),
    "a test that asks for nothing": (
        INTERNAL,
        "helm test asks every Service",
        lambda v: pick(v, "Pod", "sesame-test")["spec"]["containers"].pop(),
    ),
    "labels lost": (
        INTERNAL,
        "names and labels",
        lambda v: pick(v, "Deployment", "sesame")["metadata"].pop("labels"),
    ),
}
# Set by whoever runs them: the authority of another rendering, base64.
FOREIGN = None


def unnoticed(variants, rules, foreign):
    """(what was spoilt, rule) of those that no rule noticed."""
    global FOREIGN
    FOREIGN = foreign
    by_name = {variant.name: variant for variant in variants}
    for what, (name, rule, spoil) in MUTATIONS.items():
        spoilt = copy.copy(by_name[name])
        spoilt.documents = copy.deepcopy(spoilt.documents)
        try:
            spoil(spoilt)
        except (KeyError, IndexError, StopIteration, ValueError):
            # What it would spoil is spoilt already; the rules say so themselves.
            pass
        yield what, rule, not rules[rule](spoilt)
