-- Has the operator go on with a user that was paused.

if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["connect-operator.dev/paused"] = nil
end
return obj
