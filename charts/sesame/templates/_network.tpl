{{/* Pieces of networkpolicy.yaml, and what follows from who reaches whom. */}}

{{/* Whether OpenFaaS's gateway is meant to call the functions. */}}
{{- define "sesame.gatewayAdmitted" -}}
{{- if or (eq .Values.route.type "gateway") .Values.openfaas.admitGateway -}}true{{- end -}}
{{- end -}}

{{/* Whether it can: it takes for a function what has the label in its namespace, and without policies
nobody keeps it out. */}}
{{- define "sesame.gatewayReaches" -}}
{{- $there := or .Values.openfaas.enabled (eq .Values.mode "function") (eq .Release.Namespace .Values.openfaas.functionNamespace) -}}
{{- if or (include "sesame.gatewayAdmitted" .) (and $there (not .Values.networkPolicy.enabled)) -}}true{{- end -}}
{{- end -}}

{{/* Whose X-Forwarded-For is believed, by web or by a function: nobody's, unless whoever reaches it
writes the header itself, as the router does. OpenFaaS's gateway hands on what its client wrote, and
is a pod like the router: believed, it would let everybody be anybody, and no bucket of a network
would hold. Where only the router reaches the gateway, the header is the router's again. */}}
{{- define "sesame.trustedProxies" -}}
{{- $values := .root.Values -}}
{{- $functions := include "sesame.functionsExist" .root -}}
{{- $routed := ne $values.route.type "none" -}}
{{- $honest := or $routed (and $values.forwardAuth.enabled (not $functions)) -}}
{{- if eq .part "function" -}}
{{- $honest = or $routed $values.forwardAuth.enabled -}}
{{- if include "sesame.gatewayReaches" .root -}}
{{- $honest = $values.openfaas.gatewayPolicy -}}
{{- end -}}
{{- end -}}
{{- if $honest -}}{{- join "," $values.config.trustedProxies -}}{{- end -}}
{{- end -}}

{{- define "sesame.networkPolicyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ default .root.Release.Namespace .namespace }}
  labels:
    {{- include "sesame.labels" . | nindent 4 }}
{{- end -}}

{{- define "sesame.fromRouter" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.networkPolicy.router.namespace }}
  podSelector:
    matchLabels:
      {{- toYaml .Values.networkPolicy.router.podLabels | nindent 6 }}
{{- end -}}

{{- define "sesame.fromGateway" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Values.openfaas.namespace }}
  podSelector:
    matchLabels:
      {{- toYaml .Values.networkPolicy.gateway.podLabels | nindent 6 }}
{{- end -}}

{{- define "sesame.fromTest" -}}
- podSelector:
    matchLabels:
      {{- include "sesame.selectorLabels" (dict "root" . "component" "test") | nindent 6 }}
{{- end -}}

{{- define "sesame.toNames" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}

{{- define "sesame.toDatabase" -}}
{{- if eq .Values.database.type "internal" }}
- to:
    - podSelector:
        matchLabels:
          {{- include "sesame.selectorLabels" (dict "root" . "component" "postgresql") | nindent 10 }}
  ports:
    - port: 5432
      protocol: TCP
{{- else if eq .Values.database.type "external" }}
- ports:
    {{- range .Values.networkPolicy.database.ports }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  {{- with .Values.networkPolicy.database.cidrs }}
  to:
    {{- range . }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "sesame.metricsRule" -}}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .root.Values.networkPolicy.monitoring.namespace }}
  ports:
    - port: {{ .port }}
      protocol: TCP
{{- end -}}
