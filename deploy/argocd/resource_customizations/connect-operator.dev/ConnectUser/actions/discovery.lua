-- The actions that Argo CD offers for a ConnectUser.

local paused = obj.metadata.annotations ~= nil and obj.metadata.annotations["connect-operator.dev/paused"] == "true"

return {
  ["reconcile-now"] = { disabled = paused, iconClass = "fa fa-fw fa-sync", displayName = "Reconcile now" },
  ["pause"] = { disabled = paused, iconClass = "fa fa-fw fa-pause", displayName = "Pause" },
  ["resume"] = { disabled = not paused, iconClass = "fa fa-fw fa-play", displayName = "Resume" },
}
