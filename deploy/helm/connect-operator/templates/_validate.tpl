{{/* What the schema cannot say: each message names the values at fault. */}}
{{- define "connect-operator.validate" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElect) }}
{{- fail (printf "replicaCount: %d replicas would all work at once, since leaderElect is false: set leaderElect to true, or replicaCount to 1" (int .Values.replicaCount)) }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.metrics.service.enabled) }}
{{- fail "serviceMonitor.enabled: a ServiceMonitor finds the metrics by their Service: set metrics.service.enabled to true" }}
{{- end }}
{{- if and .Values.podDisruptionBudget.enabled (le (int .Values.replicaCount) 1) }}
{{- fail "podDisruptionBudget.enabled: with one replica it would keep nodes from being drained: set replicaCount to 2, or podDisruptionBudget.enabled to false" }}
{{- end }}
{{- range .Values.generatePasswords.namespaces }}
{{- if and $.Values.scopedNamespaces (not (has . $.Values.scopedNamespaces)) }}
{{- fail (printf "generatePasswords.namespaces: %s is not watched: add it to scopedNamespaces" .) }}
{{- end }}
{{- end }}
{{- end }}
