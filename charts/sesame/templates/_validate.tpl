{{/* Combinations that the schema allows and that cannot work: all of them at once, each with what
to do. What a value may look like by itself is the schema's matter. */}}

{{- define "sesame.validate" -}}
{{- $problems := concat
  (include "sesame.problems.publicUrl" . | fromYamlArray)
  (include "sesame.problems.database" . | fromYamlArray)
  (include "sesame.problems.openfaas" . | fromYamlArray)
  (include "sesame.problems.route" . | fromYamlArray)
  (include "sesame.problems.scale" . | fromYamlArray)
  (include "sesame.problems.forwardAuth" . | fromYamlArray)
-}}
{{- if $problems -}}
{{- fail (printf "\n\nSésame cannot be installed so:\n  - %s\n" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "sesame.problems.publicUrl" -}}
{{- $url := .Values.publicUrl -}}
{{- $problems := list -}}
{{- if not $url -}}
{{- $problems = append $problems "publicUrl is missing: the address people type, such as https://sesame.example.com." -}}
{{- else -}}
{{- $parts := urlParse $url -}}
{{- $loopback := has $parts.hostname (list "localhost" "127.0.0.1") -}}
{{- if or (not $parts.hostname) $parts.userinfo (not (has $parts.path (list "" "/"))) $parts.query $parts.fragment -}}
{{- $problems = append $problems (printf "publicUrl (%s) has to be an origin such as https://sesame.example.com, without path: Sésame wants a host of its own." $url) -}}
{{- else if and (ne $parts.scheme "https") (not (and $loopback (eq $parts.scheme "http"))) -}}
{{- $problems = append $problems (printf "publicUrl (%s) is not https: passwords travel over it. (Plain http is for loopback, with kubectl port-forward.)" $url) -}}
{{- else if and $loopback (ne .Values.route.type "none") -}}
{{- $problems = append $problems (printf "publicUrl (%s) is a loopback address, which no router serves: set route.type to none and use kubectl port-forward, or name a public host." $url) -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "sesame.problems.database" -}}
{{- $database := .Values.database -}}
{{- $external := $database.external -}}
{{- $problems := list -}}
{{- if eq $database.type "sqlite" -}}
{{- if ne .Values.mode "all-in-one" -}}
{{- $problems = append $problems (printf "database.type sqlite goes with mode all-in-one only: the pods of mode %s cannot share a file. Take PostgreSQL, or mode all-in-one." .Values.mode) -}}
{{- else if gt (int .Values.web.replicas) 1 -}}
{{- $problems = append $problems (printf "database.type sqlite allows one replica, and web.replicas is %d: set it to 1, or take PostgreSQL." (int .Values.web.replicas)) -}}
{{- end -}}
{{- if .Values.autoscaling.enabled -}}
{{- $problems = append $problems "autoscaling cannot be enabled with database.type sqlite, which allows one replica: switch it off, or take PostgreSQL." -}}
{{- end -}}
{{- if .Values.backup.enabled -}}
{{- $problems = append $problems "backup.enabled dumps PostgreSQL and database.type is sqlite: use `sesame backup --to FILE` there." -}}
{{- end -}}
{{- end -}}
{{- if eq $database.type "external" -}}
{{- if and $external.url $external.existingSecret -}}
{{- $problems = append $problems "database.external.url and database.external.existingSecret are both set: the URL is either in your Secret or in the one the chart makes. Remove one." -}}
{{- else if not (or $external.url $external.existingSecret) -}}
{{- $problems = append $problems "there is no database: set database.external.existingSecret (or database.external.url), or database.type to internal, or mode to all-in-one with database.type sqlite." -}}
{{- else if $external.url -}}
{{- $problems = concat $problems (include "sesame.problems.databaseUrl" . | fromYamlArray) -}}
{{- end -}}
{{- else if or $external.url $external.existingSecret $external.caSecret -}}
{{- $problems = append $problems (printf "database.external is filled in and database.type is %s: set the type to external, or remove what stands under database.external." $database.type) -}}
{{- end -}}
{{- if eq $database.type "internal" -}}
{{- $wanted := int (include "sesame.connections" .) -}}
{{- if gt $wanted (int $database.internal.maxConnections) -}}
{{- $problems = append $problems (printf "database.internal.maxConnections is %d, and the pods at their most want %d: raise it, or lower config.databaseMaxConnections." (int $database.internal.maxConnections) $wanted) -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{/* Connections of all pods at their most, with one more of each workload during an upgrade, and a
few for a backup and an admin. */}}
{{- define "sesame.connections" -}}
{{- $web := include "sesame.webScale" . | fromYaml | merge (dict "root" .) -}}
{{- $functions := include "sesame.functionsScale" . | fromYaml | merge (dict "root" .) -}}
{{- $pods := add1 (int (include "sesame.most" $web)) -}}
{{- if include "sesame.functionsExist" . -}}
{{- $pods = add $pods (mul 3 (add1 (int (include "sesame.most" $functions)))) -}}
{{- end -}}
{{- add 10 (mul $pods .Values.config.databaseMaxConnections) -}}
{{- end -}}

{{/* Never repeats the URL: it holds a password. */}}
{{- define "sesame.problems.databaseUrl" -}}
{{- $external := .Values.database.external -}}
{{- $url := $external.url -}}
{{- $authority := regexReplaceAll "^[a-z]+://([^/?]*).*$" $url "${1}" -}}
{{- $problems := list -}}
{{- if not (regexMatch "^postgres(ql)?://" $url) -}}
{{- $problems = append $problems "database.external.url has to begin with postgres://." -}}
{{- else if contains "," (regexReplaceAll "^.*@" $authority "") -}}
{{- $problems = append $problems "database.external.url names several hosts, which Sésame does not support: give it one that follows the primary." -}}
{{- end -}}
{{- if and $external.caSecret (contains "sslmode=" $url) (not (contains "sslmode=verify-" $url)) -}}
{{- $problems = append $problems "database.external.caSecret is set and the URL's sslmode does not look at certificates: remove sslmode from database.external.url (it becomes verify-full), or remove caSecret." -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "sesame.problems.openfaas" -}}
{{- $openfaas := .Values.openfaas -}}
{{- $fullname := include "sesame.fullname" . -}}
{{- $problems := list -}}
{{- if eq .Values.mode "function" -}}
{{- if ne $openfaas.edition "pro" -}}
{{- $problems = append $problems "mode function needs the operator of OpenFaaS Pro: the community edition takes Function resources and never acts on them. Take mode plain, or set openfaas.edition to pro." -}}
{{- end -}}
{{- if hasPrefix "sesame-" $fullname -}}
{{- $problems = append $problems (printf "in mode function a Service must not be called %s: pods made by OpenFaaS are given variables of that name (SESAME_…_PORT), which Sésame takes for settings. Set fullnameOverride to a name that does not begin with sesame-." $fullname) -}}
{{- end -}}
{{- end -}}
{{- if and $openfaas.enabled (eq .Values.mode "all-in-one") -}}
{{- $problems = append $problems "openfaas.enabled goes with mode plain or function: all-in-one has no functions. Change the mode, or switch openfaas off." -}}
{{- end -}}
{{- if and (ne .Values.mode "all-in-one") (or $openfaas.enabled (eq .Values.mode "function")) (ne .Release.Namespace $openfaas.functionNamespace) -}}
{{- $problems = append $problems (printf "OpenFaaS looks for functions in namespace %s, and this release goes to %s: install it with --namespace %s, or set openfaas.functionNamespace." $openfaas.functionNamespace .Release.Namespace $openfaas.functionNamespace) -}}
{{- end -}}
{{- if and $openfaas.enabled (eq $openfaas.edition "ce") (eq .Values.mode "plain") -}}
{{- if .Values.autoscaling.enabled -}}
{{- if gt (int .Values.autoscaling.maxReplicas) 5 -}}
{{- $problems = append $problems (printf "autoscaling.maxReplicas is %d, and OpenFaaS CE allows 5 replicas of a function: set it to 5 or less, or openfaas.edition to pro." (int .Values.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- else if gt (int .Values.functions.replicas) 5 -}}
{{- $problems = append $problems (printf "functions.replicas is %d, and OpenFaaS CE allows 5: set it to 5 or less, or openfaas.edition to pro." (int .Values.functions.replicas)) -}}
{{- end -}}
{{- end -}}
{{- if and $openfaas.admitGateway (not (or $openfaas.enabled (eq .Values.mode "function"))) -}}
{{- $problems = append $problems "openfaas.admitGateway lets in a gateway that is not there: set openfaas.enabled to true, or remove it." -}}
{{- end -}}
{{- if $openfaas.gatewayPolicy -}}
{{- if not .Values.networkPolicy.enabled -}}
{{- $problems = append $problems "openfaas.gatewayPolicy is set and networkPolicy.enabled is false: past the gateway every pod could claim any client's address. Switch the policies on, or remove openfaas.gatewayPolicy." -}}
{{- else if not (include "sesame.gatewayAdmitted" .) -}}
{{- $problems = append $problems "openfaas.gatewayPolicy guards a gateway that calls no function: set route.type to gateway or openfaas.admitGateway to true, or remove it." -}}
{{- end -}}
{{- end -}}
{{- if and .Values.functions.namePrefix (eq .Values.mode "all-in-one") -}}
{{- $problems = append $problems "functions.namePrefix is set and mode all-in-one has no functions: remove it." -}}
{{- end -}}
{{- if and (ne .Values.mode "all-in-one") (has $fullname (list "generate-password" "generate-2fa" "authenticate-user")) -}}
{{- $problems = append $problems (printf "the release is called %s, which is a function's name: choose another, or set fullnameOverride." $fullname) -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "sesame.problems.route" -}}
{{- $route := .Values.route -}}
{{- $problems := list -}}
{{- if eq $route.type "gateway" -}}
{{- if eq .Values.mode "all-in-one" -}}
{{- $problems = append $problems "route.type gateway goes with mode plain or function: all-in-one has nothing that a gateway could call. Set route.type to direct." -}}
{{- else if not (or .Values.openfaas.enabled (eq .Values.mode "function")) -}}
{{- $problems = append $problems "route.type gateway needs OpenFaaS: set openfaas.enabled to true, or route.type to direct." -}}
{{- end -}}
{{- end -}}
{{- if and (ne $route.type "none") (hasKey .Values.config.extra "SESAME_TRUSTED_PROXIES") -}}
{{- $problems = append $problems "config.extra.SESAME_TRUSTED_PROXIES would be given to functions as well, whoever reaches them: use config.trustedProxies. (Only with route.type none, where the way in is yours, it stays.)" -}}
{{- end -}}
{{- if and $route.tls.secretName $route.tls.certResolver -}}
{{- $problems = append $problems "route.tls.secretName and route.tls.certResolver are both set: the certificate comes from one of them. Remove the other." -}}
{{- end -}}
{{- if and (eq $route.type "ingress") $route.tls.certResolver -}}
{{- $problems = append $problems "route.tls.certResolver is Traefik's and route.type is ingress: use route.tls.secretName, or an annotation in route.ingress.annotations." -}}
{{- end -}}
{{- if and (ne $route.type "ingress") (or $route.ingress.className $route.ingress.annotations) -}}
{{- $problems = append $problems (printf "route.ingress is filled in and route.type is %s: set the type to ingress, or remove what stands under route.ingress." $route.type) -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "sesame.problems.scale" -}}
{{- $problems := list -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- $problems = append $problems (printf "autoscaling.minReplicas (%d) is more than autoscaling.maxReplicas (%d)." (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "sesame.problems.forwardAuth" -}}
{{- $auth := .Values.forwardAuth -}}
{{- $problems := list -}}
{{- if not $auth.enabled -}}
{{- if or $auth.domain $auth.hosts -}}
{{- $problems = append $problems "forwardAuth.domain or forwardAuth.hosts is set and forwardAuth.enabled is false: switch it on, or remove them." -}}
{{- end -}}
{{- else -}}
{{- if not $auth.domain -}}
{{- $problems = append $problems "forwardAuth.enabled needs forwardAuth.domain: the parent domain of Sésame and of the applications, such as example.com." -}}
{{- else -}}
{{- $suffix := printf ".%s" $auth.domain -}}
{{- $host := (urlParse .Values.publicUrl).hostname | lower -}}
{{- if not (or (eq $host $auth.domain) (hasSuffix $suffix $host)) -}}
{{- $problems = append $problems (printf "publicUrl's host %s is outside forwardAuth.domain %s: the cookie of the domain would never reach it." $host $auth.domain) -}}
{{- end -}}
{{- range $auth.hosts -}}
{{- if not (or (eq . $auth.domain) (hasSuffix $suffix .)) -}}
{{- $problems = append $problems (printf "forwardAuth.hosts: %s is outside forwardAuth.domain %s, so its requests never carry the cookie. Remove it, or protect it by a Sésame of its own." . $auth.domain) -}}
{{- end -}}
{{- end -}}
{{- if not $auth.hosts -}}
{{- $problems = append $problems "forwardAuth.enabled needs forwardAuth.hosts: the hosts to which a sign-in may return, such as wiki.example.com." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}
