--- Error: methods of the tables that the core makes for what the network or the server did.

local core = require "supermetrics.core"

local failure = {}

---@class supermetrics.Error
local methods = {}

core.Error.__index = methods

-- Kinds that another try, later, may cure.
local TEMPORARY = {network = true, timeout = true, rate_limited = true, server_error = true}

--- Whether the same call may well succeed later: its kind is `network`, `timeout`, `rate_limited` or `server_error`.
---
---@return boolean
function methods:is_temporary()
  return TEMPORARY[self.kind] == true
end

--- Whether the request may have taken effect all the same: the answer to a write was lost, or cannot be trusted.
---
---@return boolean
function methods:may_have_taken_effect()
  return self.outcome == "unknown"
end

--- A new Error, for what the Lua layer finds out by itself.
---
---@return supermetrics.Error
function failure.new(fields)
  return setmetatable(fields, core.Error)
end

--- Whether a value is an Error of this library.
---
---@param value any
---@return boolean
function failure.is_error(value)
  return getmetatable(value) == core.Error
end

return failure
