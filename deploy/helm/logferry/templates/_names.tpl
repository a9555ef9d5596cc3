{{/* Names and labels. A component is worker, export, prune or serve. */}}

{{- define "logferry.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* dict root, component. The name of a CronJob has at most 52 characters; the worker has the release's own name. */}}
{{- define "logferry.componentName" -}}
{{- $full := include "logferry.fullname" .root -}}
{{- if eq .component "worker" -}}
{{- $full -}}
{{- else -}}
{{- $room := int (sub 51 (len .component)) -}}
{{- printf "%s-%s" ($full | trunc $room | trimSuffix "-") .component -}}
{{- end -}}
{{- end -}}

{{- define "logferry.selectorLabels" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- if .component }}
app.kubernetes.io/component: {{ .component }}
{{- end }}
{{- end -}}

{{/* dict root, component. Labels of an object; labels of ours win over commonLabels. */}}
{{- define "logferry.labels" -}}
{{- $ours := include "logferry.selectorLabels" . | fromYaml -}}
{{- $_ := set $ours "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $ours "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- with .root.Chart.AppVersion -}}
{{- $_ := set $ours "app.kubernetes.io/version" . -}}
{{- end -}}
{{- merge $ours (default dict .root.Values.commonLabels) | toYaml -}}
{{- end -}}

{{/* dict root, component; perhaps name, labels, annotations. The metadata of an object. */}}
{{- define "logferry.metadata" -}}
name: {{ .name | default (include "logferry.componentName" .) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- $labels := include "logferry.labels" . | fromYaml }}
  {{- merge $labels (default dict .labels) | toYaml | nindent 2 }}
{{- with merge (deepCopy (default dict .annotations)) (default dict .root.Values.commonAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* dict root, component, values. */}}
{{- define "logferry.serviceAccountName" -}}
{{- if .values.serviceAccount.create -}}
{{- .values.serviceAccount.name | default (include "logferry.componentName" .) -}}
{{- else -}}
{{- .values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "logferry.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (toString (default .Chart.AppVersion $image.tag)) -}}
{{- end -}}
{{- end -}}

{{/* The region: aws.region, else that of https://sqs.REGION.amazonaws.com/…, https://REGION.queue.amazonaws.com/… or
a VPC endpoint vpce-….sqs.REGION.vpce.amazonaws.com. Empty if there is none. */}}
{{- define "logferry.region" -}}
{{- if .Values.aws.region -}}
{{- .Values.aws.region -}}
{{- else -}}
{{- regexFind "[a-z]{2,4}(-[a-z]+)+-[0-9]+" (regexFind "^https?://[^/]+" (toString .Values.queue.url) | replace "vpce-" "") -}}
{{- end -}}
{{- end -}}

{{/* Not empty if the page of serve asks for a name, or need not. */}}
{{- define "logferry.serveReachable" -}}
{{- with .Values.serve.auth -}}
{{- if or .existingSecret .proxyUserHeader .insecureNoAuth }}yes{{ end -}}
{{- end -}}
{{- end -}}
