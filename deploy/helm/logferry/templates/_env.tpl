{{/* Environment variables and mounts. Each define below gives a YAML list. */}}

{{/* dict settings, prefix, perhaps without: a list of keys. drainTimeout becomes PREFIX_DRAIN_TIMEOUT. */}}
{{- define "logferry.settings" -}}
{{- $prefix := .prefix -}}
{{- $without := default list .without -}}
{{- range $key, $value := default dict .settings }}
{{- $text := include "logferry.text" $value }}
{{- if and (ne $text "") (not (has $key $without)) }}
- name: {{ printf "%s_%s" $prefix (upper (snakecase $key)) }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "logferry.awsEnv" -}}
{{- with include "logferry.region" . }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.endpointUrl }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.existingSecret }}
{{- range $key := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" "AWS_SESSION_TOKEN" }}
- name: {{ $key }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.aws.existingSecret }}
      key: {{ $key }}
      {{- if eq $key "AWS_SESSION_TOKEN" }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* dict root, secret: the secret of user and password, if not that of opensearch.auth. */}}
{{- define "logferry.opensearchEnv" -}}
{{- $opensearch := .root.Values.opensearch -}}
{{- $secret := .secret | default $opensearch.auth.existingSecret -}}
{{- $flat := dict "url" $opensearch.urls "awsService" $opensearch.awsService "awsRegion" $opensearch.awsRegion
    "acceptInvalidCertificates" $opensearch.acceptInvalidCertificates -}}
{{- include "logferry.settings" (dict "settings" $flat "prefix" "LOGFERRY_OPENSEARCH") }}
{{- include "logferry.settings" (dict "settings" (dict "indexPrefix" $opensearch.indexPrefix) "prefix" "LOGFERRY") }}
{{- if and $secret $opensearch.auth.apiKeyKey }}
- name: LOGFERRY_OPENSEARCH_API_KEY_FILE
  value: /etc/logferry/opensearch/api-key
{{- else if $secret }}
- name: LOGFERRY_OPENSEARCH_USER
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ $opensearch.auth.usernameKey }}
- name: LOGFERRY_OPENSEARCH_PASSWORD_FILE
  value: /etc/logferry/opensearch/password
{{- end }}
{{- if or $opensearch.ca.existingSecret $opensearch.ca.existingConfigMap }}
- name: LOGFERRY_OPENSEARCH_CA
  value: /etc/logferry/opensearch-ca/ca.crt
{{- end }}
{{- if $opensearch.clientCert.existingSecret }}
- name: LOGFERRY_OPENSEARCH_CLIENT_CERT
  value: /etc/logferry/opensearch-client/tls.crt
- name: LOGFERRY_OPENSEARCH_CLIENT_KEY
  value: /etc/logferry/opensearch-client/tls.key
{{- end }}
{{- end -}}

{{/* dict root, secret, name: the volume of the secret is opensearch-NAME. */}}
{{- define "logferry.authVolume" -}}
{{- $auth := .root.Values.opensearch.auth -}}
{{- with .secret | default $auth.existingSecret }}
- name: {{ $.name }}
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      {{- if $auth.apiKeyKey }}
      - { key: {{ $auth.apiKeyKey | quote }}, path: api-key }
      {{- else }}
      - { key: {{ $auth.passwordKey | quote }}, path: password }
      {{- end }}
{{- end }}
{{- end -}}

{{- define "logferry.tlsVolumes" -}}
{{- $ca := .Values.opensearch.ca -}}
{{- $client := .Values.opensearch.clientCert -}}
{{- if $ca.existingSecret }}
- name: opensearch-ca
  secret:
    secretName: {{ $ca.existingSecret }}
    defaultMode: 0440
    items: [{ key: {{ $ca.key | quote }}, path: ca.crt }]
{{- else if $ca.existingConfigMap }}
- name: opensearch-ca
  configMap:
    name: {{ $ca.existingConfigMap }}
    items: [{ key: {{ $ca.key | quote }}, path: ca.crt }]
{{- end }}
{{- with $client.existingSecret }}
- name: opensearch-client
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - { key: {{ $client.certKey | quote }}, path: tls.crt }
      - { key: {{ $client.keyKey | quote }}, path: tls.key }
{{- end }}
{{- end -}}

{{/* dict root, secret, name. */}}
{{- define "logferry.opensearchMounts" -}}
{{- $opensearch := .root.Values.opensearch -}}
{{- if .secret | default $opensearch.auth.existingSecret }}
- { name: {{ .name }}, mountPath: /etc/logferry/opensearch, readOnly: true }
{{- end }}
{{- if or $opensearch.ca.existingSecret $opensearch.ca.existingConfigMap }}
- { name: opensearch-ca, mountPath: /etc/logferry/opensearch-ca, readOnly: true }
{{- end }}
{{- if $opensearch.clientCert.existingSecret }}
- { name: opensearch-client, mountPath: /etc/logferry/opensearch-client, readOnly: true }
{{- end }}
{{- end -}}
