{{- define "fiedler.manifests" -}}
{{- $env := list (dict "name" "SEQUENTIAL_THINKING_URL" "value" .Values.sequentialThinkingUrl) -}}
{{- $egress := include "mad.egress.sequentialThinking" . -}}
{{- $mad := dict "id" "fiedler" "component" "tasks" "port" 8001 "stateful" true "thinks" true "env" $env "egress" $egress -}}
{{ include "mad.manifests" (merge (dict "mad" $mad) .) }}
{{- end }}
