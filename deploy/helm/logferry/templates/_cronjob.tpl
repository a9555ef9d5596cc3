{{/* A CronJob. dict root, component, values, settings, container (a dict of logferry.container), perhaps volumes. */}}
{{- define "logferry.cronJob" -}}
{{- $values := .values -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "logferry.metadata" . | nindent 2 }}
spec:
  schedule: {{ $values.schedule | quote }}
  {{- with $values.timeZone }}
  timeZone: {{ . | quote }}
  {{- end }}
  {{- if $values.suspend }}
  suspend: true
  {{- end }}
  concurrencyPolicy: Forbid
  successfulJobsHistoryLimit: {{ int64 $values.successfulJobsHistoryLimit }}
  failedJobsHistoryLimit: {{ int64 $values.failedJobsHistoryLimit }}
  jobTemplate:
    metadata:
      labels:
        {{- include "logferry.labels" . | nindent 8 }}
    spec:
      # The next run goes on where a failed one ended.
      backoffLimit: 0
      {{- with $values.activeDeadlineSeconds }}
      activeDeadlineSeconds: {{ int64 . }}
      {{- end }}
      template:
        {{- include "logferry.podTemplate" (merge (dict "containers" (list (include "logferry.container" .container)) "volumes" (default "" .volumes) "restartPolicy" "Never") .) | nindent 8 }}
{{- end -}}
