--- One call of the user's: attempt after attempt, until a value, an error that stays, or the end of its time.

local core = require "supermetrics.core"
require "supermetrics.error" -- its methods
local misuse = require "supermetrics.misuse"
local retry = require "supermetrics.retry"

local attempts = {}

local Attempts = {}
Attempts.__index = Attempts
Attempts.__name = "supermetrics.attempts"

function Attempts:__tostring()
  return ("%s: %s, %d so far"):format(Attempts.__name, self.operation.name, self.count)
end

local MAX_ATTEMPTS = 3
local SHORTEST_TIMEOUT = 0.001 -- seconds; libcurl counts in milliseconds

--- The attempts of one call.
-- @param client of the Lua layer
-- @param operation table: `name`, `writes`, and start(connection, arguments, overrides of the core), which puts it in
--   flight
-- @param arguments list
-- @param overrides table: the user's, checked
-- @param waiter
-- @param ends the moment of the deadline, where the overrides do not say it; or nil
-- @param gate what many calls share: its before_attempt(attempts) returns an Error to stop, after_error(err, seconds)
--   is told of each error; or nil
function attempts.new(client, operation, arguments, overrides, waiter, ends, gate)
  local began = waiter.now()
  local deadline = overrides.deadline or client.settings.deadline
  local self = setmetatable({
    client = client,
    operation = operation,
    arguments = arguments,
    overrides = overrides,
    waiter = waiter,
    began = began,
    ends = ends or deadline and began + deadline,
    count = 0,
  }, Attempts)
  if gate then -- not in the constructor: a ninth field doubles the table
    self.gate = gate
  end
  return self
end

--- The attempts of another operation within the same call: same deadline, token and headers.
function Attempts:another(operation, arguments)
  local other = attempts.new(self.client, operation, arguments, self.overrides, self.waiter, self.ends, self.gate)
  other.began = self.began
  return other
end

--- Seconds until the deadline; nil where there is none.
function Attempts:left()
  return self.ends and self.ends - self.waiter.now()
end

local debug = rawget(_G, "debug") -- a host may have taken it away

-- Raises where a user's function that one of ours calls has made this very call on the same client: it would call
-- itself without an end. Nothing is kept about who is in such a function, since it may raise, and may yield.
local function check_not_within(self, own_function, message)
  local level = 3
  local info = debug and debug.getinfo(level, "f")
  while info do
    if info.func == own_function then
      local _, outer = debug.getlocal(level, 1)
      if outer and outer.client == self.client then
        misuse.raise(message)
      end
    end
    level = level + 1
    info = debug.getinfo(level, "f")
  end
end

local function check_token(token)
  if type(token) ~= "string" then
    error(("supermetrics: the function 'token' must return a string, returned a %s"):format(type(token)), 0)
  end
  return token
end

-- The overrides of the core for one attempt; nil where the client's own settings do.
function Attempts:core_overrides(refusal)
  local overrides, settings = self.overrides, self.client.settings
  local token, timeout = overrides.token or settings.token, overrides.timeout or settings.timeout
  if type(token) == "function" then
    check_not_within(self, Attempts.core_overrides, "supermetrics: the function 'token' made a call that needs a "
      .. "token: give that call the override 'token', or make it with another client")
    token = check_token(token(refusal))
  end
  local left = self:left()
  if left and left < (timeout or core.default_timeout) then
    timeout = math.max(left, SHORTEST_TIMEOUT)
  end
  if not (timeout or token or overrides.headers) then
    return nil
  end
  return {timeout = timeout, token = token, headers = overrides.headers}
end

function Attempts:report(call, value, err, response)
  local method, path = call:request():match("^(%S+) (.*)$")
  self.client.settings.on_attempt{
    operation = self.operation.name,
    method = method,
    path = path,
    status = response.status,
    kind = err and err.kind,
    attempt = self.count,
    seconds = response.elapsed,
    request_id = response.request_id,
    succeeded = value ~= nil,
  }
end

-- Sends it once and waits for the answer.
function Attempts:send(refusal)
  local call = self.operation.start(self.client.core, self.arguments, self:core_overrides(refusal))
  self.count = self.count + 1
  local value, err, response = self.waiter:for_call(call)
  if self.client.settings.on_attempt then
    self:report(call, value, err, response)
  end
  return value, err, response
end

-- The same, and where a token function's token was refused, once more with the next one.
function Attempts:send_authorized()
  local value, err, response = self:send(nil)
  local token = self.overrides.token or self.client.settings.token
  if err and err.kind == "unauthorized" and type(token) == "function" and not self.asked_again then
    self.asked_again = true
    value, err, response = self:send(err)
  end
  return value, err, response
end

function Attempts:note_totals(err, response)
  local elapsed = self.waiter.now() - self.began
  response.attempts, response.elapsed = self.count, elapsed
  if err then
    err.attempts, err.elapsed = self.count, elapsed
  end
end

-- Seconds to wait before another attempt, or nil where there shall be none.
function Attempts:wait_before_next(err)
  local most = self.overrides.max_attempts or self.client.settings.max_attempts or MAX_ATTEMPTS
  if self.count >= most or not retry.is_worthwhile(self.operation, err) then
    return nil
  end
  local seconds = retry.wait(err, self.count, self.client.clockwork.random)
  if retry.is_too_long(seconds, self:left()) or not self.client.budget:take() then
    return nil
  end
  return seconds
end

-- After these the service may still be at work on the request.
local GATEWAY_STATUS = {[502] = true, [504] = true}

-- What an error means for the outcome of the whole: a later answer does not undo an earlier request.
function Attempts:note_outcome(err)
  if err:may_have_taken_effect() then
    self.may_have_taken_effect = true
    self.may_still_take_effect = self.may_still_take_effect or err.kind == "timeout" or err.kind == "aborted"
      or GATEWAY_STATUS[err.status] == true
  end
end

-- What the end of an attempt means: nil where it is final, else the seconds to wait before the next one.
function Attempts:conclude(err, response)
  self:note_totals(err, response)
  if not err then
    self.client.budget:give_back()
    return nil
  end
  self:note_outcome(err)
  local seconds = self:wait_before_next(err)
  if self.gate then
    self.gate:after_error(err, seconds)
  end
  return seconds
end

--- Tries until something is final. Then `may_have_taken_effect` tells whether one of the attempts may have, and
-- `may_still_take_effect` whether the service may even be at work on one.
-- @return value, nil, response or nil, Error, response
function Attempts:run()
  if self.client.settings.on_attempt then
    check_not_within(self, Attempts.report, "supermetrics: the hook 'on_attempt' made a call with the client that "
      .. "calls it, and would be called for that too: make it with another client")
  end
  local response = {}
  while true do
    local value, err
    local stopped = self.gate and self.gate:before_attempt(self)
    if stopped then
      return nil, stopped, response
    end
    value, err, response = self:send_authorized()
    local seconds = self:conclude(err, response)
    if not seconds then
      return value, err, response
    end
    self.waiter:for_seconds(seconds)
  end
end

--- The same, for a call whose first attempt was put in flight without these attempts.
-- @param call of the core
-- @param began the moment when that was
function Attempts:go_on(call, began)
  self.began, self.count = began, 1
  local value, err, response = self.waiter:for_call(call)
  local seconds = self:conclude(err, response)
  if not seconds then
    return value, err, response
  end
  self.waiter:for_seconds(seconds)
  return self:run()
end

return attempts
