--- Runs specs with an eager collector, a helper of busted: see spec/support/eager/supermetrics/core.lua.

local busted = require "busted"

busted.subscribe({"test", "start"}, function()
  local eager = package.loaded["spec.support.eager"]
  if eager then
    eager.begin()
  end
end)
