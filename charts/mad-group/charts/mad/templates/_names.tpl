{{/* Name of the MAD and of everything that belongs to it: `fiedler`, so that clients find http://fiedler.NAMESPACE:8001/mcp. */}}
{{- define "mad.name" -}}
{{ (.mad).id | default .Chart.Name }}
{{- end }}

{{/* What selects its pods; never changes over upgrades. */}}
{{- define "mad.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mad.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of its pods: nothing that changes with a version, since a changed label is a new pod. */}}
{{- define "mad.podLabels" -}}
{{- $own := include "mad.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/component" .mad.component -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "mad-group" -}}
{{- merge $own (include "mad.commonLabels" . | fromYaml) | toYaml -}}
{{- end }}

{{- define "mad.labels" -}}
{{- merge (include "mad.versionLabels" . | fromYaml) (include "mad.podLabels" . | fromYaml) | toYaml -}}
{{- end }}

{{- define "mad.versionLabels" -}}
app.kubernetes.io/version: {{ (.mad).version | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that the user puts on everything: the chart's own win over the group's. */}}
{{- define "mad.commonLabels" -}}
{{- merge (dict) (.Values.commonLabels | default dict) ((.Values.global).commonLabels | default dict) | toYaml -}}
{{- end }}

{{/* metadata of an object that is called as the MAD is. */}}
{{- define "mad.metadata" -}}
name: {{ include "mad.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "mad.labels" . | nindent 2 }}
{{- end }}

{{/*
image: REGISTRY/REPOSITORY:TAG or @DIGEST. The tag is the chart's appVersion unless said otherwise.
Takes the root context.
*/}}
{{- define "mad.image" -}}
{{- $image := .Values.image -}}
{{- $group := (.Values.global).image | default dict -}}
{{- /* As docker reads it: a first part with a dot or a colon in it, or localhost, is a registry. */ -}}
{{- $namesRegistry := regexMatch "^([^/]*[.:][^/]*|localhost)/" $image.repository -}}
{{- $registry := $image.registry | default (ternary "" $group.registry $namesRegistry) -}}
{{- $repository := ternary (printf "%s/%s" $registry $image.repository) $image.repository (not (empty $registry)) -}}
{{- if $image.digest -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default (ternary $group.tag "" .mad.ownImage) | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "mad.imagePullPolicy" -}}
{{ .Values.image.pullPolicy | default ((.Values.global).image).pullPolicy | default "IfNotPresent" }}
{{- end }}

{{/* A scalar as people write it: Helm reads whole numbers as floats, and 1000000 must not become 1e+06. */}}
{{- define "mad.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ printf "%.0f" . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}
