{{/*
Default-deny in both directions, and what the MAD needs. `.mad.ingress` and `.mad.egress` are rules
of its own as YAML text.
*/}}
{{- define "mad.networkPolicy" -}}
{{- if .Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "mad.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "mad.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- $ingress := concat (.mad.ingress | fromYamlArray) (.Values.networkPolicy.extraIngress | default list) }}
  {{- $egress := concat (.mad.egress | fromYamlArray) (.Values.networkPolicy.extraEgress | default list) }}
  ingress:
    {{- $ingress | default list | toYaml | nindent 4 }}
  egress:
    {{- $egress | default list | toYaml | nindent 4 }}
{{- end }}
{{- end }}

{{/* Who may use the tools: clients by their label, the operator, and `networkPolicy.clients`. */}}
{{- define "mad.ingress.tools" -}}
- from:
    - podSelector:
        matchLabels:
          mads.dev/client: "true"
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          app.kubernetes.io/name: mad-operator
    {{- with .Values.networkPolicy.clients }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if .mad.extra }}
    - podSelector:
        matchLabels:
          mads.dev/member: "true"
    {{- end }}
    {{- range .mad.callers }}
    - podSelector:
        matchLabels:
          app.kubernetes.io/name: {{ . }}
          mads.dev/member: "true"
    {{- end }}
  ports:
    - port: mcp
      protocol: TCP
{{- end }}

{{/* Without peers there is no rule: an empty list of them would mean everyone. */}}
{{- define "mad.ingress.metrics" -}}
{{- with .Values.networkPolicy.prometheus }}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - port: platform
      protocol: TCP
{{- end }}
{{- end }}

{{- define "mad.egress.dns" -}}
{{- with .Values.networkPolicy.dns }}
- to:
    {{- toYaml . | nindent 4 }}
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end }}
{{- end }}

{{/* To the bus: the group's own Redis, or the one that the URL names. */}}
{{- define "mad.egress.redis" -}}
{{- $redis := .Values.redis -}}
{{- if eq $redis.url "redis://redis:6379" }}
- to:
    - podSelector:
        matchLabels:
          app.kubernetes.io/name: redis
          mads.dev/member: "true"
  ports:
    - port: 6379
      protocol: TCP
{{- else if regexMatch "^rediss?-sentinel://" $redis.url }}
{{- range regexReplaceAll "(^rediss?-sentinel://|[/#].*$)" (regexReplaceAll "^rediss?-sentinel://" $redis.url "") "" | splitList "," }}
{{ include "mad.egressTo" (dict "url" (printf "redis://%s" .) "namespace" $.Release.Namespace "defaultPort" "26379") }}
{{- end }}
# Sentinel says where the primary is; its address is not known beforehand.
- to:
    {{- toYaml ($redis.peers | default (list (dict "namespaceSelector" dict) (dict "ipBlock" (dict "cidr" "0.0.0.0/0")) (dict "ipBlock" (dict "cidr" "::/0")))) | nindent 4 }}
  ports:
    {{- range $redis.ports | default (list 6379) }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- else }}
{{ include "mad.egressTo" (dict "url" $redis.url "peers" $redis.peers "ports" $redis.ports "namespace" .Release.Namespace "defaultPort" "6379") }}
{{- end }}
{{- end }}

{{/* To the model provider, where one is set. */}}
{{- define "mad.egress.llm" -}}
{{- if .mad.thinks }}
{{- $llm := .Values.llm -}}
{{- if or $llm.baseUrl $llm.apiKeySecret }}
{{- $url := $llm.baseUrl | default "https://api.openai.com" }}
{{ include "mad.egressTo" (dict "url" $url "peers" $llm.egress.peers "ports" $llm.egress.ports "namespace" .Release.Namespace "defaultPort" (hasPrefix "http:" $url | ternary "80" "443")) }}
{{- end }}
{{- end }}
{{- end }}

{{/* To the collector of traces, where one is set. */}}
{{- define "mad.egress.tracing" -}}
{{- $tracing := .Values.tracing | default dict -}}
{{- with $tracing.endpoint }}
{{ include "mad.egressTo" (dict "url" . "peers" $tracing.egress.peers "ports" $tracing.egress.ports "namespace" $.Release.Namespace "defaultPort" (hasPrefix "http:" . | ternary "80" "443")) }}
{{- end }}
{{- end }}

{{/* To the planner that Fiedler and Rogers ask. */}}
{{- define "mad.egress.sequentialThinking" -}}
{{- if eq .Values.sequentialThinkingUrl "ws://sequential-thinking:8003" }}
- to:
    - podSelector:
        matchLabels:
          app.kubernetes.io/name: sequential-thinking
          mads.dev/member: "true"
  ports:
    - port: 8003
      protocol: TCP
{{- else }}
{{ include "mad.egressTo" (dict "url" .Values.sequentialThinkingUrl "namespace" .Release.Namespace "defaultPort" "80") }}
{{- end }}
{{- end }}
