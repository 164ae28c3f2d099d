--- What the soak asks for and which faults strike it, drawn from a seed: the same seed gives the same plan on every
-- Lua.

local plan = {}

local Plan = {}
Plan.__index = Plan
Plan.__name = "spec.soak.plan"

function Plan:__tostring()
  return ("%s with the seed %d"):format(Plan.__name, self.seed)
end

--- Begins a plan.
-- @param seed number from 1 to 2147483646
function plan.new(seed)
  return setmetatable({seed = seed, state = seed}, Plan)
end

--- A whole number from `first` to `last`. Lewis, Goodman and Miller's generator, exact in the doubles of every Lua.
function Plan:whole(first, last)
  self.state = self.state * 16807 % 2147483647
  return first + self.state % (last - first + 1)
end

function Plan:one_of(list)
  return list[self:whole(1, #list)]
end

-- Draws a name by its share.
function Plan:by_share(shares)
  local total = 0
  for _, entry in ipairs(shares) do
    total = total + entry[2]
  end
  local number = self:whole(1, total)
  for _, entry in ipairs(shares) do
    number = number - entry[2]
    if number <= 0 then
      return entry[1]
    end
  end
end

local CALLS = {
  {"get", 330}, {"get_unknown", 20}, {"get_with_a_bad_key", 10}, {"latest", 80}, {"list", 20}, {"request", 100},
  {"request_patch", 30}, {"cancel", 200}, {"cancel_with_a_reading_key", 10}, {"ensure", 100}, {"create", 60},
  {"batch", 10}, {"client_for_one_call", 5},
}

--- The name of the next call.
function Plan:call()
  return self:by_share(CALLS)
end

-- What can happen to a request of any operation. Every body is longer than what a cut leaves of it: an answer that is
-- whole before the cut lets the client go on, and nobody knows whether its next request is read. A cut before the first
-- byte is apart.
local FAULTS = {
  {status = 500}, {status = 502, text = "<html>Bad Gateway</html>"}, {status = 503, retry_after = 1}, {status = 504},
  {status = 429, retry_after = 2}, {status = 429, retry_after_date = 3}, {status = 403, text = ""},
  {truncate = 0}, {truncate = 20}, {truncate = 60}, {garbage = true}, {text = "[]"}, {delay = 0.01},
}
local CUTS = {{drop = "before"}, {drop = "after"}}

-- Of 1,000 requests, how many or more each operation gets. `cuts`: whether a request of it may be cut without a byte,
-- of which libcurl sends a read again by itself; `whole`: whether its answers may be cut later.
local OPERATIONS = {
  {name = "get_backfill", requests = 800, whole = true},
  {name = "cancel_backfill", requests = 600, cuts = true, whole = true},
  {name = "create_backfill", requests = 100, cuts = true, whole = true},
  {name = "get_latest_backfill", requests = 100, cuts = true},
  {name = "list_incomplete_backfills", requests = 100, whole = true},
}

-- Longer than any client of the soak waits. Rare, since each costs that time.
local STALL_SECONDS = 2
local CALLS_PER_STALL = 20000

-- A fault that is one of its operation's.
function Plan:fault_of(operation)
  if operation.cuts and self:whole(1, 2) == 1 then
    return self:one_of(CUTS)
  end
  local fault
  repeat
    fault = self:one_of(FAULTS)
  until operation.whole or not fault.truncate
  return fault
end

--- Faults for 1,000 calls, as the sandbox takes them: each request of each operation is struck by chance, one of a
-- hundred.
-- @return list of faults, with one request number each
function Plan:faults()
  local list = {}
  if self:whole(1, CALLS_PER_STALL / 1000) == 1 then
    list[1] = {operation = "get_backfill", requests = {self:whole(1, 300)}, delay = STALL_SECONDS}
  end
  for _, operation in ipairs(OPERATIONS) do
    for number = 1, operation.requests do
      if self:whole(1, 100) == 1 then
        local fault = {operation = operation.name, requests = {number}}
        for name, value in pairs(self:fault_of(operation)) do
          fault[name] = value
        end
        list[#list + 1] = fault
      end
    end
  end
  return list
end

return plan
