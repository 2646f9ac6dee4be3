{{/*
What only the group as a whole knows, and each MAD of it needs: the bus, its password, the callers,
the model. Made once in a rendering, since a new password must be the same wherever it is used.
*/}}
{{- define "mad-group.known" -}}
{{- if not .Values.global._known }}
{{- $redis := .Subcharts.redis -}}
{{- $secret := include "redis.secretName" $redis -}}
{{- $key := include "redis.secretKey" $redis -}}
{{- $args := list . $secret $key -}}
{{- $password := empty .Values.redis.auth.existingSecret | ternary (include "mad.keptOrNew" $args) (include "mad.lookedUp" $args) -}}
{{- $llmKey := include "mad.lookedUp" (list . .Values.llm.apiKeySecret .Values.llm.apiKeySecretKey) -}}
{{- $tokens := list -}}
{{- range include "mad-group.callers" . | fromYamlArray }}
{{- $tokens = append $tokens (dict "name" .name "secret" .secret "key" .key) }}
{{- end }}
{{- $external := .Values.redis.external -}}
{{- $values := dict
  "redis" (dict "url" (include "redis.url" $redis) "passwordSecret" $secret "passwordKey" $key "caSecret" $external.caSecret "peers" $external.peers "ports" $external.ports)
  "callers" (dict "configMap" (include "mad-group.callersName" .) "tokens" $tokens)
  "llm" .Values.llm -}}
{{- $_ := set .Values.global "_known" (dict "values" $values "secrets" (dict "redis" ($password | default .Values.checksums.redis) "llm" ($llmKey | default .Values.checksums.llm))) -}}
{{- end }}
{{- end }}

{{/* The manifests of a member, with what the group knows where its own values say nothing. (list ROOT NAME) */}}
{{- define "mad-group.member" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- with index $root.Subcharts $name }}
{{- include "mad-group.known" $root -}}
{{- $known := $root.Values.global._known -}}
{{- $values := ternary .Values (merge (deepCopy .Values) $known.values) (eq $name "redis") -}}
{{- $ctx := dict "Values" $values "Chart" .Chart "Files" .Files "Release" $root.Release "Capabilities" $root.Capabilities "secrets" $known.secrets -}}
{{ include (printf "%s.manifests" $name) $ctx }}
{{- end }}
{{- end }}

{{- define "mad-group.callersName" -}}{{ .Release.Name }}-callers{{- end }}

{{/* Every caller with its scopes and where its token is: [{name, scopes, secret, key}]; `admin` is always one. */}}
{{- define "mad-group.callers" -}}
{{- $made := include "mad-group.callersName" . -}}
{{- range prepend .Values.callers (merge (dict "name" "admin" "scopes" (list "admin")) .Values.admin) }}
- name: {{ .name | quote }}
  scopes: {{ toJson .scopes }}
  secret: {{ .existingSecret | default $made | quote }}
  key: {{ empty .existingSecret | ternary .name (.existingSecretKey | default "token") | quote }}
{{- end }}
{{- end }}

{{- define "mad-group.labels" -}}
{{ include "mad.selectorLabels" . }}
app.kubernetes.io/part-of: mad-group
{{- include "mad.commonLabels" . }}
{{ include "mad.versionLabels" . }}
{{- end }}

{{- define "mad-group.checkValues" -}}
{{- $names := list "admin" -}}
{{- range .Values.callers }}
{{- if has .name $names }}{{ fail (printf "callers: the name %s is there twice%s." .name (eq .name "admin" | ternary "; admin is always there" "")) }}{{ end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end }}
