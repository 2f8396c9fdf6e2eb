{{/* What the operator may do where it watches: for the ClusterRole, or for a Role in each namespace. */}}
{{- define "connect-operator.rules" -}}
# list and watch: to learn of changes. get: a create or a delete in Connect rests on what the API server has now, not on a
# cache. patch: to add and remove the finalizer, which keeps a ConnectUser until its user is gone from Connect.
- apiGroups: [connect-operator.dev]
  resources: [connectusers]
  verbs: [get, list, watch, patch]
# To write the status, by server-side apply, which is a patch.
- apiGroups: [connect-operator.dev]
  resources: [connectusers/status]
  verbs: [patch]
# To read the initial password from the one Secret that a ConnectUser names, and later that Secret's metadata, to tell that it
# changed. Without list and watch, Secrets whose names it was not told cannot be found.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# To tell of what it did (create) and to count repetitions of the same (patch).
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# An annotation of a ConnectUser's namespace says what becomes of the user in Connect when the ConnectUser is deleted.
{{- if not (or .Values.scopedNamespaces .Values.clusterName) }}
# The UID of kube-system names this cluster in the ownership tags of Connect users.
{{- end }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}
