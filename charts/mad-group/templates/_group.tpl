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
{{- $llmSecretKey := .Values.llm.apiKeySecretKey | default "api-key" -}}
{{- $llmKey := include "mad.lookedUp" (list . .Values.llm.apiKeySecret $llmSecretKey) -}}
{{- $tokens := list -}}
{{- range include "mad-group.callers" . | fromYamlArray }}
{{- $tokens = append $tokens (dict "name" .name "secret" .secret "key" .key) }}
{{- end }}
{{- $secrets := deepCopy .Values.knownSecrets -}}
{{- with $password }}{{ $_ := set $secrets (printf "%s/%s" $secret $key) . }}{{ end -}}
{{- with $llmKey }}{{ $_ := set $secrets (printf "%s/%s" $.Values.llm.apiKeySecret $llmSecretKey) . }}{{ end -}}
{{- $external := .Values.redis.external -}}
{{- $values := dict
  "redis" (dict "url" (include "redis.url" $redis) "passwordSecret" $secret "passwordKey" $key "caSecret" $external.caSecret "peers" $external.peers "ports" $external.ports)
  "callers" (dict "configMap" (include "mad-group.callersName" .) "tokens" $tokens)
  "llm" .Values.llm -}}
{{- $_ := set .Values.global "_known" (dict "values" $values "password" $password "secrets" $secrets) -}}
{{- end }}
{{- end }}

{{/* The manifests of a member, with what the group knows where its own values say nothing. (list ROOT NAME) */}}
{{- define "mad-group.member" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- with index $root.Subcharts $name }}
{{- include "mad-group.known" $root -}}
{{- $known := $root.Values.global._known -}}
{{- $values := deepCopy .Values -}}
{{- if ne $name "redis" -}}
{{- /* A member with a Secret of its own has its own key within it. */ -}}
{{- $group := deepCopy $known.values -}}
{{- if (.Values.llm).apiKeySecret }}{{ $_ := unset $group.llm "apiKeySecretKey" }}{{ end -}}
{{- $values = merge $values $group -}}
{{- end -}}
{{- $ctx := dict "Values" $values "Chart" .Chart "Files" .Files "Release" $root.Release "Capabilities" $root.Capabilities "secrets" $known.secrets "password" $known.password -}}
{{ include (printf "%s.manifests" $name) $ctx }}
{{- end }}
{{- end }}

{{- define "mad-group.callersName" -}}{{ .Release.Name }}-callers{{- end }}

{{/* Every caller with its scopes and where its token is: [{name, scopes, isMade, secret, key}]; `admin` is always one. */}}
{{- define "mad-group.callers" -}}
{{- $made := include "mad-group.callersName" . -}}
{{- range prepend .Values.callers (merge (dict "name" "admin" "scopes" (list "admin")) .Values.admin) }}
- name: {{ .name | quote }}
  scopes: {{ toJson .scopes }}
  isMade: {{ empty .existingSecret }}
  secret: {{ .existingSecret | default $made | quote }}
  key: {{ empty .existingSecret | ternary .name (.existingSecretKey | default "token") | quote }}
{{- end }}
{{- end }}

{{- define "mad-group.labels" -}}
{{- include "mad.labels" (dict "Chart" .Chart "Release" .Release "Values" .Values "mad" (dict "component" "group")) }}
{{- end }}

{{- define "mad-group.checkValues" -}}
{{- if not (or .Subcharts.grace .Subcharts.fiedler .Subcharts.rogers (index .Subcharts "sequential-thinking")) }}{{ fail "Every MAD is switched off: leave one of grace.enabled, fiedler.enabled, rogers.enabled and sequential-thinking.enabled true." }}{{ end -}}
{{- if not (index .Subcharts "sequential-thinking") }}
{{- range $name := list "fiedler" "rogers" }}
{{- with index $.Subcharts $name }}
{{- if eq .Values.sequentialThinkingUrl "ws://sequential-thinking:8003" }}{{ fail (printf "sequential-thinking.enabled is false, and %s has its plans made there: switch it on, or set %s.sequentialThinkingUrl." $name $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $names := list "admin" -}}
{{- range .Values.callers }}
{{- if has .name $names }}{{ fail (printf "callers: the name %s is there twice%s." .name (eq .name "admin" | ternary "; admin is always there" "")) }}{{ end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end }}
