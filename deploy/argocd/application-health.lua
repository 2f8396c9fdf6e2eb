-- Lets the sync waves of applications.yaml wait: without it, Argo CD sees no health in an Application, and does not wait for one.
-- It goes into argocd-cm under resource.customizations.health.argoproj.io_Application, unless something is there already.

local health = { status = "Progressing", message = "" }
if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
return health
