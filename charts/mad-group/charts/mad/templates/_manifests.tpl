{{/*
Everything of one MAD. A chart calls it with its root context and `mad`, which describes it:
  id            folder of its service, and container
  component     what it is, for app.kubernetes.io/component
  port          of its tools
  stateful      keeps SQLite files: StatefulSet with a claim
  thinks        talks to the model provider
  callers       MADs that use its tools
  extra         one of the user's own: its image has its own tags, and every member may use its tools
  version       of its image; the chart's appVersion where absent
  env, egress   beyond what all have: list of {name, value}; rules as YAML text
*/}}
{{- define "mad.manifests" -}}
{{- $ports := list (dict "name" "mcp" "port" .mad.port) (dict "name" "platform" "port" 9464) -}}
{{- if include "mad.ssh.secret" . }}{{ $ports = append $ports (dict "name" "ssh" "port" 2222) }}{{ end -}}
{{- $mad := merge (dict "uid" 1000 "ownImage" (empty .mad.extra) "ports" $ports "stateful" (.mad.stateful | default false) "thinks" (.mad.thinks | default false)) .mad -}}
{{- $ctx := merge (dict "mad" $mad) (omit . "mad") -}}
{{- include "mad.checkValues" $ctx -}}
{{- $ingress := list (include "mad.ingress.tools" $ctx) (include "mad.ingress.metrics" $ctx) (include "mad.ingress.ssh" $ctx) -}}
{{- $egress := list (include "mad.egress.dns" $ctx) (include "mad.egress.redis" $ctx) (include "mad.egress.llm" $ctx) (include "mad.egress.tracing" $ctx) ($mad.egress | default "") -}}
{{- $_ := set $mad "ingress" (join "\n" $ingress) -}}
{{- $_ := set $mad "egress" (join "\n" $egress) -}}
{{ include "mad.serviceAccount" $ctx }}
{{ include "mad.imperator" $ctx }}
{{ include "mad.ssh.keys" $ctx }}
{{ include "mad.service" $ctx }}
{{ include "mad.workload" $ctx }}
{{ include "mad.podDisruptionBudget" $ctx }}
{{ include "mad.networkPolicy" $ctx }}
{{ include "mad.ingress" $ctx }}
{{ include "mad.httpRoute" $ctx }}
{{ include "mad.serviceMonitor" $ctx }}
{{- end }}

{{/* Combinations that no schema can say in words. */}}
{{- define "mad.checkValues" -}}
{{- $name := include "mad.name" . -}}
{{- $values := .Values -}}
{{- if not $values.redis.url }}{{ fail (printf "%s: redis.url is not set: the address of the group's Redis, such as redis://redis:6379." $name) }}{{ end -}}
{{- if not $values.redis.passwordSecret }}{{ fail (printf "%s: redis.passwordSecret is not set: the Secret with the password of Redis, from which members of a group also know each other." $name) }}{{ end -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}{{ fail (printf "%s: ingress.enabled needs ingress.host." $name) }}{{ end -}}
{{- if and $values.httpRoute.enabled (or (empty $values.httpRoute.parentRefs) (empty $values.httpRoute.hostnames)) }}{{ fail (printf "%s: httpRoute.enabled needs httpRoute.parentRefs and httpRoute.hostnames." $name) }}{{ end -}}
{{- if and ($values.ssh).existingSecret ($values.ssh).authorizedKeys }}{{ fail (printf "%s: ssh.existingSecret and ssh.authorizedKeys are both set: keep one." $name) }}{{ end -}}
{{- $own := dict -}}
{{- range include "mad.ownEnv" . | fromYamlArray }}{{ $_ := set $own .name true }}{{ end -}}
{{- range $key, $_ := $values.config }}
{{- if hasKey $own $key }}{{ fail (printf "%s: config sets %s, which the chart sets from its values: see the chart's README for the value that does." $name $key) }}{{ end -}}
{{- end -}}
{{- range $values.extraEnv }}
{{- if hasKey $values.config .name }}{{ fail (printf "%s: %s is in config and in extraEnv: keep one." $name .name) }}{{ end -}}
{{- if hasKey $own .name }}{{ fail (printf "%s: extraEnv sets %s, which the chart sets from its values: see the chart's README for the value that does." $name .name) }}{{ end -}}
{{- end -}}
{{- range $values.httpRoute.hostnames }}
{{- if contains "*" . }}{{ fail (printf "%s: httpRoute.hostnames has %s: a MAD takes requests for whole names only." $name .) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The context file of an Imperator, where the values bring one. */}}
{{- define "mad.imperator" -}}
{{- with .Values.imperator }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "mad.metadata" $ | nindent 2 }}
data:
  {{- dict "IMPERATOR.md" . | toYaml | nindent 2 }}
{{- end }}
{{- end }}
