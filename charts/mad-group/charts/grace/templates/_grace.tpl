{{- define "grace.manifests" -}}
{{- $mad := dict "id" "grace" "component" "gateway" "port" 8000 -}}
{{ include "mad.manifests" (merge (dict "mad" $mad) .) }}
{{- end }}
