--- How a call waits. Every wait of the library goes through here: hosts differ in the function that lets time pass, and
-- in nothing else.

local waiter = {}

local Waiter = {}
Waiter.__index = Waiter
Waiter.__name = "supermetrics.waiter"

function Waiter.__tostring()
  return Waiter.__name
end

-- Seconds in one wait of the core; between two, Lua code such as a signal handler's hook gets its turn.
local LONGEST_PAUSE = 1
waiter.LONGEST_PAUSE = LONGEST_PAUSE

--- A waiter.
-- @param now function: seconds of a clock that never jumps
-- @param pause function(seconds, waited): lets time pass, at most so much, and returns sooner where something happened;
--   `waited` says for how long this has been going on
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

-- While something is in flight, a cooperative wait looks at it again after a tenth of the time that it has waited
-- already, up to LONGEST_STEP: little is added to a short wait, and a long one costs few looks. One of more than a
-- second is looked at yet more rarely: waking up costs a host up to 170 microseconds on a virtual machine, and 2 % of
-- such a wait is little. The end of a timeout is looked at when it is due.
local SHORTEST_STEP = 0.001
local LONGEST_STEP = 0.02
local SHARE = 0.1
local SHARE_OF_LONG_WAIT = 0.02

local function step_after(waited)
  local longest = math.max(LONGEST_STEP, waited * SHARE_OF_LONG_WAIT)
  return math.min(math.max(waited * SHARE, SHORTEST_STEP), longest)
end

-- Timers of hosts count whole milliseconds. Those of cqueues and luv round up, so that 1.1 ms would last 2; OpenResty's
-- round down, so that 0.9 ms would be no wait at all.
local function whole_milliseconds(seconds)
  return math.max(math.floor(seconds * 1000) / 1000, SHORTEST_STEP)
end

-- When each client of the core was looked at last: one look serves all the coroutines that wait for something of it.
local last_looks = setmetatable({}, {__mode = "k"})

--- One that blocks nothing: it looks at what is in flight and lets the host go on in between.
-- @param sleep function(seconds) of the host, which yields
function waiter.cooperative(now, connection, sleep)
  return waiter.new(now, function(seconds, waited)
    local in_flight = connection:in_flight()
    if in_flight == 0 then
      sleep(math.max(seconds, SHORTEST_STEP))
      return
    end
    local step = step_after(waited)
    local moment = now()
    local since = moment - (last_looks[connection] or -math.huge)
    -- What was put in flight just now is looked at in any case, so that it leaves at once.
    if waited < SHORTEST_STEP or since >= step / 2 or connection:next_due() == 0 then
      last_looks[connection] = moment
      since = 0
      if connection:poll(0) < in_flight then
        return
      end
    end
    sleep(whole_milliseconds(math.min(step - since, seconds, connection:next_due() or seconds)))
  end)
end

--- Waits until a call has ended.
-- @return value, Error or nil, response
function Waiter:for_call(call)
  self.call = call
  local value, err, response = call:result()
  local began
  while value == nil and err == nil do
    local moment = self.now()
    began = began or moment
    self.pause(LONGEST_PAUSE, moment - began)
    value, err, response = call:result()
  end
  self.call = nil
  return value, err, response
end

--- Waits for so many seconds.
function Waiter:for_seconds(seconds)
  local began = self.now()
  local left = seconds
  while left > 0 do
    self.pause(math.min(left, LONGEST_PAUSE), self.now() - began)
    left = began + seconds - self.now()
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
