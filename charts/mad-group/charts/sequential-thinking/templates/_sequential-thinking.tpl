{{- define "sequential-thinking.manifests" -}}
{{- $mad := dict "id" "sequential-thinking" "component" "planner" "port" 8003 "thinks" true "callers" (concat (list "fiedler" "rogers") (.planned | default list)) -}}
{{ include "mad.manifests" (merge (dict "mad" $mad) .) }}
{{- end }}
