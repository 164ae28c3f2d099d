-- luacheck: read globals ngx
--- Runs inside nginx: makes a call in whatever phase it is called in, and keeps what came of it.

local cjson = require("cjson").new()
local core = require "supermetrics.core"
local supermetrics = require "supermetrics"

local phases = {}

-- By the name of the phase; what init keeps is copied into every worker.
local seen = {}

--- Makes a call.
function phases.try()
  local began = core.now()
  local ok, result, err = pcall(supermetrics.get_backfill, 12345, 67890)
  seen[ngx.get_phase()] = {
    raised = not ok and tostring(result) or nil,
    value = ok and tostring(result or err) or nil,
    seconds = core.now() - began,
  }
end

--- Answers the request with what was kept, and for how long each took, as JSON.
function phases.say()
  ngx.say(cjson.encode(seen))
end

return phases
