-- Makes the operator reconcile the user immediately: any new value of the annotation requests it.

local os = require("os")

obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["connect-operator.dev/reconcile-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
