{{/* What the schema cannot see: values that contradict each other. All mistakes are reported at once. */}}
{{- define "logferry.mistakes" -}}
{{- $v := .Values -}}
{{- $keda := $v.autoscaling.keda -}}
{{- $mode := $v.autoscaling.mode -}}
{{- $found := list -}}
{{- if not $v.image.repository -}}
{{- $found = append $found "image.repository is required: where the image of logferry was pushed to" -}}
{{- end -}}
{{- if not $v.queue.url -}}
{{- $found = append $found "queue.url is required: the URL of the SQS queue that the bucket notifies" -}}
{{- end -}}
{{- if not $v.opensearch.urls -}}
{{- $found = append $found "opensearch.urls is required: at least one URL, such as https://search.example:9200" -}}
{{- end -}}
{{- if not (include "logferry.region" .) -}}
{{- $found = append $found "aws.region is required: queue.url does not name the region" -}}
{{- end -}}
{{- if and $v.opensearch.ca.existingSecret $v.opensearch.ca.existingConfigMap -}}
{{- $found = append $found "opensearch.ca takes existingSecret or existingConfigMap, not both" -}}
{{- end -}}
{{- if and $v.opensearch.awsService $v.opensearch.auth.existingSecret -}}
{{- $found = append $found "opensearch.awsService signs requests: it cannot be combined with opensearch.auth.existingSecret" -}}
{{- end -}}
{{- $drain := int64 (include "logferry.drainSeconds" .) -}}
{{- $grace := int64 (include "logferry.graceSeconds" .) -}}
{{- if lt $grace $drain -}}
{{- $found = append $found (printf "worker.terminationGracePeriodSeconds is %d and less than worker.config.drainTimeout (%d s): the worker would be killed before it has released its messages" $grace $drain) -}}
{{- end -}}
{{- $limit := dig "limits" "memory" "" (default dict $v.worker.resources) -}}
{{- if $limit -}}
{{- $budget := int64 (include "logferry.mebibytes" (default "48MiB" $v.worker.config.memory)) -}}
{{- $least := add $budget 64 -}}
{{- if lt (int64 (include "logferry.mebibytes" $limit)) $least -}}
{{- $found = append $found (printf "worker.resources.limits.memory is %v: worker.config.memory and 64 MiB for the process need %dMi" $limit $least) -}}
{{- end -}}
{{- end -}}
{{- with $v.worker.podDisruptionBudget -}}
{{- $both := and (ne (toString .minAvailable) "") (ne (toString .maxUnavailable) "") -}}
{{- $neither := and (eq (toString .minAvailable) "") (eq (toString .maxUnavailable) "") -}}
{{- if and .enabled (or $both $neither) -}}
{{- $found = append $found "worker.podDisruptionBudget takes one of maxUnavailable and minAvailable: set the other to \"\"" -}}
{{- end -}}
{{- end -}}
{{- $least := toString $v.autoscaling.minReplicas -}}
{{- if and (ne $least "") (gt (int64 $least) (int64 $v.autoscaling.maxReplicas)) -}}
{{- $found = append $found "autoscaling.minReplicas is more than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if eq $mode "keda" -}}
{{- if and (not $keda.scaleOnInFlight) (lt (int64 (include "logferry.cooldownSeconds" .)) (int64 (default 0 $v.queue.visibilityTimeout))) -}}
{{- $found = append $found "autoscaling.keda.cooldownPeriod is less than queue.visibilityTimeout while scaleOnInFlight is false: KEDA would end the last worker while it holds messages" -}}
{{- end -}}
{{- with $keda.authentication -}}
{{- if and .externalId (not .roleArn) -}}
{{- $found = append $found "autoscaling.keda.authentication.externalId needs roleArn" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $mode "hpa") (eq $least "0") -}}
{{- $found = append $found "autoscaling.minReplicas is 0: only KEDA scales to zero" -}}
{{- end -}}
{{- if and (eq $mode "hpa") (not $v.autoscaling.hpa.metricName) (not $v.autoscaling.hpa.cpuUtilization) -}}
{{- $found = append $found "autoscaling.mode hpa needs autoscaling.hpa.metricName or cpuUtilization" -}}
{{- end -}}
{{- if and (eq $mode "hpa") $v.autoscaling.hpa.metricName (eq (toString $v.autoscaling.hpa.averageValue) "") -}}
{{- $found = append $found "autoscaling.hpa.averageValue is required: the value of metricName for each replica" -}}
{{- end -}}
{{- with $v.export -}}
{{- if .enabled -}}
{{- if not (and .config.destination .config.checkpoints) -}}
{{- $found = append $found "export.config.destination and export.config.checkpoints are required: s3://bucket/prefix" -}}
{{- end -}}
{{- if not (or .config.logGroup .config.logGroupPrefix .config.logGroupPattern .config.logGroupTag .config.allLambda) -}}
{{- $found = append $found "export.config names no log groups: set logGroup, logGroupPrefix, logGroupPattern, logGroupTag or allLambda" -}}
{{- end -}}
{{- if and (eq .mode "deployment") (not .config.every) -}}
{{- $found = append $found "export.config.every is required in the mode deployment" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $v.prune -}}
{{- if and .enabled (not (or .config.retainLogs .config.retainInvocations)) -}}
{{- $found = append $found "prune.config needs retainLogs or retainInvocations, such as 30d" -}}
{{- end -}}
{{- end -}}
{{- with $v.serve -}}
{{- if and .enabled .ingress.enabled (not .ingress.host) -}}
{{- $found = append $found "serve.ingress.host is required" -}}
{{- end -}}
{{- if and .enabled .ingress.enabled (not (include "logferry.serveReachable" $)) -}}
{{- $found = append $found "serve.ingress needs serve.auth: without it the page listens on loopback, for kubectl port-forward alone" -}}
{{- end -}}
{{- if and .enabled .auth.proxyUserHeader (not .auth.trustedProxy) -}}
{{- $found = append $found "serve.auth.proxyUserHeader needs serve.auth.trustedProxy: the networks of the proxy" -}}
{{- end -}}
{{- end -}}
{{- with $found -}}
{{- fail (printf "these values cannot be used:\n- %s" (join "\n- " .)) -}}
{{- end -}}
{{- end -}}
