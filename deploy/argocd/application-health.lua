-- Makes the sync waves of applications.yaml wait for each other: without it, Argo CD does not assess the health of an
-- Application. It belongs in argocd-cm under resource.customizations.health.argoproj.io_Application, unless that key already
-- exists.
--
-- A new Application is Healthy as soon as its namespace exists, before anything else is. So its health counts only once the
-- revision that Git has was synced.

local function progressing(message)
  return { status = "Progressing", message = message }
end

local status = obj.status
if status == nil or status.health == nil or status.health.status == nil then
  return progressing("")
end

local last = status.operationState or {}
if obj.operation ~= nil or last.phase == "Running" or last.phase == "Terminating" then
  return progressing("a sync is running")
end

local sync = status.sync or {}
local automated = obj.spec ~= nil and obj.spec.syncPolicy ~= nil and obj.spec.syncPolicy.automated ~= nil
if automated and sync.status ~= "Synced" then
  if last.phase == "Failed" or last.phase == "Error" then
    return { status = "Degraded", message = last.message or "the last sync failed" }
  end
  -- After a sync of this revision, what differs was changed since, and is not a matter of waves.
  local synced = last.syncResult ~= nil and last.syncResult.revision ~= nil and last.syncResult.revision == sync.revision
  if not synced then
    return progressing("not synced yet")
  end
end

return { status = status.health.status, message = status.health.message or "" }
