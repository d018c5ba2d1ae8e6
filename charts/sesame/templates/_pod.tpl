{{/* The pod of every workload that runs Sésame, and the parts that other pods share with it. */}}

{{/* Pod Security "restricted". */}}
{{- define "sesame.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ int64 .user }}
runAsGroup: {{ int64 .user }}
fsGroup: {{ int64 .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "sesame.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- end -}}

{{/* No token; and no <SERVICE>_PORT variables, which would look like settings. */}}
{{- define "sesame.podCommon" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A value as text. Helm reads numbers as floats, and would write a million as 1e+06. */}}
{{- define "sesame.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ int64 . }}{{ end -}}
{{- end -}}

{{/* The environment of Sésame as a map, for Deployments and Function resources alike. Takes root,
metricsPort and, of what serves, part (web or function). */}}
{{- define "sesame.environment" -}}
{{- $values := .root.Values -}}
{{- $config := $values.config -}}
{{- $env := dict
  "SESAME_LISTEN" "0.0.0.0:8080"
  "SESAME_METRICS_LISTEN" (printf "0.0.0.0:%d" (int .metricsPort))
  "SESAME_PUBLIC_URL" (trimSuffix "/" $values.publicUrl)
  "SESAME_LOG_FORMAT" "json"
  "SESAME_LOG" $config.log
  "SESAME_ISSUER" $config.issuer
  "SESAME_ROTATION_MONTHS" (include "sesame.text" $config.rotationMonths)
  "SESAME_REQUEST_TIMEOUT" (include "sesame.text" $config.requestTimeout)
  "SESAME_DRAIN_INTERVAL" (include "sesame.text" $config.drainInterval)
  "SESAME_SHUTDOWN_TIMEOUT" (include "sesame.text" $config.shutdownTimeout)
  "SESAME_MAX_INFLIGHT" (include "sesame.text" $config.maxInflight)
  "SESAME_DATABASE_MAX_CONNECTIONS" (include "sesame.text" $config.databaseMaxConnections)
-}}
{{- if .part -}}
{{- with include "sesame.trustedProxies" . -}}
{{- $_ := set $env "SESAME_TRUSTED_PROXIES" . -}}
{{- end -}}
{{- end -}}
{{- if $values.forwardAuth.enabled -}}
{{- $_ := set $env "SESAME_FORWARD_AUTH_DOMAIN" $values.forwardAuth.domain -}}
{{- with $values.forwardAuth.hosts -}}
{{- $_ := set $env "SESAME_FORWARD_AUTH_HOSTS" (join "," .) -}}
{{- end -}}
{{- end -}}
{{- if eq $values.database.type "sqlite" -}}
{{- $_ := set $env "DATABASE_URL" "sqlite:/var/lib/sesame/sesame.db" -}}
{{- $_ := set $env "SESAME_DATA_DIR" "/var/lib/sesame" -}}
{{- end -}}
{{- range $name, $value := $config.extra -}}
{{- if hasKey $env $name -}}
{{- fail (printf "config.extra.%s: the chart sets this variable itself. Use the value that stands for it (README.md has the table)." $name) -}}
{{- end -}}
{{- $_ := set $env $name (include "sesame.text" $value) -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* One flat file a key, where Sésame and OpenFaaS look for secrets. Readable by the group alone:
Sésame refuses a key ring that everybody may read. */}}
{{- define "sesame.secretsVolume" -}}
{{- $database := .root.Values.database -}}
- name: {{ .volume }}
  projected:
    defaultMode: 0440
    sources:
      {{- if .keys }}
      - secret:
          name: {{ include "sesame.keysSecret" .root }}
          items:
            - key: sesame-keys
              path: sesame-keys
      {{- end }}
      {{- if ne $database.type "sqlite" }}
      - secret:
          name: {{ include "sesame.databaseSecret" .root }}
          items:
            - key: sesame-database-url
              path: sesame-database-url
            {{- if eq $database.type "internal" }}
            - key: sesame-database-ca
              path: sesame-database-ca
            {{- end }}
      {{- end }}
      {{- if and (eq $database.type "external") $database.external.caSecret }}
      - secret:
          name: {{ $database.external.caSecret }}
          items:
            - key: sesame-database-ca
              path: sesame-database-ca
      {{- end }}
{{- end -}}

{{/* Restarts pods when a Secret of the chart's own changes. Of Secrets that were there before, the
chart cannot know. */}}
{{- define "sesame.checksums" -}}
{{- if not .Values.secrets.existingSecret }}
checksum/keys: {{ include "sesame.keyRing" . | sha256sum }}
{{- end }}
{{- with include "sesame.databaseUrl" . }}
{{- $url := . }}
{{- with include "sesame.unguessable" $ }}
checksum/database-url: {{ printf "%s\n%s" . $url | sha256sum }}
{{- end }}
{{- end }}
{{- if eq .Values.database.type "internal" }}
checksum/database-ca: {{ get (include "sesame.postgresqlSecret" . | fromYaml) "ca.crt" | sha256sum }}
{{- end }}
{{- end -}}

{{/* A container that runs Sésame: everything but its name, arguments, ports and probes. */}}
{{- define "sesame.container" -}}
image: {{ include "sesame.ownImage" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
env:
  {{- range $name, $value := include "sesame.environment" . | fromYaml }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
resources:
  {{- toYaml .resources | nindent 2 }}
securityContext:
  {{- include "sesame.containerSecurity" . | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
volumeMounts:
  - name: {{ .name }}-projected-secrets
    mountPath: /var/openfaas/secrets
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- if eq .root.Values.database.type "sqlite" }}
  - name: data
    mountPath: /var/lib/sesame
  {{- end }}
{{- end -}}

{{/* The volumes of such a container; the key ring is only there where keys is true. */}}
{{- define "sesame.volumes" -}}
{{/* Named as the gateway names it: so it can tell which secrets a function has. */}}
{{- include "sesame.secretsVolume" (dict "root" .root "volume" (printf "%s-projected-secrets" .name) "keys" .keys) }}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
{{- if eq .root.Values.database.type "sqlite" }}
- name: data
  persistentVolumeClaim:
    claimName: {{ include "sesame.fullname" .root }}-data
{{- end }}
{{- end -}}

{{/* The pod of web, all-in-one and functions. Takes root, part, name (of container 0), args,
metricsPort, resources and selector (labels that are this workload's alone).

Each pod migrates before it starts. A hook Job could not do that here: `helm install --wait` runs
post-install hooks once everything is ready, and nothing would be ready without the schema; and a
database inside this chart is not there before the install. An advisory lock lets the first of them
migrate and the others find nothing to do; old pods keep serving on the new schema meanwhile. */}}
{{- define "sesame.podSpec" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ include "sesame.fullname" .root }}
{{ include "sesame.podCommon" .root }}
# Longer than the drain and the last requests together.
terminationGracePeriodSeconds: {{ add $values.config.drainInterval $values.config.shutdownTimeout 10 }}
securityContext:
  {{- include "sesame.podSecurity" (dict "user" 12000) | nindent 2 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- .selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
initContainers:
  - name: migrate
    args: [migrate, --wait, "120"]
    {{- include "sesame.container" . | nindent 4 }}
containers:
  - name: {{ .name }}
    args: {{ .args | toJson }}
    ports:
      - name: http
        containerPort: 8080
        protocol: TCP
      - name: metrics
        containerPort: {{ .metricsPort }}
        protocol: TCP
    startupProbe:
      httpGet:
        path: /_/health
        port: http
      periodSeconds: 1
      timeoutSeconds: 2
      failureThreshold: 60
    readinessProbe:
      httpGet:
        path: /_/ready
        port: http
      periodSeconds: 5
      timeoutSeconds: 3
      failureThreshold: 2
    livenessProbe:
      httpGet:
        path: /_/health
        port: http
      periodSeconds: 10
      timeoutSeconds: 3
      failureThreshold: 3
    {{- include "sesame.container" . | nindent 4 }}
volumes:
  {{- include "sesame.volumes" (merge (dict "keys" true) .) | nindent 2 }}
{{- end -}}
