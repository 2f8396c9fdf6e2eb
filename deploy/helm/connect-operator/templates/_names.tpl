{{- define "connect-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "connect-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 55 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 55 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 55 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "connect-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "connect-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "connect-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "connect-operator.name" . | toYaml }}
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end }}

{{/* The labels that the chart gives to all objects. */}}
{{- define "connect-operator.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "connect-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* These labels and commonLabels. */}}
{{- define "connect-operator.labels" -}}
{{- include "connect-operator.labelsAnd" (list . nil) }}
{{- end }}

{{/* The same labels and additional ones. The argument is a list of the context and the additional labels, which take precedence. */}}
{{- define "connect-operator.labelsAnd" -}}
{{- $own := include "connect-operator.ownLabels" (index . 0) | fromYaml }}
{{- toYaml (merge dict (default dict (index . 1)) (default dict (index . 0).Values.commonLabels) $own) }}
{{- end }}

{{/* A released chart has the digest of its image as an annotation. It does not apply to another image. */}}
{{- define "connect-operator.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- $own := eq .Values.image.repository "ghcr.io/connect-operator/connect-operator" | and (not .Values.image.tag) }}
{{- $released := ternary (index .Chart.Annotations "connect-operator.dev/image-digest") "" $own }}
{{- with default $released .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}
