"""The `restricted` profile of Pod Security, field by field.

Written after the table of the Pod Security Standards (baseline and restricted, as of Kubernetes
1.34). `problems(spec, annotations)` says what a pod's spec has against it; `EXAMPLES` are pods that
break one field each, by which the check itself is checked.
"""

import copy

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
}
SELINUX_TYPES = {
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
}
SECCOMP = {"RuntimeDefault", "Localhost"}
APPARMOR = {"RuntimeDefault", "Localhost"}


def problems(spec, annotations=None):
    found = []
    pod = spec.get("securityContext") or {}
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            found.append(f"{field} is true")
    for volume in spec.get("volumes") or []:
        kinds = set(volume) - {"name"}
        if not kinds or not kinds <= VOLUMES:
            found.append(f"volume {volume.get('name')} is of kind {', '.join(sorted(kinds)) or 'none'}")
    for sysctl in pod.get("sysctls") or []:
        if sysctl.get("name") not in SYSCTLS:
            found.append(f"sysctl {sysctl.get('name')} is set")
    for key, value in (annotations or {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and not (
            value == "runtime/default" or value.startswith("localhost/")
        ):
            found.append(f"annotation {key} switches AppArmor off")
    found += shared_context("pod", pod)
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind) or []:
            found += container_problems(f"{kind} {container.get('name')}", container, pod)
    if not spec.get("containers"):
        found.append("there is no container")
    return found


def shared_context(where, context):
    """What pods and containers have in common."""
    found = []
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        found.append(f"{where}: windowsOptions.hostProcess is true")
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type", "") not in SELINUX_TYPES:
        found.append(f"{where}: seLinuxOptions.type is {selinux['type']}")
    for field in ("user", "role"):
        if selinux.get(field):
            found.append(f"{where}: seLinuxOptions.{field} is set")
    apparmor = context.get("appArmorProfile") or {}
    if apparmor and apparmor.get("type") not in APPARMOR:
        found.append(f"{where}: appArmorProfile.type is {apparmor.get('type')}")
    seccomp = context.get("seccompProfile") or {}
    if seccomp and seccomp.get("type") not in SECCOMP:
        found.append(f"{where}: seccompProfile.type is {seccomp.get('type')}")
    if context.get("runAsUser") == 0:
        found.append(f"{where}: runAsUser is 0")
    if context.get("runAsNonRoot") is False:
        found.append(f"{where}: runAsNonRoot is false")
    return found


def container_problems(where, container, pod):
    context = container.get("securityContext") or {}
    found = shared_context(where, context)
    if context.get("privileged"):
        found.append(f"{where}: privileged is true")
    if context.get("allowPrivilegeEscalation") is not False:
        found.append(f"{where}: allowPrivilegeEscalation is not false")
    if not (context.get("runAsNonRoot") or pod.get("runAsNonRoot")):
        found.append(f"{where}: runAsNonRoot is true neither here nor for the pod")
    if not (context.get("seccompProfile") or pod.get("seccompProfile")):
        found.append(f"{where}: seccompProfile is set neither here nor for the pod")
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        found.append(f"{where}: capabilities.drop lacks ALL")
    added = set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}
    if added:
        found.append(f"{where}: capabilities.add has {', '.join(sorted(added))}")
    if context.get("procMount") not in (None, "Default"):
        found.append(f"{where}: procMount is {context['procMount']}")
    for port in container.get("ports") or []:
        if port.get("hostPort"):
            found.append(f"{where}: hostPort {port['hostPort']}")
        if port.get("hostIP"):
            found.append(f"{where}: hostIP {port['hostIP']}")
    actions = [container.get(probe) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
    actions += list((container.get("lifecycle") or {}).values())
    for action in filter(None, actions):
        for kind in ("httpGet", "tcpSocket"):
            if not isinstance(action, dict):
                continue
            if (action.get(kind) or {}).get("host"):
                found.append(f"{where}: a probe or hook names a host")
    return found


GOOD = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "main",
            "ports": [{"containerPort": 8080}],
            "livenessProbe": {"httpGet": {"path": "/", "port": 8080}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}


def spoiled(change):
    spec = copy.deepcopy(GOOD)
    change(spec, spec["securityContext"], spec["containers"][0], spec["containers"][0]["securityContext"])
    return spec


# What breaks one field, and must be found.
EXAMPLES = {
    "hostNetwork": lambda spec, pod, main, context: spec.update(hostNetwork=True),
    "hostPID": lambda spec, pod, main, context: spec.update(hostPID=True),
    "hostIPC": lambda spec, pod, main, context: spec.update(hostIPC=True),
    "hostPath": lambda spec, pod, main, context: spec["volumes"].append(
        {"name": "x", "hostPath": {"path": "/"}}
    ),
    "nfs volume": lambda spec, pod, main, context: spec["volumes"].append({"name": "x", "nfs": {}}),
    "sysctl": lambda spec, pod, main, context: pod.update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
    "hostProcess": lambda spec, pod, main, context: pod.update(windowsOptions={"hostProcess": True}),
    "pod SELinux type": lambda spec, pod, main, context: pod.update(seLinuxOptions={"type": "spc_t"}),
    "SELinux user": lambda spec, pod, main, context: context.update(seLinuxOptions={"user": "root"}),
    "AppArmor": lambda spec, pod, main, context: context.update(appArmorProfile={"type": "Unconfined"}),
    "seccomp missing": lambda spec, pod, main, context: pod.pop("seccompProfile"),
    "seccomp unconfined": lambda spec, pod, main, context: context.update(
        seccompProfile={"type": "Unconfined"}
    ),
    "runAsNonRoot missing": lambda spec, pod, main, context: pod.pop("runAsNonRoot"),
    "runAsNonRoot false": lambda spec, pod, main, context: context.update(runAsNonRoot=False),
    "runAsUser 0": lambda spec, pod, main, context: pod.update(runAsUser=0),
    "container runAsUser 0": lambda spec, pod, main, context: context.update(runAsUser=0),
    "privileged": lambda spec, pod, main, context: context.update(privileged=True),
    "privilege escalation": lambda spec, pod, main, context: context.pop("allowPrivilegeEscalation"),
    "capabilities kept": lambda spec, pod, main, context: context.update(capabilities={"drop": ["NET_RAW"]}),
    "capability added": lambda spec, pod, main, context: context["capabilities"].update(add=["SYS_TIME"]),
    "procMount": lambda spec, pod, main, context: context.update(procMount="Unmasked"),
    "hostPort": lambda spec, pod, main, context: main["ports"].append({"containerPort": 1, "hostPort": 1}),
    "probe host": lambda spec, pod, main, context: main["livenessProbe"]["httpGet"].update(host="192.0.2.1"),
    "init container": lambda spec, pod, main, context: spec.update(
        initContainers=[{"name": "init", "securityContext": {"privileged": True}}]
    ),
}


def self_check():
    """Sentences about what this check gets wrong."""
    found = [f"a good pod is refused: {problem}" for problem in problems(GOOD)]
    for name, change in EXAMPLES.items():
        if not problems(spoiled(change)):
            found.append(f"passes unnoticed: {name}")
    if not problems(GOOD, {"container.apparmor.security.beta.kubernetes.io/main": "unconfined"}):
        found.append("passes unnoticed: AppArmor annotation")
    return found
