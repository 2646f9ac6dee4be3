{{- define "redis.manifests" -}}
{{- $mad := dict "id" "redis" "component" "bus" "uid" 999 "ownImage" false "ports" (list (dict "name" "redis" "port" 6379)) -}}
{{- $ctx := merge (dict "mad" $mad) . -}}
{{- include "redis.checkValues" $ctx -}}
{{- if not (include "redis.isExternal" .) }}
{{- $secret := list . (include "redis.secretName" .) (include "redis.secretKey" .) -}}
{{- $password := (.password) | default (include (empty .Values.auth.existingSecret | ternary "mad.keptOrNew" "mad.lookedUp") $secret) -}}
{{- $sum := index (.secrets | default dict) (printf "%s/%s" (index $secret 1) (index $secret 2)) | default $password -}}
{{- $_ := set $mad "ingress" (include "redis.ingress" $ctx) -}}
{{- $_ := set $mad "egress" "" -}}
{{- $_ := set $ctx "checksum" (list $sum (include "redis.config" $ctx) | toJson | sha256sum) -}}
{{ include "mad.serviceAccount" $ctx }}
{{- if not .Values.auth.existingSecret }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ include "redis.secretName" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "mad.labels" $ctx | nindent 4 }}
type: Opaque
data:
  password: {{ $password | b64enc }}
{{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "mad.metadata" $ctx | nindent 2 }}
data:
  {{- include "redis.config" $ctx | nindent 2 }}
{{ include "mad.service" $ctx }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "mad.metadata" $ctx | nindent 2 }}
spec:
  replicas: 1
  serviceName: {{ include "mad.name" . }}
  # In order, a pod that cannot start would keep its own correction from being rolled out.
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "mad.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      {{- include "mad.podMetadata" $ctx | nindent 6 }}
    spec:
      {{- include "redis.podSpec" $ctx | nindent 6 }}
  {{- include "mad.volumeClaims" $ctx | nindent 2 }}
{{ include "mad.podDisruptionBudget" $ctx }}
{{ include "mad.networkPolicy" $ctx }}
{{- end }}
{{- end }}

{{/* Secret with the password: the user's, or the one that is made here. */}}
{{- define "redis.secretName" -}}
{{ .Values.auth.existingSecret | default (printf "%s-auth" (include "mad.name" .)) }}
{{- end }}

{{- define "redis.secretKey" -}}
{{ empty .Values.auth.existingSecret | ternary "password" .Values.auth.existingSecretKey }}
{{- end }}

{{/* Not empty where the bus is outside of this release. */}}
{{- define "redis.isExternal" -}}
{{- if or .Values.external.url .Values.sentinels }}yes{{ end -}}
{{- end }}

{{/* REDIS_URL of the members of the group. */}}
{{- define "redis.url" -}}
{{- if .Values.sentinels -}}
{{ .Values.external.tls | ternary "rediss" "redis" }}-sentinel://{{ join "," .Values.sentinels }}#{{ .Values.sentinelMaster }}
{{- else -}}
{{ .Values.external.url | default (printf "redis://%s:6379" (include "mad.name" .)) }}
{{- end -}}
{{- end }}

{{- define "redis.checkValues" -}}
{{- $limit := include "redis.mebibytes" (.Values.resources.limits.memory | default "") | int -}}
{{- if and (gt $limit 0) (ge (int .Values.maxMemoryMb) $limit) }}{{ fail (printf "redis.maxMemoryMb is %d and the memory limit %s: Redis would be killed before it refuses a write. Leave room for a rewrite of its file, half of the limit, say." (int .Values.maxMemoryMb) (toString .Values.resources.limits.memory)) }}{{ end -}}
{{- if and .Values.external.url .Values.sentinels }}{{ fail "redis.external.url and redis.sentinels are both set: keep one. With Sentinel, redis.external.tls says whether TLS is used." }}{{ end -}}
{{- if and (include "redis.isExternal" .) (not .Values.auth.existingSecret) }}{{ fail "redis.auth.existingSecret is not set: a Redis outside needs its password in a Secret, from which the members of the group also know each other." }}{{ end -}}
{{- if and (not (include "redis.isExternal" .)) .Values.external.caSecret }}{{ fail "redis.external.caSecret is set without redis.external.url or redis.sentinels: the Redis of this chart speaks without TLS inside the namespace." }}{{ end -}}
{{- end }}

{{/* MiB of an amount of memory; 0 where it is in another unit than Mi or Gi. */}}
{{- define "redis.mebibytes" -}}
{{- $amount := toString . -}}
{{- if hasSuffix "Gi" $amount }}{{ mulf (trimSuffix "Gi" $amount | float64) 1024 | int }}{{ else if hasSuffix "Mi" $amount }}{{ trimSuffix "Mi" $amount | float64 | int }}{{ else }}0{{ end -}}
{{- end }}

{{- define "redis.config" -}}
{{- $conf := printf "%s\nmaxmemory %dmb\n%s" (.Files.Get "files/redis.conf") (int .Values.maxMemoryMb) .Values.extraConfig -}}
{{- dict "redis.conf" $conf "redis-start.sh" (.Files.Get "files/redis-start.sh") | toYaml -}}
{{- end }}

{{/* Members of the group alone. */}}
{{- define "redis.ingress" -}}
- from:
    - podSelector:
        matchLabels:
          mads.dev/member: "true"
    {{- with .Values.networkPolicy.clients }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - port: redis
      protocol: TCP
{{- end }}

{{- define "redis.podSpec" -}}
{{- $probe := "REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli ping | grep -q PONG" -}}
{{ include "mad.podBasics" . }}
terminationGracePeriodSeconds: 60
containers:
  - name: redis
    image: {{ include "mad.image" . | quote }}
    imagePullPolicy: {{ include "mad.imagePullPolicy" . }}
    # Its last words then stand in its status.
    terminationMessagePolicy: FallbackToLogsOnError
    command: [sh, /etc/mad-redis/redis-start.sh]
    securityContext:
      {{- include "mad.containerSecurity" . | nindent 6 }}
    env:
      - name: REDIS_PASSWORD_FILE
        value: /run/secrets/redis/password
      {{- with .Values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    ports:
      - name: redis
        containerPort: 6379
        protocol: TCP
    # A long append-only file takes its time to load.
    startupProbe:
      exec: { command: [sh, -c, {{ $probe | quote }}] }
      periodSeconds: 1
      timeoutSeconds: 5
      failureThreshold: 600
    livenessProbe:
      exec: { command: [sh, -c, {{ $probe | quote }}] }
      periodSeconds: 10
      timeoutSeconds: 10
      failureThreshold: 6
    readinessProbe:
      exec: { command: [sh, -c, {{ $probe | quote }}] }
      periodSeconds: 5
      timeoutSeconds: 5
    lifecycle:
      preStop:
        sleep: { seconds: {{ include "mad.preStopSeconds" . }} }
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      - { name: data, mountPath: /data }
      - { name: tmp, mountPath: /tmp }
      - { name: config, mountPath: /etc/mad-redis, readOnly: true }
      - { name: password, mountPath: /run/secrets/redis, readOnly: true }
volumes:
  - name: tmp
    emptyDir: { medium: Memory, sizeLimit: 1Mi }
  - name: config
    configMap: { name: {{ include "mad.name" . }} }
  - name: password
    secret:
      secretName: {{ include "redis.secretName" . | quote }}
      defaultMode: 288
      items: [{ key: {{ include "redis.secretKey" . | quote }}, path: password }]
  {{- with .Values.persistence.existingClaim }}
  - name: data
    persistentVolumeClaim: { claimName: {{ . | quote }} }
  {{- end }}
{{- end }}
