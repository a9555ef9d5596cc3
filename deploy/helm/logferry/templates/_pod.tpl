{{/* The pods of the components, and the CronJobs around them. */}}

{{/* dict root, values. The settings of `pod` with those of the component over them: labels and annotations are joined,
everything else that is not empty replaces the common value. As JSON. */}}
{{- define "logferry.podSettings" -}}
{{- $own := default dict .values.pod -}}
{{- $settings := dict -}}
{{- range $key, $common := .root.Values.pod -}}
{{- $mine := get $own $key -}}
{{- if and $mine (has $key (list "annotations" "labels")) -}}
{{- $_ := set $settings $key (merge (deepCopy $mine) (default dict $common)) -}}
{{- else -}}
{{- $_ := set $settings $key ($mine | default $common) -}}
{{- end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{/* A container. dict root, settings (of the pod), name, args, env and mounts (YAML lists), perhaps ports, probes,
resources. A variable of extraEnv replaces ours of the same name: the API server refuses the same name twice. */}}
{{- define "logferry.container" -}}
name: {{ .name }}
image: {{ include "logferry.image" .root | quote }}
{{- with .root.Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
args: {{ concat .args (default list .extraArgs) | toJson }}
{{- $extra := default list .settings.extraEnv }}
{{- $names := list }}
{{- range $extra }}{{ $names = append $names .name }}{{ end }}
{{- $env := list }}
{{- range (default list (fromYamlArray .env)) }}
{{- if not (has .name $names) }}{{ $env = append $env . }}{{ end }}
{{- end }}
{{- with concat $env $extra }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .ports }}
ports:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $probe, $value := default dict .probes }}
{{ $probe }}:
  {{- toYaml $value | nindent 2 }}
{{- end }}
{{- with .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat (default list (fromYamlArray .mounts)) (default list .settings.extraVolumeMounts) }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A pod template. dict root, component, values, settings, containers and initContainers (lists of YAML texts),
volumes (a YAML list), perhaps grace, restartPolicy. */}}
{{- define "logferry.podTemplate" -}}
metadata:
  labels:
    {{- $labels := include "logferry.labels" . | fromYaml }}
    {{- omit (merge $labels (default dict .settings.labels)) "helm.sh/chart" | toYaml | nindent 4 }}
  {{- with merge (deepCopy (default dict .settings.annotations)) (default dict .root.Values.commonAnnotations) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "logferry.serviceAccountName" . }}
  # IRSA and Pod Identity mount tokens of their own; logferry never asks the Kubernetes API.
  automountServiceAccountToken: false
  # Otherwise a service named logferry-… adds LOGFERRY_… variables, the names of logferry's settings.
  enableServiceLinks: false
  {{- with .grace }}
  terminationGracePeriodSeconds: {{ . }}
  {{- end }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .root.Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .settings.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .settings.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .settings.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .settings.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .settings.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $ours := dict "labelSelector" (dict "matchLabels" (include "logferry.selectorLabels" $ | fromYaml)) }}
    - {{- merge (deepCopy .) $ours | toYaml | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- $init := default list .initContainers }}
  {{- if or $init .settings.extraInitContainers }}
  initContainers:
    {{- range $init }}
    - {{- . | nindent 6 }}
    {{- end }}
    {{- with .settings.extraInitContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    {{- range .containers }}
    - {{- . | nindent 6 }}
    {{- end }}
    {{- with .settings.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with concat (default list (fromYamlArray .volumes)) (default list .settings.extraVolumes) }}
  volumes:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

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
