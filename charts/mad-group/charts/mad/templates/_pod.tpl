{{/*
What every pod of a group has in common: nothing of the API server's, no privileges, a root that is
read-only. Takes the context with `.mad.uid`, the user of the image.
*/}}
{{- define "mad.podBasics" -}}
{{- $values := .Values -}}
serviceAccountName: {{ include "mad.name" . }}
automountServiceAccountToken: false
# Kubernetes would put FIEDLER_PORT=tcp://… into each container, which is a key of our own.
enableServiceLinks: false
securityContext:
  {{- $defaults := dict "runAsNonRoot" true "runAsUser" .mad.uid "runAsGroup" .mad.uid "fsGroup" .mad.uid "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") }}
  {{- include "mad.over" (list $defaults $values.podSecurityContext) | nindent 2 }}
{{- with concat ($values.imagePullSecrets | default list) (($values.global).imagePullSecrets | default list) | uniq }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with index $values $key | default (index ($values.global | default dict) $key) }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $values.priorityClassName | default ($values.global).priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $values.topologySpreadConstraints | default (include "mad.spread" . | fromYamlArray) }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Replicas go to different nodes and zones where there are such; a small cluster holds them all the same. */}}
{{- define "mad.spread" -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "mad.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end }}

{{- define "mad.containerSecurity" -}}
{{- $defaults := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- include "mad.over" (list $defaults .Values.containerSecurityContext) }}
{{- end }}

{{/* metadata of the pod template. Takes the context with `.checksum`. */}}
{{- define "mad.podMetadata" -}}
labels:
  {{- $own := merge (dict "mads.dev/member" "true") (include "mad.podLabels" . | fromYaml) }}
  {{- merge $own (.Values.podLabels | default dict) | toYaml | nindent 2 }}
annotations:
  # Changes with what it reads from Secrets and ConfigMaps, so that such a change restarts it.
  checksum/config: {{ .checksum }}
  {{- with .Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Defaults with what is over them; null takes a default away, as OpenShift wants it of runAsUser. (list DEFAULTS OVER) */}}
{{- define "mad.over" -}}
{{- $merged := mergeOverwrite (index . 0) (index . 1 | default dict) -}}
{{- range $key, $value := $merged }}
{{- if kindIs "invalid" $value }}{{ $_ := unset $merged $key }}{{ end -}}
{{- end -}}
{{- $merged | toYaml -}}
{{- end }}
