--- Many calls at once, each in a coroutine of its own, all on one connection pool.
--
-- What the user gives (hooks, tokens) runs inside those coroutines. A yield that is not ours, such as that of a token
-- function that asks another server, is handed on to whoever resumes the caller, so that it works as it would outside.

local waiter = require "supermetrics.waiter"

local batch = {}

local Batch = {}
Batch.__index = Batch
Batch.__name = "supermetrics.batch"

function Batch:__tostring()
  return ("%s: %d at once"):format(Batch.__name, #self.workers)
end

-- The first value of our own yields, so that they are told from the user's, and of what a worker returns.
local WAITS, HAS_ENDED = {}, {}

-- Goes on until the worker waits, ends or raises; every other yield is handed on, and its answer back.
-- @param ... what coroutine.resume returned
-- @return what coroutine.resume returned last
local function go_on(thread, ok, ...)
  local what = ...
  if not ok or what == WAITS or what == HAS_ENDED then
    return ok, ...
  end
  return go_on(thread, coroutine.resume(thread, coroutine.yield(...)))
end

local function has_ended(call)
  local value, err = call:result()
  return value ~= nil or err ~= nil
end

-- In place of Waiter's own: the worker is not woken before its call has ended.
local function wait_for_call(own_waiter, call)
  if not has_ended(call) then
    own_waiter.call = call
    coroutine.yield(WAITS, math.huge)
    own_waiter.call = nil
  end
  return call:result()
end

local function new_worker(now, work)
  local worker = {moment = -math.huge} -- from which on it may go on
  worker.waiter = waiter.new(now, function(seconds)
    coroutine.yield(WAITS, now() + seconds)
  end)
  worker.waiter.for_call = wait_for_call
  worker.thread = coroutine.create(function()
    work(worker.waiter)
    return HAS_ENDED
  end)
  return worker
end

-- Runs a worker until it waits or ends. Where it raises, so does this, once the calls of all have been ended.
function Batch:step(worker)
  local ok, what, moment = go_on(worker.thread, coroutine.resume(worker.thread))
  if not ok then
    for _, other in ipairs(self.workers) do
      other.waiter:abort()
    end
    error(what, 0)
  end
  worker.moment = moment or math.huge
  self.earliest = math.min(self.earliest, worker.moment)
  if what == HAS_ENDED then
    self.left = self.left - 1
  end
end

-- Steps those whose moment has come; returns whether there were any.
function Batch:step_due(moment)
  if self.earliest > moment then
    return false
  end
  self.earliest = math.huge
  for _, worker in ipairs(self.workers) do
    if worker.moment <= moment then
      self:step(worker)
    end
    self.earliest = math.min(self.earliest, worker.moment)
  end
  return true
end

-- Steps those whose call has ended; returns whether there were any. No more are looked for than calls of the client
-- have ended since the last time. Where some of these were not ours, all workers are looked at.
function Batch:step_ended()
  local ended_count = self.connection:ended_count()
  local sought = ended_count - self.ended_count
  self.ended_count = ended_count
  local workers, index, found = self.workers, 0, 0
  while found < sought and index < #workers do
    index = index + 1
    local call = workers[index].waiter.call
    if call and has_ended(call) then
      found = found + 1
      self:step(workers[index])
    end
  end
  return found > 0
end

--- Runs `work` for every index from 1 to `count`, so many at once. What it raises ends the calls in flight and is
-- raised again.
-- @param outer waiter of the caller
-- @param connection Client of the core whose calls `work` waits for
-- @param count how many there are
-- @param concurrency how many at once
-- @param work function(index, waiter)
function batch.run(outer, connection, count, concurrency, work)
  local now = outer.now
  local next_index = 1
  local function work_on(own_waiter)
    while next_index <= count do
      local index = next_index
      next_index = index + 1
      work(index, own_waiter)
    end
  end

  local workers = {}
  for index = 1, math.min(concurrency, count) do
    workers[index] = new_worker(now, work_on)
  end
  local running = setmetatable({connection = connection, workers = workers, left = #workers, earliest = -math.huge,
    ended_count = connection:ended_count()}, Batch)
  -- In the caller's own coroutine, since a host may know only that one, and resume it when its sleep is over.
  local idle_since = now()
  while running.left > 0 do
    local moment = now()
    local were_due, had_ended = running:step_due(moment), running:step_ended()
    if were_due or had_ended then
      idle_since = now()
    else
      local seconds = math.min(running.earliest - moment, waiter.LONGEST_PAUSE)
      outer.pause(seconds, moment - idle_since)
    end
  end
end

return batch
