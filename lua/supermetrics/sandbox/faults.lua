--- The faults in force: which of them, if any, strikes a request. The first of the list that fits is the one.
--
-- Whom a fault strikes:
--   operation         name of an operation, or "*" for any
--   backfill_id       only requests for this backfill
--   requests          set of numbers: only the first, third, … request since the faults were set, counted over those
--                     that operation and backfill_id leave
--   times             no more often than that
-- What it does (an answer waits for its delay and holds up no other; each alone but `text`, which goes with `status`):
--   delay             seconds
--   status            answered with this status, and not applied; `code` replaces the usual one, `retry_after` is the
--                     Retry-After in seconds, `retry_after_date` the same as a date so many seconds ahead
--   drop              "before": the connection is cut, and nothing applied; "after": applied, then cut
--   truncate          applied; the connection is cut after so many bytes of the body
--   garbage           applied; 200, with a body that is no JSON
--   text              applied, unless there is a status; 200 or that status, with this body

local faults = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.faults"}

--- Puts faults in force.
-- @param list as fault_reader returns it
function faults.new(list)
  local self = setmetatable({entries = {}}, metatable)
  for index, fault in ipairs(list) do
    self.entries[index] = {fault = fault, requests_seen = 0, times_struck = 0}
  end
  return self
end

function metatable:__tostring()
  return ("%s: %d"):format(metatable.__name, #self.entries)
end

local function concerns(fault, operation, backfill_id)
  return (fault.operation == "*" or fault.operation == operation)
    and (fault.backfill_id == nil or fault.backfill_id == backfill_id)
end

local function is_due(entry)
  local fault = entry.fault
  return (not fault.requests or fault.requests[entry.requests_seen] ~= nil)
    and (not fault.times or entry.times_struck < fault.times)
end

--- Counts a request, and finds the fault that strikes it.
-- @param operation string
-- @param backfill_id decimal string, or nil where the request is for none
-- @return fault, or nil where none strikes
function methods:take(operation, backfill_id)
  local struck
  for _, entry in ipairs(self.entries) do
    if concerns(entry.fault, operation, backfill_id) then
      entry.requests_seen = entry.requests_seen + 1
      if not struck and is_due(entry) then
        struck = entry
      end
    end
  end
  if not struck then
    return nil
  end
  struck.times_struck = struck.times_struck + 1
  return struck.fault
end

return faults
