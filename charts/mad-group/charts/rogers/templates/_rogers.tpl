{{- define "rogers.manifests" -}}
{{- $env := list (dict "name" "SEQUENTIAL_THINKING_URL" "value" .Values.sequentialThinkingUrl) -}}
{{- $egress := include "mad.egress.sequentialThinking" . -}}
{{- $mad := dict "id" "rogers" "component" "observer" "port" 8002 "stateful" true "thinks" true "env" $env "egress" $egress -}}
{{ include "mad.manifests" (merge (dict "mad" $mad) .) }}
{{- end }}
