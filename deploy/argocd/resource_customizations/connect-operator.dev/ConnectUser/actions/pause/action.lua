-- Makes the operator leave the user as it is, even if the ConnectUser is deleted.

obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["connect-operator.dev/paused"] = "true"
return obj
