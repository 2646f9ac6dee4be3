{{/*
Alerts of MADs as a PrometheusRule has them, from the rules file that is also for others.
(dict "rules" LIST "namespace" MATCHER "runbookUrl" URL)
*/}}
{{- define "mad.alerts" -}}
{{- range .rules }}
{{- $rule := deepCopy . }}
{{- $_ := set $rule "expr" ($rule.expr | replace `namespace=~".*"` $.namespace) }}
{{- $_ := set $rule.annotations "runbook_url" ($rule.annotations.runbook_url | replace "docs/alerts.md" $.runbookUrl) }}
- {{- toYaml $rule | nindent 2 }}
{{- end }}
{{- end }}
