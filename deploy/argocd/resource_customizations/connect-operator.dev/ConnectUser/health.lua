-- The health of a ConnectUser in Argo CD. docs/states.md shows it for every state; the messages are those of the conditions.
-- argocd-cm.yaml, in deploy/argocd, installs it.

local health = { status = "Progressing", message = "waiting for the operator to reconcile this resource" }

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(kind, value)
  return conditions[kind] ~= nil and conditions[kind].status == value
end

local function say(state, condition)
  health.status = state
  health.message = condition.message
  return health
end

local paused = conditions.Synced ~= nil and conditions.Synced.reason == "Paused"

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "the user is being deleted"
  local waits = paused and conditions.Synced
    or is("Stalled", "True") and conditions.Stalled
    or is("Reconciling", "True") and conditions.Reconciling
  if waits then
    health.message = waits.message
  end
  return health
end

-- The conditions describe an earlier spec.
if status.observedGeneration ~= obj.metadata.generation then
  return health
end

if paused then
  return say("Suspended", conditions.Synced)
end
if is("Stalled", "True") then
  return say("Degraded", conditions.Stalled)
end
if is("Reconciling", "True") then
  return say("Progressing", conditions.Reconciling)
end
if is("Ready", "True") then
  -- The user of a resource that only observes may differ from the spec: this is reported, but is not a failure.
  return say("Healthy", is("Synced", "False") and conditions.Synced or conditions.Ready)
end
if conditions.Ready ~= nil then
  return say("Progressing", conditions.Ready)
end
return health
