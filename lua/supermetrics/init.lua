--- The Supermetrics Data Backfills API.
---
---     local supermetrics = require "supermetrics"
---     local backfill, err = supermetrics.cancel_backfill(12345, 1003)
---
--- The functions here work on a default client, made at first use from the environment variables
--- `SUPERMETRICS_API_KEY` and `SUPERMETRICS_BASE_URL`. Where a call fails, its first value is `nil` and its second an
--- Error; a misuse, such as an id of 0 or a misspelt option, raises before anything is sent.

local client = require "supermetrics.client"
local core = require "supermetrics.core"
local failure = require "supermetrics.error"
require "supermetrics.backfill"

-- Each is in a file that is loaded when one of its methods is first called: a script that cancels one backfill spends a
-- tenth less on its start.
local LATE_METHODS = {
  cancel_backfills = "supermetrics.cancelling",
  cancel_incomplete_backfills = "supermetrics.cancelling",
  wait_for_backfill = "supermetrics.waiting",
}

for name, file in pairs(LATE_METHODS) do
  client.methods[name] = client.methods[name] or function(...)
    require(file) -- puts the method in this one's place
    return client.methods[name](...)
  end
end

---@class supermetrics
local supermetrics = {
  _VERSION = core._VERSION,
  new = client.new,
  is_error = failure.is_error,
}

local default_client

local function on_default_client(method)
  return function(...)
    default_client = default_client or client.new()
    return client.methods[method](default_client, ...)
  end
end

-- Each is the method of the same name: see client.lua, cancelling.lua and waiting.lua. types.lua declares them.
for _, method in ipairs{"cancel_backfill", "get_backfill", "get_latest_backfill", "list_incomplete_backfills",
  "create_backfill", "ensure_backfill_cancelled", "cancel_backfills", "cancel_incomplete_backfills",
  "wait_for_backfill", "request"} do
  supermetrics[method] = on_default_client(method)
end

return supermetrics
