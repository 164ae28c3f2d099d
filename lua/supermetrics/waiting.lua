--- Waiting for a backfill to end.

local attempts = require "supermetrics.attempts"
local client = require "supermetrics.client"
local core = require "supermetrics.core"
local failure = require "supermetrics.error"
local options = require "supermetrics.options"

---@class supermetrics.Client
local methods = client.methods

-- Seconds between two looks: SHORTEST while it moves, longer and longer, up to LONGEST, while it does not.
local SHORTEST = 1
local LONGEST = 30
local GROWTH = 1.5

-- A service that answers nothing useful for so many looks in a row is not a passing failure.
local MOST_FAILURES = 10

-- States in which nothing more happens by itself.
local ENDED = {COMPLETED = true, FAILED = true, CANCELLED = true}

local function next_interval(interval, has_moved)
  return has_moved and SHORTEST or math.min(interval * GROWTH, LONGEST)
end

-- What must change for a backfill to have moved.
local function position(backfill)
  return table.concat({tostring(backfill.status), tostring(backfill.transfer_runs_created),
    tostring(backfill.transfer_runs_completed), tostring(backfill.transfer_runs_failed)}, " ")
end

local function ran_out_of_time(began, now, backfill, count, look_error)
  return failure.new{
    kind = "timeout",
    operation = "wait_for_backfill",
    reason = ("the backfill had not ended after %.3g s"):format(now - began)
      .. (backfill and ", it is " .. tostring(backfill.status) or ""),
    outcome = "not_applied",
    backfill = backfill,
    look_error = look_error,
    attempts = count,
    elapsed = now - began,
  }
end

--- Waits until a backfill has ended: `COMPLETED`, `FAILED` or `CANCELLED`, which its `status` tells apart. It is looked
--- at every second at first, every 30 seconds where nothing moves. A look that fails for a passing reason is taken
--- again.
---
--- The error is `timeout` where the time ran out, and then `err.backfill` is what was seen last.
---
---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param given? supermetrics.WaitOptions the options
---@return supermetrics.Backfill? backfill which has ended
---@return supermetrics.Error? err
---@return supermetrics.Response response of the last look
function methods:wait_for_backfill(team_id, backfill_id, given)
  client.check_self(self)
  given = options.check("wait_for_backfill", options.of.wait, given)
  local overrides = options.for_core(core.call_options, given)
  overrides.timeout = nil
  local arguments = client.check_arguments("get_backfill", overrides, team_id, backfill_id)
  overrides.max_attempts = given.max_attempts

  local waiter = client.new_waiter(self)
  local began = waiter.now()
  local timeout = given.timeout or given.deadline or self.settings.deadline
  local ends = timeout and began + timeout or math.huge
  local interval, failures, count = SHORTEST, 0, 0
  local last, last_position
  while true do
    local look = attempts.new(self, client.operations.get_backfill, {arguments[1], arguments[2]}, overrides,
      waiter, ends < math.huge and ends or nil)
    local backfill, err, response = look:run()
    count = count + look.count
    failures = err and failures + 1 or 0
    if err and waiter.now() < ends and (not err:is_temporary() or failures >= MOST_FAILURES) then
      return nil, err, response
    end
    local has_moved = false
    if backfill then
      has_moved = position(backfill) ~= last_position
      last, last_position = backfill, position(backfill)
      if has_moved and given.on_progress then
        given.on_progress(backfill)
      end
      if ENDED[backfill.status] then
        return backfill, nil, response
      end
    end
    interval = next_interval(interval, has_moved)
    local left = ends - waiter.now()
    if left <= 0 then
      return nil, ran_out_of_time(began, waiter.now(), last, count, err), response
    end
    waiter:for_seconds(math.min(interval, left))
  end
end

return methods
