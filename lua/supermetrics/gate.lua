--- What the calls of a batch share: one that is told to slow down slows all, one that is not let in stops all.

local failure = require "supermetrics.error"

local gate = {}

local Gate = {}
Gate.__index = Gate
Gate.__name = "supermetrics.gate"

function Gate:__tostring()
  return Gate.__name .. (self.refusal and ": stopped" or ": open")
end

-- What is true of every call of the batch, not of one backfill.
local STOPS = {unauthorized = true, forbidden = true}

--- An open gate on the clock `now`. `refusal` is the Error that stopped it, nil while it is open.
function gate.new(now)
  return setmetatable({now = now, pause_ends = -math.huge}, Gate)
end

local function new_error(attempts, kind, reason, more)
  local fields = {kind = kind, reason = reason, operation = attempts.operation.name, outcome = "not_applied",
    attempts = attempts.count, elapsed = attempts.waiter.now() - attempts.began}
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  return failure.new(fields)
end

--- Whether a call may be sent at once.
function Gate:is_open()
  return not self.refusal and self.pause_ends <= self.now()
end

--- Waits out a common pause.
-- @return nil, or the Error with which the call ends without another attempt
function Gate:before_attempt(attempts)
  local pause = self.pause_ends - attempts.waiter.now()
  while pause > 0 and not self.refusal do
    local left = attempts:left()
    if left and pause >= left then
      return new_error(attempts, "rate_limited", ("the service asked the batch to wait for %.3g s, and %.3g s are left "
        .. "until the deadline"):format(pause, left), {retry_after = pause})
    end
    attempts.waiter:for_seconds(pause)
    pause = self.pause_ends - attempts.waiter.now()
  end
  if self.refusal then
    return new_error(attempts, "aborted", "another call of the batch was refused: " .. self.refusal.kind)
  end
  local left = attempts:left()
  if left and left <= 0 then
    return new_error(attempts, "timeout", "the deadline of the batch passed before the call could be sent")
  end
  return nil
end

--- Notes the error of an attempt.
-- @param seconds until its next attempt; nil where there is none
function Gate:after_error(err, seconds)
  if STOPS[err.kind] then
    self.refusal = self.refusal or err
  elseif err.kind == "rate_limited" then
    local pause = seconds or err.retry_after or 0
    self.pause_ends = math.max(self.pause_ends, self.now() + pause)
  end
end

return gate
