{{/* Pieces of networkpolicy.yaml. */}}

{{- define "sesame.networkPolicyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
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
