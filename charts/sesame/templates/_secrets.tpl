{{/* Secrets that the chart makes. Each is drawn once: what the cluster has is taken over as it is,
and within one rendering everybody gets the same. (What a rendering has drawn is remembered in
.Release, which all templates share.)

`lookup` finds nothing where no cluster is asked, as in `helm template`: tools that render so and
apply the result draw anew each time. With them, name Secrets of your own (existingSecret). */}}

{{/* The key ring in its text form, base64. */}}
{{- define "sesame.keyRing" -}}
{{- if not (hasKey .Release "SesameKeyRing") -}}
{{- $name := include "sesame.keysSecret" . -}}
{{- $there := lookup "v1" "Secret" .Release.Namespace $name -}}
{{- $ring := "" -}}
{{- if $there -}}
{{- $ring = get (default dict $there.data) "sesame-keys" -}}
{{- if not $ring -}}
{{- fail (printf "The Secret %s is there but has no key sesame-keys. Put the key ring of this database back, or remove the Secret if there is no database yet." $name) -}}
{{- end -}}
{{- else -}}
{{- $key := randBytes 32 | replace "+" "-" | replace "/" "_" | trimAll "=" -}}
{{- $ring = printf "# Key ring of Sésame. Without it no secret in the database opens; with it, all do.\n# number, created at, key\n1 %s %s\n" (dateInZone "2006-01-02T15:04:05Z" now "UTC") $key | b64enc -}}
{{- end -}}
{{- $_ := set .Release "SesameKeyRing" $ring -}}
{{- end -}}
{{- .Release.SesameKeyRing -}}
{{- end -}}

{{/* Passwords and certificates of the internal PostgreSQL, as a map of base64 texts. */}}
{{- define "sesame.postgresqlSecret" -}}
{{- if not (hasKey .Release "SesamePostgresql") -}}
{{- $name := include "sesame.postgresqlName" . -}}
{{- $there := lookup "v1" "Secret" .Release.Namespace $name -}}
{{- $data := dict -}}
{{- if $there -}}
{{- $data = default dict $there.data -}}
{{- range $key := list "password" "superuser-password" "ca.crt" "tls.crt" "tls.key" -}}
{{- if not (get $data $key) -}}
{{- fail (printf "The Secret %s is there but has no key %s. The database was made with it: put it back." $name $key) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- $hosts := list $name -}}
{{- range $suffix := list "" ".svc" ".svc.cluster.local" -}}
{{- $hosts = append $hosts (printf "%s.%s%s" $name $.Release.Namespace $suffix) -}}
{{- end -}}
{{/* The authority's own key is not kept: it signs this one certificate. */}}
{{- $authority := genCAWithKey (printf "%s authority" $name) 3650 (genPrivateKey "ecdsa") -}}
{{- $server := genSignedCertWithKey $name nil $hosts 3650 $authority (genPrivateKey "ecdsa") -}}
{{- $data = dict
  "password" (randAlphaNum 32 | b64enc)
  "superuser-password" (randAlphaNum 32 | b64enc)
  "ca.crt" ($authority.Cert | b64enc)
  "tls.crt" ($server.Cert | b64enc)
  "tls.key" ($server.Key | b64enc)
-}}
{{- end -}}
{{- $_ := set .Release "SesamePostgresql" $data -}}
{{- end -}}
{{- toYaml .Release.SesamePostgresql -}}
{{- end -}}

{{/* Something random that only readers of Secrets know. Annotations are for everybody who may look at
pods: by a bare hash of a URL, of which all but the password is known, they could try passwords at
home. Empty where the key ring is in a Secret that cannot be looked at, as in `helm template`. */}}
{{- define "sesame.unguessable" -}}
{{- if eq .Values.database.type "internal" -}}
{{- get (include "sesame.postgresqlSecret" . | fromYaml) "tls.key" -}}
{{- else if .Values.secrets.existingSecret -}}
{{- $there := default dict (lookup "v1" "Secret" .Release.Namespace .Values.secrets.existingSecret) -}}
{{- get (default dict $there.data) "sesame-keys" -}}
{{- else -}}
{{- include "sesame.keyRing" . -}}
{{- end -}}
{{- end -}}

{{/* The database URL that the chart writes into a Secret; empty where it writes none. */}}
{{- define "sesame.databaseUrl" -}}
{{- $database := .Values.database -}}
{{- $ca := "/var/openfaas/secrets/sesame-database-ca" -}}
{{- if eq $database.type "internal" -}}
{{- $password := get (include "sesame.postgresqlSecret" . | fromYaml) "password" | b64dec -}}
{{- printf "postgres://sesame:%s@%s.%s.svc:5432/sesame?sslmode=verify-full&sslrootcert=%s" $password (include "sesame.postgresqlName" .) .Release.Namespace $ca -}}
{{- else if and (eq $database.type "external") $database.external.url -}}
{{- $url := $database.external.url -}}
{{- if not (contains "sslmode=" $url) -}}
{{- $url = printf "%s%ssslmode=verify-full" $url (ternary "&" "?" (contains "?" $url)) -}}
{{- end -}}
{{- if and $database.external.caSecret (not (contains "sslrootcert=" $url)) -}}
{{- $url = printf "%s&sslrootcert=%s" $url $ca -}}
{{- end -}}
{{- $url -}}
{{- end -}}
{{- end -}}
