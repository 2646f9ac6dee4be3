{{/* `.mad.ports`: list of {name, port}. Beyond the cluster only the tools are shown: the platform port and SSH have a Service of their own then. */}}
{{- define "mad.service" -}}
{{- $isPublic := and (ne .Values.service.type "ClusterIP") (gt (len .mad.ports) 1) }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "mad.metadata" . | nindent 2 }}
  {{- with .Values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .Values.service.type }}
  selector:
    {{- include "mad.selectorLabels" . | nindent 4 }}
  ports:
    {{- range .mad.ports }}
    {{- if not (and $isPublic (has .name (list "platform" "ssh"))) }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
      protocol: TCP
    {{- end }}
    {{- end }}
{{- if $isPublic }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "mad.name" . }}-platform
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "mad.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "mad.selectorLabels" . | nindent 4 }}
  ports:
    {{- range .mad.ports }}
    {{- if has .name (list "platform" "ssh") }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
      protocol: TCP
    {{- end }}
    {{- end }}
{{- end }}
{{- end }}

{{- define "mad.serviceAccount" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "mad.metadata" . | nindent 2 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

{{/* A drain goes ahead at any number of replicas, one pod at a time. */}}
{{- define "mad.podDisruptionBudget" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "mad.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "mad.selectorLabels" . | nindent 6 }}
{{- end }}

{{- define "mad.serviceMonitor" -}}
{{- if and .Values.serviceMonitor.enabled (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "mad.metadata" . | nindent 2 }}
  {{- with .Values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "mad.selectorLabels" . | nindent 6 }}
  endpoints:
    - port: platform
      path: /metrics
      interval: {{ .Values.serviceMonitor.interval }}
{{- end }}
{{- end }}
