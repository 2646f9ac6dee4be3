{{/* Seconds between a pod's end being decided and its SIGTERM: what still sends to it learns of it meanwhile. */}}
{{- define "mad.preStopSeconds" -}}3{{- end }}

{{/* The pod of a MAD. */}}
{{- define "mad.podSpec" -}}
{{- $files := include "mad.files" . | fromYamlArray -}}
{{ include "mad.podBasics" . }}
# What comes before SIGTERM, the drain, two seconds to close, and some to spare.
terminationGracePeriodSeconds: {{ add (include "mad.preStopSeconds" . | int) .Values.drainSeconds 10 }}
containers:
  - name: {{ .mad.id }}
    image: {{ include "mad.image" . | quote }}
    imagePullPolicy: {{ include "mad.imagePullPolicy" . }}
    # Its last words then stand in its status.
    terminationMessagePolicy: FallbackToLogsOnError
    securityContext:
      {{- include "mad.containerSecurity" . | nindent 6 }}
    env:
      {{- include "mad.env" . | nindent 6 }}
    ports:
      {{- range .mad.ports }}
      - name: {{ .name }}
        containerPort: {{ .port }}
        protocol: TCP
      {{- end }}
    {{- include "mad.probes" . | nindent 4 }}
    lifecycle:
      preStop:
        sleep: { seconds: {{ include "mad.preStopSeconds" . }} }
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      {{- range $files }}
      - {{ pick . "name" "mountPath" "subPath" | toYaml | nindent 8 | trim }}
        {{- if not (has .name (list "tmp" "data")) }}
        readOnly: true
        {{- end }}
      {{- end }}
volumes:
  {{- range $files }}
  {{- if .volume }}
  - name: {{ .name }}
    {{- toYaml .volume | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with (.Values.persistence).existingClaim }}
  - name: data
    persistentVolumeClaim: { claimName: {{ . | quote }} }
  {{- end }}
{{- end }}

{{/*
sha256 over what the pod reads from Secrets and ConfigMaps. Tokens of callers are not in it: they
are read again while the MAD runs.
*/}}
{{- define "mad.checksum" -}}
{{- $values := .Values -}}
{{- $read := dict "imperator" ($values.imperator | default "") -}}
{{- $_ := set $read "redis" (include "mad.knownSecret" (list . $values.redis.passwordSecret ($values.redis.passwordKey | default "password"))) -}}
{{- with $values.redis.caSecret }}{{ $_ := set $read "ca" (include "mad.knownSecret" (list $ . "ca.crt")) }}{{ end -}}
{{- if and .mad.thinks $values.llm.apiKeySecret -}}
{{- $_ := set $read "llm" (include "mad.knownSecret" (list . $values.llm.apiKeySecret ($values.llm.apiKeySecretKey | default "api-key"))) -}}
{{- end -}}
{{- $tracing := $values.tracing | default dict -}}
{{- with and $tracing.endpoint $tracing.headersSecret -}}
{{- $_ := set $read "otlp" (include "mad.knownSecret" (list $ . ($tracing.headersSecretKey | default "headers"))) -}}
{{- end -}}
{{- $read | toJson | sha256sum -}}
{{- end }}

{{/* One pod and its volume for what keeps state, since SQLite has one writer; else as many as are asked for. */}}
{{- define "mad.workload" -}}
{{- $pod := merge (dict "checksum" (include "mad.checksum" .)) . -}}
---
apiVersion: apps/v1
kind: {{ .mad.stateful | ternary "StatefulSet" "Deployment" }}
metadata:
  {{- include "mad.metadata" . | nindent 2 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      {{- include "mad.selectorLabels" . | nindent 6 }}
  {{- if .mad.stateful }}
  serviceName: {{ include "mad.name" . }}
  # In order, a pod that cannot start would keep its own correction from being rolled out.
  podManagementPolicy: Parallel
  {{- else }}
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  {{- end }}
  template:
    metadata:
      {{- include "mad.podMetadata" $pod | nindent 6 }}
    spec:
      {{- include "mad.podSpec" $pod | nindent 6 }}
  {{- if .mad.stateful }}
  {{- include "mad.volumeClaims" . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Claim for /data, unless one that exists is used. */}}
{{- define "mad.volumeClaims" -}}
{{- $persistence := .Values.persistence -}}
{{- if not $persistence.existingClaim -}}
persistentVolumeClaimRetentionPolicy:
  whenDeleted: {{ $persistence.whenDeleted }}
  whenScaled: Retain
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: data
      labels:
        {{- include "mad.selectorLabels" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $persistence.storageClass }}
      storageClassName: {{ . | quote }}
      {{- end }}
      resources:
        requests:
          storage: {{ include "mad.scalar" $persistence.size | quote }}
{{- end }}
{{- end }}
