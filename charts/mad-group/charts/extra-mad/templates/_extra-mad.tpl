{{/* Its tools have one port, whatever it is called: what runs in the image reads it from MAD_PORT. */}}
{{- define "extra-mad.port" -}}8010{{- end }}

{{- define "extra-mad.manifests" -}}
{{- include "extra-mad.checkValues" . -}}
{{- $values := .Values -}}
{{- $port := include "extra-mad.port" . -}}
{{- $stateful := not (and (empty $values.persistence.size) (empty $values.persistence.existingClaim)) -}}
{{- $env := list (dict "name" "HOST" "value" "0.0.0.0") (dict "name" "MAD_ID" "value" $values.name) (dict "name" "MAD_PORT" "value" $port) (dict "name" "PLATFORM_PORT" "value" "9464") -}}
{{- if $stateful }}{{ $env = append $env (dict "name" "DATA_DIR" "value" "/data") }}{{ end -}}
{{- with $values.sequentialThinkingUrl }}{{ $env = append $env (dict "name" "SEQUENTIAL_THINKING_URL" "value" .) }}{{ end -}}
{{- $egress := include "extra-mad.egress" . -}}
{{- $mad := dict "id" $values.name "component" "extra" "extra" true "version" (include "extra-mad.version" .) "port" (int $port) "stateful" $stateful "thinks" $values.thinks "env" $env "egress" $egress -}}
{{ include "mad.manifests" (merge (dict "mad" $mad) .) }}
{{- end }}

{{/* Of its image, as far as a label can say it. */}}
{{- define "extra-mad.version" -}}
{{ .Values.image.digest | trimPrefix "sha256:" | trunc 12 | default .Values.image.tag | trunc 63 | trimAll "-_." }}
{{- end }}

{{/* To its like, whose tools it may use directly, and to the planner where it has one. The four it asks over the bus. */}}
{{- define "extra-mad.egress" -}}
- to:
    - podSelector:
        matchLabels:
          app.kubernetes.io/component: extra
          mads.dev/member: "true"
  ports:
    - port: {{ include "extra-mad.port" . }}
      protocol: TCP
{{- if .Values.sequentialThinkingUrl }}
{{ include "mad.egress.sequentialThinking" . }}
{{- end }}
{{- end }}

{{- define "extra-mad.checkValues" -}}
{{- $values := .Values -}}
{{- $name := $values.name -}}
{{- $four := list "grace" "fiedler" "rogers" "sequential-thinking" -}}
{{- if not $name }}{{ fail "name is not set: what the MAD is called on the bus, and its Service, such as librarian." }}{{ end -}}
{{- if has $name $four }}{{ fail (printf "%s is one of the four, and its values are at %s: give the MAD of your own another name." $name $name) }}{{ end -}}
{{- if has $name (list "redis" "mad-operator" "kubernetes") }}{{ fail (printf "%s is the name of another Service: give the MAD of your own another one." $name) }}{{ end -}}
{{- if not $values.image.repository }}{{ fail (printf "%s: image.repository is not set: where its image is, such as registry.example/%s." $name $name) }}{{ end -}}
{{- if and $values.persistence.existingClaim (gt (int $values.replicas) 1) }}{{ fail (printf "%s: persistence.existingClaim is one claim, and replicas is %d: write 1, or persistence.size for a claim each." $name (int $values.replicas)) }}{{ end -}}
{{- end }}
