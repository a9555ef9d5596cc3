{{/* Durations and sizes as logferry takes them, and ports of URLs, as numbers. */}}

{{/* "1m 30s" as whole seconds, rounded up. */}}
{{- define "logferry.seconds" -}}
{{- $ms := 0.0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" (toString .) -1 -}}
{{- $number := float64 (regexFind "^[0-9]+" .) -}}
{{- $unit := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (regexFind "[a-z]+$" .) -}}
{{- $ms = addf $ms (mulf $number $unit) -}}
{{- end -}}
{{- ceil (divf $ms 1000) | int64 -}}
{{- end -}}

{{/* "48MiB", "5MB", "192Mi", "1G" or a number, in whole MiB, rounded down. */}}
{{- define "logferry.mebibytes" -}}
{{- $text := lower (toString .) | replace " " "" -}}
{{- $unit := regexFind "[a-z]+$" $text | trimSuffix "b" -}}
{{- $factors := dict "" 1 "k" 1000 "m" 1000000 "g" 1000000000 "t" 1000000000000 "ki" 1024 "mi" 1048576 "gi" 1073741824 "ti" 1099511627776 -}}
{{- floor (divf (mulf (float64 (regexFind "^[0-9.]+" $text)) (get $factors $unit)) 1048576) | int64 -}}
{{- end -}}

{{- define "logferry.drainSeconds" -}}
{{- include "logferry.seconds" (default "25s" .Values.worker.config.drainTimeout) -}}
{{- end -}}

{{/* The drain timeout, and 10 s for the end of the process: never less than 35 s. */}}
{{- define "logferry.graceSeconds" -}}
{{- if .Values.worker.terminationGracePeriodSeconds -}}
{{- int64 .Values.worker.terminationGracePeriodSeconds -}}
{{- else -}}
{{- max 35 (add 10 (int64 (include "logferry.drainSeconds" .))) -}}
{{- end -}}
{{- end -}}

{{/* A message of a worker that died is hidden for one visibility timeout: the last replica does not end before. */}}
{{- define "logferry.cooldownSeconds" -}}
{{- if .Values.autoscaling.keda.cooldownPeriod -}}
{{- int64 .Values.autoscaling.keda.cooldownPeriod -}}
{{- else -}}
{{- max 300 (int64 (default 0 .Values.queue.visibilityTimeout)) -}}
{{- end -}}
{{- end -}}

{{/* A value as text of an environment variable. Empty and false are unset; lists are joined by commas. */}}
{{- define "logferry.text" -}}
{{- if kindIs "slice" . -}}
{{- join "," . -}}
{{- else if kindIs "bool" . -}}
{{- if . }}true{{ end -}}
{{- else if kindIs "float64" . -}}
{{- int64 . -}}
{{- else if not (kindIs "invalid" .) -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{/* A list of URLs. Their ports, each once, as a YAML list of ports of a NetworkPolicy. */}}
{{- define "logferry.portsOf" -}}
{{- $ports := list -}}
{{- range $url := . -}}
{{- $port := regexFind ":[0-9]+$" (regexFind "^https?://[^/]+" $url) | trimPrefix ":" -}}
{{- $ports = append $ports (int (default (ternary "443" "80" (hasPrefix "https" $url)) $port)) -}}
{{- end -}}
{{- range uniq $ports }}
- { port: {{ . }}, protocol: TCP }
{{- end }}
{{- end -}}
