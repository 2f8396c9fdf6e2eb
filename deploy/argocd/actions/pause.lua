-- Has the operator leave the user alone, its deletion included.

obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["connect-operator.dev/paused"] = "true"
return obj
