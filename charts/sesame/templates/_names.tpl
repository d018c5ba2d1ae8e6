{{/* Names, labels, images: what all other templates say in the same words. */}}

{{- define "sesame.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters, so that every suffix still fits a label. */}}
{{- define "sesame.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "sesame.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sesame.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sesame.keysSecret" -}}
{{- default (printf "%s-keys" (include "sesame.fullname" .)) .Values.secrets.existingSecret -}}
{{- end -}}

{{- define "sesame.databaseSecret" -}}
{{- $own := printf "%s-database-url" (include "sesame.fullname" .) -}}
{{- if eq .Values.database.type "external" -}}
{{- default $own .Values.database.external.existingSecret -}}
{{- else -}}
{{- $own -}}
{{- end -}}
{{- end -}}

{{- define "sesame.postgresqlName" -}}
{{- printf "%s-postgresql" (include "sesame.fullname" .) -}}
{{- end -}}

{{/* Labels that never change: by these the chart's own workloads find their pods. */}}
{{- define "sesame.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sesame.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "sesame.labels" -}}
{{ include "sesame.selectorLabels" . }}
app.kubernetes.io/part-of: sesame
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels of pods: without the version, which would restart every pod at each new chart. */}}
{{- define "sesame.podLabels" -}}
{{ include "sesame.selectorLabels" . }}
app.kubernetes.io/part-of: sesame
{{- end -}}

{{- define "sesame.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .default .image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "sesame.ownImage" -}}
{{- include "sesame.image" (dict "image" .Values.image "default" .Chart.AppVersion) -}}
{{- end -}}

{{- define "sesame.postgresImage" -}}
{{- include "sesame.image" (dict "image" .Values.postgres.image "default" "") -}}
{{- end -}}

{{- define "sesame.functionsExist" -}}
{{- if ne .Values.mode "all-in-one" -}}true{{- end -}}
{{- end -}}

{{/* The three functions with the addresses that are theirs, as YAML: the one list of both. */}}
{{- define "sesame.functions" -}}
{{- $prefix := .Values.functions.namePrefix -}}
generate-password:
  name: {{ $prefix }}generate-password
  paths: [/api/generate-password, /api/register]
generate-2fa:
  name: {{ $prefix }}generate-2fa
  paths: [/api/generate-2fa]
authenticate-user:
  name: {{ $prefix }}authenticate-user
  paths: [/api/authenticate, /api/activate, /api/renew, /api/session, /api/sign-out, /api/sessions, /api/revoke-session, /api/revoke-other-sessions, /api/verify]
{{- end -}}

{{/* The host of the public URL, as a route matches it. */}}
{{- define "sesame.host" -}}
{{- (urlParse .Values.publicUrl).hostname | lower -}}
{{- end -}}

{{/* Who answers /api/verify: the Service's name. */}}
{{- define "sesame.verifier" -}}
{{- if eq .Values.mode "all-in-one" -}}
{{- include "sesame.fullname" . -}}
{{- else -}}
{{- index (include "sesame.functions" . | fromYaml) "authenticate-user" "name" -}}
{{- end -}}
{{- end -}}

{{/* How many pods a workload has at most, and whether it always has two. */}}
{{- define "sesame.most" -}}
{{- if .autoscaled -}}{{ .root.Values.autoscaling.maxReplicas }}{{- else -}}{{ .replicas }}{{- end -}}
{{- end -}}

{{- define "sesame.replicated" -}}
{{- $least := ternary .root.Values.autoscaling.minReplicas .replicas .autoscaled -}}
{{- if ge (int $least) 2 -}}true{{- end -}}
{{- end -}}

{{/* What is true of the web workload and of the functions, for the two above. Functions of mode
`function` are scaled by OpenFaaS Pro itself. */}}
{{- define "sesame.webScale" -}}
replicas: {{ .Values.web.replicas }}
autoscaled: {{ .Values.autoscaling.enabled }}
{{- end -}}

{{- define "sesame.functionsScale" -}}
replicas: {{ .Values.functions.replicas }}
autoscaled: {{ and .Values.autoscaling.enabled (eq .Values.mode "plain") }}
{{- end -}}

{{/* The rule of a route: these addresses of this host, whole. */}}
{{- define "sesame.apiMatch" -}}
{{- $paths := list -}}
{{- range .paths -}}
{{- $paths = append $paths (printf "Path(`%s`)" .) -}}
{{- end -}}
{{- printf "Host(`%s`) && (%s)" .host (join " || " $paths) -}}
{{- end -}}
