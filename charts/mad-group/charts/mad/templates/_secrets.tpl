{{/*
Value of a key of a Secret: what the cluster has, so that an upgrade keeps it; else a new one.
(list ROOT SECRET KEY) → text
*/}}
{{- define "mad.keptOrNew" -}}
{{- $kept := include "mad.lookedUp" . -}}
{{- $kept | default (randAlphaNum 40) -}}
{{- end }}

{{/* Value of a key of a Secret in the cluster; empty where it is not there, or where Helm may not look (`helm template`). */}}
{{- define "mad.lookedUp" -}}
{{- $root := index . 0 -}}
{{- /* Without a name it would list all of them. */ -}}
{{- $secret := dict -}}
{{- if index . 1 }}{{ $secret = lookup "v1" "Secret" $root.Release.Namespace (index . 1) | default dict }}{{ end -}}
{{- index ($secret.data | default dict) (index . 2) | default "" | b64dec -}}
{{- end }}

{{/*
What a key of a Secret holds, or a sum over it: as the group knows it (`.secrets`, by SECRET/KEY),
else as the cluster has it. (list ROOT SECRET KEY)
*/}}
{{- define "mad.knownSecret" -}}
{{- $root := index . 0 -}}
{{- index ($root.secrets | default dict) (printf "%s/%s" (index . 1) (index . 2)) | default (include "mad.lookedUp" .) -}}
{{- end }}
