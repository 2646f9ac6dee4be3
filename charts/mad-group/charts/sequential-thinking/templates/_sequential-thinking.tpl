{{- define "sequential-thinking.manifests" -}}
{{- $mad := dict "id" "sequential-thinking" "component" "planner" "port" 8003 "thinks" true "callers" (list "fiedler" "rogers") -}}
{{ include "mad.manifests" (merge (dict "mad" $mad) .) }}
{{- end }}
