-- Makes the operator manage a paused user again.

if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["connect-operator.dev/paused"] = nil
end
return obj
