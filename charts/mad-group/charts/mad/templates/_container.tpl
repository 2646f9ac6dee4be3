{{/* Host names under which a MAD is asked for: its Service's, and those of its routes. */}}
{{- define "mad.hostNames" -}}
{{- $name := include "mad.name" . -}}
{{- $names := list -}}
{{- range $suffix := list "" ".svc" ".svc.cluster.local" }}
{{- $names = append $names (printf "%s.%s%s" $name $.Release.Namespace $suffix) }}
{{- end }}
{{- if .Values.ingress.enabled }}{{ $names = append $names .Values.ingress.host }}{{ end }}
{{- if .Values.httpRoute.enabled }}{{ $names = concat $names .Values.httpRoute.hostnames }}{{ end }}
{{- concat (list $name) $names .Values.allowedHosts | uniq | join "," -}}
{{- end }}

{{/* Environment of a MAD. Secrets come as files: what is in the environment every child process inherits. */}}
{{- define "mad.env" -}}
{{ include "mad.ownEnv" . }}
{{- range $key, $value := .Values.config }}
- name: {{ $key }}
  value: {{ include "mad.scalar" $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What the chart itself says, beside `config`. */}}
{{- define "mad.ownEnv" -}}
{{- $values := .Values -}}
- name: ALLOWED_HOSTS
  value: {{ include "mad.hostNames" . | quote }}
{{- with $values.allowedOrigins }}
- name: ALLOWED_ORIGINS
  value: {{ join "," . | quote }}
{{- end }}
- name: DRAIN_MS
  value: {{ mul $values.drainSeconds 1000 | quote }}
- name: REDIS_URL
  value: {{ $values.redis.url | quote }}
- name: REDIS_PASSWORD_FILE
  value: /run/secrets/redis/password
{{- if $values.redis.caSecret }}
- name: NODE_EXTRA_CA_CERTS
  value: /run/secrets/redis-ca/ca.crt
{{- end }}
{{- if $values.callers.configMap }}
- name: MAD_TOKENS_FILE
  value: /run/config/callers/tokens
{{- end }}
{{- $tracing := $values.tracing | default dict }}
{{- with $tracing.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- if $tracing.headersSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS_FILE
  value: /run/secrets/otlp/headers
{{- end }}
{{- end }}
{{- if .mad.thinks }}
{{- with $values.llm.baseUrl }}
- name: OPENAI_BASE_URL
  value: {{ . | quote }}
{{- end }}
{{- if $values.llm.apiKeySecret }}
- name: OPENAI_API_KEY_FILE
  value: /run/secrets/llm/api-key
{{- end }}
{{- with $values.llm.model }}
- name: LLM_MODEL
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .mad.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* [{name, mountPath, volume}] → what a MAD reads and writes; the pod's volumes and the container's mounts are made of it. */}}
{{- define "mad.files" -}}
{{- $values := .Values -}}
- name: tmp
  mountPath: /tmp
  volume: { emptyDir: { sizeLimit: 256Mi } }
- name: redis
  mountPath: /run/secrets/redis
  volume:
    secret:
      secretName: {{ $values.redis.passwordSecret | quote }}
      defaultMode: 0440
      items: [{ key: {{ $values.redis.passwordKey | default "password" | quote }}, path: password }]
{{- with $values.redis.caSecret }}
- name: redis-ca
  mountPath: /run/secrets/redis-ca
  volume: { secret: { secretName: {{ . | quote }}, defaultMode: 0444 } }
{{- end }}
{{- with $values.callers.configMap }}
- name: callers
  mountPath: /run/config/callers
  volume: { configMap: { name: {{ . | quote }} } }
- name: caller-tokens
  mountPath: /run/secrets/callers
  volume:
    projected:
      defaultMode: 0440
      sources:
        {{- range $values.callers.tokens }}
        - secret:
            # One caller's Secret that is not there keeps that caller out, and no MAD from starting.
            optional: {{ ne .name "admin" }}
            name: {{ .secret | quote }}
            items: [{ key: {{ .key | quote }}, path: {{ .name | quote }} }]
        {{- end }}
{{- end }}
{{- $tracing := $values.tracing | default dict }}
{{- if and $tracing.endpoint $tracing.headersSecret }}
- name: otlp
  mountPath: /run/secrets/otlp
  volume:
    secret:
      secretName: {{ $tracing.headersSecret | quote }}
      defaultMode: 0440
      items: [{ key: {{ $tracing.headersSecretKey | default "headers" | quote }}, path: headers }]
{{- end }}
{{- if and .mad.thinks $values.llm.apiKeySecret }}
- name: llm
  mountPath: /run/secrets/llm
  volume:
    secret:
      secretName: {{ $values.llm.apiKeySecret | quote }}
      defaultMode: 0440
      items: [{ key: {{ $values.llm.apiKeySecretKey | default "api-key" | quote }}, path: api-key }]
{{- end }}
{{- with include "mad.ssh.secret" . }}
# Read again as it changes, so that it is in no checksum.
- name: ssh
  mountPath: /etc/mad/ssh
  volume:
    secret:
      secretName: {{ . | quote }}
      defaultMode: 0444
      items: [{ key: {{ $values.ssh.existingSecretKey | quote }}, path: authorized_keys }]
{{- end }}
{{- with $values.imperator }}
- name: imperator
  mountPath: /app/services/{{ $.mad.id }}/IMPERATOR.md
  subPath: IMPERATOR.md
  volume: { configMap: { name: {{ include "mad.name" $ }} } }
{{- end }}
{{- if .mad.stateful }}
- name: data
  mountPath: /data
{{- end }}
{{- end }}

{{/*
Probes on the platform port. Alive: the process answers. Ready: started, database writable, the bus
seen once; an outage of the bus later leaves it ready, since its reads and accepted work go on.
*/}}
{{- define "mad.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: platform }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: platform }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: platform }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 3
{{- end }}
