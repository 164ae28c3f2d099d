--- How a call waits. Every wait of the library goes through here, so that nothing else differs between hosts.

local waiter = {}

local Waiter = {}
Waiter.__index = Waiter
Waiter.__name = "supermetrics.waiter"

function Waiter.__tostring()
  return Waiter.__name
end

-- Seconds in one wait of the core; between two, Lua code such as a signal handler's hook gets its turn.
local LONGEST_PAUSE = 1

--- A waiter.
-- @param now function: seconds of a clock that never jumps
-- @param pause function(seconds): lets time pass, at most so much, and returns sooner where something happened
function waiter.new(now, pause)
  return setmetatable({now = now, pause = pause}, Waiter)
end

--- One that blocks in the core.
-- @param connection Client of the core
function waiter.blocking(now, connection)
  return waiter.new(now, function(seconds)
    connection:wait(seconds)
  end)
end

--- Waits until a call has ended.
-- @return value, Error or nil, response
function Waiter:for_call(call)
  self.call = call
  local value, err, response = call:result()
  while value == nil and err == nil do
    self.pause(LONGEST_PAUSE)
    value, err, response = call:result()
  end
  self.call = nil
  return value, err, response
end

--- Waits for so many seconds.
function Waiter:for_seconds(seconds)
  local moment = self.now() + seconds
  local left = seconds
  while left > 0 do
    self.pause(math.min(left, LONGEST_PAUSE))
    left = moment - self.now()
  end
end

--- Ends the call that is being waited for, where there is one.
function Waiter:abort()
  if self.call then
    self.call:abort()
    self.call = nil
  end
end

return waiter
