--- Finds out what became of a write: no caller is left to guess where the service can be asked.

local calendar = require "supermetrics.calendar"
local core = require "supermetrics.core"

local outcome = {}

-- Seconds by which two times of the service may differ through rounding alone.
local ROUNDING = 2

-- Looks at the service once more, unless the time is up.
local function look(attempts, operation, ...)
  local left = attempts:left()
  if left and left <= 0 then
    return nil
  end
  return attempts:another(operation, {...}):run()
end

-- No effect was seen. That proves something only where the service is certainly done with the request.
local function settle_as_unseen(attempts, err)
  if not attempts.may_still_take_effect then
    err.outcome = "not_applied"
  end
end

--- What became of a cancel that ended with an error.
-- @param attempts those of the cancel, which have run
-- @param get_backfill the operation
-- @param err Error of the last attempt
-- @param response of the last attempt
-- @param is_idempotent whether a backfill that was CANCELLED before is a success
-- @return Backfill, nil, response or nil, Error, response
function outcome.of_cancel(attempts, get_backfill, err, response, is_idempotent)
  if attempts.may_have_taken_effect then
    err.outcome = "unknown"
  elseif err.kind ~= "unprocessable" then
    return nil, err, response
  end
  local backfill, look_error = look(attempts, get_backfill, attempts.arguments[1], attempts.arguments[2])
  if not backfill then
    err.look_error = look_error
    return nil, err, response
  end
  local is_cancelled = backfill.status == "CANCELLED"
  if is_cancelled and (attempts.may_have_taken_effect or is_idempotent) then
    return backfill, nil, response
  end
  err.backfill = backfill
  if backfill.status == "COMPLETED" then
    err.outcome = "not_applied"
  elseif not is_cancelled then
    settle_as_unseen(attempts, err)
  end
  return nil, err, response
end

-- Whether a backfill was made since a call began, by the service's own clock: how old it is, against how long the call
-- has taken. nil where the service does not say.
local function is_made_since(backfill, seconds, response)
  local created = calendar.seconds(backfill.created_time)
  local date = response.headers.date
  local present = date and core.parse_date(date)
  if not (created and present) then
    return nil
  end
  return present - created <= seconds + ROUNDING
end

--- What became of a create that ended with an error.
-- @param attempts those of the create, which have run
-- @param get_latest_backfill the operation
-- @return Backfill, nil, response or nil, Error, response
function outcome.of_create(attempts, get_latest_backfill, err, response)
  if not attempts.may_have_taken_effect then
    return nil, err, response
  end
  err.outcome = "unknown"
  local asked = attempts.arguments
  local team_id, transfer_id, range_start, range_end = asked[1], asked[2], asked[3], asked[4]
  local latest, look_error, look_response = look(attempts, get_latest_backfill, team_id, transfer_id)
  if look_error and look_error.kind == "not_found" then
    settle_as_unseen(attempts, err)
    return nil, err, response
  end
  if not latest then
    err.look_error = look_error
    return nil, err, response
  end
  local seconds = attempts.waiter.now() - attempts.began
  local is_new = is_made_since(latest, seconds, look_response)
  local is_same = latest.range_start_date == range_start and latest.range_end_date == range_end
  if is_new and is_same then
    return latest, nil, response
  end
  if is_new == false then
    settle_as_unseen(attempts, err)
  end
  return nil, err, response
end

return outcome
