{{/* Secret with the keys that may log in over SSH; empty where nobody may. */}}
{{- define "mad.ssh.secret" -}}
{{- with .Values.ssh -}}
{{- if .existingSecret }}{{ .existingSecret }}{{ else if .authorizedKeys }}{{ include "mad.name" $ }}-ssh{{ end -}}
{{- end -}}
{{- end }}

{{/* The Secret that is made of keys in the values. */}}
{{- define "mad.ssh.keys" -}}
{{- with (.Values.ssh).authorizedKeys }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ include "mad.name" $ }}-ssh
  namespace: {{ $.Release.Namespace }}
  labels:
    {{- include "mad.labels" $ | nindent 4 }}
type: Opaque
data:
  {{ $.Values.ssh.existingSecretKey }}: {{ b64enc . }}
{{- end }}
{{- end }}

{{/* Who may knock: pods that are labelled for it, and `ssh.clients`. Who may come in, the keys say. */}}
{{- define "mad.ingress.ssh" -}}
{{- if include "mad.ssh.secret" . }}
- from:
    - podSelector:
        matchLabels:
          mads.dev/admin: "true"
    {{- with .Values.ssh.clients }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - port: ssh
      protocol: TCP
{{- end }}
{{- end }}
