-- Makes the sync waves of applications.yaml wait for each other: without it, Argo CD does not assess the health of an
-- Application. It belongs in argocd-cm under resource.customizations.health.argoproj.io_Application, unless that key already
-- exists.

local health = { status = "Progressing", message = "" }
if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
return health
