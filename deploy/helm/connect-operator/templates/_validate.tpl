{{/* Converts a duration such as 1m30s to milliseconds. */}}
{{- define "connect-operator.milliseconds" -}}
{{- $sum := 0.0 }}
{{- range regexFindAll "[0-9.]+(ms|s|m|h)" . -1 }}
{{- $unit := regexFind "[a-z]+$" . }}
{{- $sum = addf $sum (mulf (trimSuffix $unit . | float64) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit)) }}
{{- end }}
{{- $sum }}
{{- end }}

{{/* Checks what the schema cannot express. Each message names the values at fault. */}}
{{- define "connect-operator.validate" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElect) }}
{{- fail (printf "replicaCount: %d replicas would all work at once, because leaderElect is false: set leaderElect to true, or replicaCount to 1" (int .Values.replicaCount)) }}
{{- end }}
{{- if not .Values.crds.enabled }}
{{- if not .Values.crds.keep }}
{{- fail "crds.keep: false with crds.enabled: false would delete the CustomResourceDefinition, and with it all ConnectUsers, if this release has installed it: upgrade with crds.keep: true and crds.enabled: true first, and then set crds.enabled to false" }}
{{- end }}
{{- /* An installation for some namespaces may lack the right to read the definition itself. */}}
{{- if .Release.IsUpgrade }}
{{- $annotations := (default dict (lookup "apps/v1" "Deployment" .Release.Namespace (include "connect-operator.fullname" .)).metadata).annotations | default dict }}
{{- if eq "goes-with-the-release" (default "" (get $annotations "connect-operator.dev/definition")) }}
{{- fail "crds.enabled: false would delete the CustomResourceDefinition, and with it all ConnectUsers, because this release has installed it with crds.keep: false: upgrade with crds.keep: true and crds.enabled: true first" }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.metrics.service.enabled) }}
{{- fail "serviceMonitor.enabled: a ServiceMonitor needs the Service of the metrics: set metrics.service.enabled to true" }}
{{- end }}
{{- if and .Values.podDisruptionBudget.enabled (le (int .Values.replicaCount) 1) }}
{{- fail "podDisruptionBudget.enabled: with one replica, it would prevent nodes from being drained: set replicaCount to 2, or podDisruptionBudget.enabled to false" }}
{{- end }}
{{- with .Values.podDisruptionBudget }}
{{- /* Kubernetes rounds a share up. */}}
{{- $least := .minAvailable }}
{{- if kindIs "string" .minAvailable }}
{{- $least = divf (mulf (trimSuffix "%" .minAvailable | float64) $.Values.replicaCount) 100 | ceil }}
{{- end }}
{{- if and .enabled (ge (int $least) (int $.Values.replicaCount)) }}
{{- fail (printf "podDisruptionBudget.minAvailable: %v of %d replicas would prevent nodes from being drained: set it to less than replicaCount" .minAvailable (int $.Values.replicaCount)) }}
{{- end }}
{{- end }}
{{- $scrape := .Values.serviceMonitor }}
{{- if gt (include "connect-operator.milliseconds" (default "" $scrape.scrapeTimeout) | float64) (include "connect-operator.milliseconds" $scrape.interval | float64) }}
{{- fail (printf "serviceMonitor.scrapeTimeout: %s must be at most serviceMonitor.interval, %s, or Prometheus rejects it" $scrape.scrapeTimeout $scrape.interval) }}
{{- end }}
{{- if .Values.leaderElect }}
{{- with .Values.leaderElection }}
{{- $duration := include "connect-operator.milliseconds" .leaseDuration | float64 }}
{{- $deadline := include "connect-operator.milliseconds" .renewDeadline | float64 }}
{{- if ne $duration (mulf 1000 (floor (divf $duration 1000))) }}
{{- fail (printf "leaderElection.leaseDuration: %s must be whole seconds, because a Lease stores seconds" .leaseDuration) }}
{{- end }}
{{- if gt $duration 2147483647000.0 }}
{{- fail (printf "leaderElection.leaseDuration: %s is longer than a Lease can store" .leaseDuration) }}
{{- end }}
{{- if ge $deadline $duration }}
{{- fail (printf "leaderElection.renewDeadline: %s must be less than leaderElection.leaseDuration, %s, or two replicas could lead at once" .renewDeadline .leaseDuration) }}
{{- end }}
{{- if gt (mulf 2 (include "connect-operator.milliseconds" .retryPeriod | float64)) $deadline }}
{{- fail (printf "leaderElection.retryPeriod: %s must be at most half of leaderElection.renewDeadline, %s, or one failed renewal would end the operator" .retryPeriod .renewDeadline) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $id, $account := (default dict .Values.config).accounts }}
{{- with $account.roleArn }}
{{- if ne $id (index (splitList ":" .) 4) }}
{{- fail (printf "config.accounts.%s.roleArn: %s is a role of another account: set a role of account %s" $id . $id) }}
{{- end }}
{{- end }}
{{- end }}
{{- $seen := dict }}
{{- range $instance, $settings := (default dict .Values.config).instances }}
{{- range $namespace, $_ := $settings.bounds }}
{{- if not (or (eq $namespace "*") (has "*" $settings.namespaces) (has $namespace $settings.namespaces)) }}
{{- fail (printf "config.instances.%s.bounds.%s: the namespace %s may not use the instance: add it to namespaces, or correct its name" $instance $namespace $namespace) }}
{{- end }}
{{- end }}
{{- $id := last (splitList "/" $instance) }}
{{- $other := get $seen $id | default $instance }}
{{- if ne (index (splitList ":" $other) 4) (index (splitList ":" $instance) 4) }}
{{- fail (printf "config.instances.%s: has the same instance id as %s, which is in another account: remove one of them" $instance $other) }}
{{- end }}
{{- $_ := set $seen $id $other }}
{{- end }}
{{- range (.Values.generatePasswords).namespaces }}
{{- if and $.Values.scopedNamespaces (not (has . $.Values.scopedNamespaces)) }}
{{- fail (printf "generatePasswords.namespaces: %s is not watched: add it to scopedNamespaces" .) }}
{{- end }}
{{- end }}
{{- end }}
