--- When to try again, and how long to wait before it: rules only, no clock of its own and no I/O.

local retry = {}

-- Seconds: the first backoff is at most BASE, each further one at most twice the one before, none over CAP.
local BASE = 0.5
local CAP = 20

-- Without a deadline nobody has said how long is too long, and Retry-After may be an hour.
local LONGEST_WAIT_WITHOUT_DEADLINE = 60

-- A used-up monthly quota: no waiting of minutes cures it.
local QUOTA_CODE = "API_ROW_QUOTA_EXCEEDED"

-- Writes that end in the same state however often they arrive. Any other write is sent again only where the one before
-- certainly did nothing.
local CONVERGES = {cancel_backfill = true}

--- Whether another attempt could succeed and would do no harm.
-- @param operation {name, writes}
-- @param err Error
function retry.is_worthwhile(operation, err)
  if not err:is_temporary() then
    return false
  end
  if err.code == QUOTA_CODE and not err.retry_after then
    return false
  end
  return not operation.writes or CONVERGES[operation.name] == true or err.outcome == "not_applied"
end

--- Seconds to wait before the next attempt: what Retry-After says on 429 and 503, else exponential with full jitter.
-- @param err Error
-- @param attempts how many there were
-- @param random function that returns a number from 0 to 1
function retry.wait(err, attempts, random)
  local asked_to_wait = err.kind == "rate_limited" or err.status == 503
  if asked_to_wait and err.retry_after then
    return err.retry_after
  end
  return random() * math.min(CAP, BASE * 2 ^ (attempts - 1))
end

--- Whether a wait is too long to begin.
-- @param seconds of the wait
-- @param left seconds until the deadline, nil where there is none
function retry.is_too_long(seconds, left)
  return seconds >= (left or LONGEST_WAIT_WITHOUT_DEADLINE)
end

local Budget = {}
Budget.__index = Budget
Budget.__name = "supermetrics.retry.Budget"

function Budget:__tostring()
  return ("%s: %.1f of %d"):format(Budget.__name, self.tokens, self.size)
end

-- A retry costs 1, a success gives back a part: under a storm of failures a client soon stops adding to it.
local BUDGET = 50
local GAIN = 0.5

--- A budget of retries that all calls of a client share.
function retry.new_budget()
  return setmetatable({tokens = BUDGET, size = BUDGET}, Budget)
end

--- Takes the price of a retry; false where there is not enough left.
function Budget:take()
  if self.tokens < 1 then
    return false
  end
  self.tokens = self.tokens - 1
  return true
end

--- Notes a success.
function Budget:give_back()
  if self.tokens < self.size then
    self.tokens = math.min(self.size, self.tokens + GAIN)
  end
end

return retry
