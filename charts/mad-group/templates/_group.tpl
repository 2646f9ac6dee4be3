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
  "llm" .Values.llm
  "tracing" (.Values.tracing | default dict) -}}
{{- $_ := set .Values.global "_known" (dict "values" $values "password" $password "secrets" $secrets) -}}
{{- end }}
{{- end }}

{{/* The manifests of a member. (list ROOT NAME) */}}
{{- define "mad-group.member" -}}
{{- $root := index . 0 -}}
{{- with index $root.Subcharts (index . 1) }}
{{- include "mad-group.rendered" (list $root . .Values) }}
{{- end }}
{{- end }}

{{/* The manifests of one of `extraMads`: its values over those of its chart. (list ROOT VALUES) */}}
{{- define "mad-group.extra" -}}
{{- $root := index . 0 -}}
{{- $chart := index $root.Subcharts "extra-mad" -}}
{{- include "mad-group.rendered" (list $root $chart (mergeOverwrite (deepCopy $chart.Values) (index . 1))) }}
{{- end }}

{{/* What a chart makes of values, with what the group knows where they say nothing. (list ROOT CHART VALUES) */}}
{{- define "mad-group.rendered" -}}
{{- $root := index . 0 -}}
{{- $chart := index . 1 -}}
{{- $name := $chart.Chart.Name -}}
{{- include "mad-group.known" $root -}}
{{- $known := $root.Values.global._known -}}
{{- $values := deepCopy (index . 2) -}}
{{- if ne $name "redis" -}}
{{- /* A member with a Secret of its own has its own key within it. */ -}}
{{- $group := deepCopy $known.values -}}
{{- if ($values.llm).apiKeySecret }}{{ $_ := unset $group.llm "apiKeySecretKey" }}{{ end -}}
{{- if ($values.tracing).headersSecret }}{{ $_ := unset $group.tracing "headersSecretKey" }}{{ end -}}
{{- $values = merge $values $group -}}
{{- end -}}
{{- $ctx := dict "Values" $values "Chart" $chart.Chart "Files" $chart.Files "Release" $root.Release "Capabilities" $root.Capabilities "secrets" $known.secrets "password" $known.password "planned" (include "mad-group.planned" $root | fromYamlArray) -}}
{{ include (printf "%s.manifests" $name) $ctx }}
{{- end }}

{{/* Names of those of `extraMads` that have plans made by the group's Sequential Thinking. */}}
{{- define "mad-group.planned" -}}
{{- $default := (index .Subcharts "extra-mad").Values.sequentialThinkingUrl -}}
{{- range .Values.extraMads }}
{{- if eq (.sequentialThinkingUrl | default $default) "ws://sequential-thinking:8003" }}
- {{ .name }}
{{- end }}
{{- end }}
{{- end }}

{{/* Every MAD of the group with the port of its tools: {name: port}. */}}
{{- define "mad-group.mads" -}}
{{- range $name, $port := dict "grace" 8000 "fiedler" 8001 "rogers" 8002 "sequential-thinking" 8003 }}
{{- if hasKey $.Subcharts $name }}
{{ $name }}: {{ $port }}
{{- end }}
{{- end }}
{{- range .Values.extraMads }}
{{ .name }}: {{ include "extra-mad.port" $ }}
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
{{- if not (or .Subcharts.grace .Subcharts.fiedler .Subcharts.rogers (index .Subcharts "sequential-thinking") .Values.extraMads) }}{{ fail "Every MAD is switched off: leave one of grace.enabled, fiedler.enabled, rogers.enabled and sequential-thinking.enabled true." }}{{ end -}}
{{- if not (index .Subcharts "sequential-thinking") }}
{{- range $name := list "fiedler" "rogers" }}
{{- with index $.Subcharts $name }}
{{- if eq .Values.sequentialThinkingUrl "ws://sequential-thinking:8003" }}{{ fail (printf "sequential-thinking.enabled is false, and %s has its plans made there: switch it on, or set %s.sequentialThinkingUrl." $name $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range include "mad-group.planned" . | fromYamlArray }}
{{- fail (printf "sequential-thinking.enabled is false, and %s has its plans made there: switch it on, or set sequentialThinkingUrl of %s in extraMads to another." . .) }}
{{- end -}}
{{- end -}}
{{- $extra := list -}}
{{- range .Values.extraMads }}
{{- if has .name $extra }}{{ fail (printf "extraMads: the name %s is there twice." .name) }}{{ end -}}
{{- $extra = append $extra .name -}}
{{- end -}}
{{- $names := list "admin" -}}
{{- range .Values.callers }}
{{- if has .name $names }}{{ fail (printf "callers: the name %s is there twice%s." .name (eq .name "admin" | ternary "; admin is always there" "")) }}{{ end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end }}
