{{/*
Rules of a NetworkPolicy that lead to the server of a URL, so that a `baseUrl` works without a word
about networks: an address is that address, a name within the cluster is its namespace, any other
name is the public network. (dict "url" "peers" "ports" "namespace" "defaultPort"); peers and ports
that are given win.
*/}}
{{- define "mad.egressTo" -}}
{{- $parts := urlParse .url -}}
{{- $host := regexReplaceAll ":[0-9]+$" $parts.host "" | trimPrefix "[" | trimSuffix "]" -}}
{{- $labels := splitList "." ($host | trimSuffix "." | trimSuffix ".cluster.local" | trimSuffix ".svc") -}}
{{- $isAddress := or (regexMatch "^[0-9.]+$" $host) (contains ":" $host) -}}
{{- $inCluster := and (not $isAddress) (or (le (len $labels) 1) (regexMatch "\\.svc(\\.cluster\\.local)?\\.?$" $host)) -}}
{{- /* `ollama.models` may be a name within the cluster or a public one: both ways are opened. */ -}}
{{- if and (not .peers) (not $isAddress) (not $inCluster) (eq (len $labels) 2) }}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ index $labels 1 }}
{{- end }}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $parts.host) | default .defaultPort }}
- to:
    {{- if .peers }}
    {{- toYaml .peers | nindent 4 }}
    {{- else if $isAddress }}
    - ipBlock:
        cidr: {{ $host }}/{{ contains ":" $host | ternary 128 32 }}
    {{- else if $inCluster }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ index (append $labels .namespace) 1 }}
    {{- else }}
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
    - ipBlock:
        cidr: ::/0
        except: [fc00::/7, fe80::/10]
    {{- end }}
  {{- if .ports }}
  ports:
    {{- range .ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
  {{- else if not $inCluster }}
  ports:
    - port: {{ $port }}
      protocol: TCP
  {{- end }}
{{- end }}
