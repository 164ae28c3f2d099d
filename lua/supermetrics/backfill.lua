--- Backfill: methods of the tables that the core makes. Their fields are the wire's.

local core = require "supermetrics.core"

local backfill = {}

---@class supermetrics.Backfill
local methods = {}

core.Backfill.__index = methods

local CANCELLABLE = {CREATED = true, SCHEDULED = true, RUNNING = true, FAILED = true}
local FINAL = {COMPLETED = true, CANCELLED = true}

--- Whether the service would still cancel it: `CREATED`, `SCHEDULED`, `RUNNING` or `FAILED`.
---
---@return boolean
function methods:is_cancellable()
  return CANCELLABLE[self.status] == true
end

--- Whether it is in a final state: `COMPLETED` or `CANCELLED`. `FAILED` is not final, and can be cancelled.
---
---@return boolean
function methods:is_finished()
  return FINAL[self.status] == true
end

--- How far it is; nil where the service did not say.
---
---@return number? share of its runs that have completed or failed, from 0 to 1
---@return integer? ended how many have
---@return integer? total how many there are
function methods:progress()
  local total = tonumber(self.transfer_runs_total)
  local completed = tonumber(self.transfer_runs_completed)
  local failed = tonumber(self.transfer_runs_failed)
  if not (total and completed and failed) then
    return nil
  end
  local ended = completed + failed
  if total <= 0 then
    return methods.is_finished(self) and 1 or 0, ended, total
  end
  return math.min(ended / total, 1), ended, total
end

-- Lua 5.1 prints an integer of 15 digits or more as 1e+15. A string, or an integer of Lua 5.3, is exact as it is.
local function plain(value)
  local text = tostring(value)
  if type(value) == "number" and text:find("e", 1, true) then
    return ("%.0f"):format(value)
  end
  return text
end

function core.Backfill:__tostring()
  local parts = {("backfill %s of transfer %s: %s"):format(plain(self.transfer_backfill_id),
    self.transfer_id and plain(self.transfer_id) or "?", tostring(self.status))}
  if self.range_start_date and self.range_end_date then
    parts[#parts + 1] = ("%s to %s"):format(tostring(self.range_start_date), tostring(self.range_end_date))
  end
  -- Not self:progress(): a field of that name, should the API grow one, hides the method.
  local share, ended, total = methods.progress(self)
  if share then
    local failed = tonumber(self.transfer_runs_failed)
    parts[#parts + 1] = ("%s of %s runs ended%s"):format(plain(ended), plain(total),
      failed > 0 and (", %s of them failed"):format(plain(failed)) or "")
  end
  return table.concat(parts, ", ")
end

return backfill
