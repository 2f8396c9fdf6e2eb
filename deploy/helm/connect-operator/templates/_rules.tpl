{{/* The operator's permissions where it watches: for the ClusterRole, or for a Role in each namespace. */}}
{{- define "connect-operator.rules" -}}
# list and watch: to notice changes. get: before it creates or deletes a user in Connect, the operator reads the ConnectUser from
# the API server and not from a cache. patch: to add and remove the finalizer, which keeps a ConnectUser until its user is
# deleted.
- apiGroups: [connect-operator.dev]
  resources: [connectusers]
  verbs: [get, list, watch, patch]
# To write the status by server-side apply, which is a patch.
- apiGroups: [connect-operator.dev]
  resources: [connectusers/status]
  verbs: [patch]
# To read the initial password from the Secret that a ConnectUser names, and later the metadata of that Secret, to notice changes.
# Without list and watch, the operator cannot find Secrets whose names it does not know.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# To publish Events (create) and to count repeated ones (patch).
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# To read the annotation of a namespace that sets the default deletion policy of its ConnectUsers.
{{- if not (or .Values.scopedNamespaces .Values.clusterName) }}
# Also to read the UID of kube-system, the cluster's name in the ownership tags of Connect users.
{{- end }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}
