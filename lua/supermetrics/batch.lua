--- Many calls at once, each in a coroutine of its own, all on one connection pool.
--
-- What the user gives (hooks, tokens) runs inside those coroutines. A yield that is not ours, such as that of a token
-- function that asks another server, is handed on to whoever resumes the caller, so that it works as it would outside.

local waiter = require "supermetrics.waiter"

local batch = {}

-- Passed by our own yields, so that they are told from the user's.
local PAUSE = {}

local unpack = table.unpack or unpack -- luacheck: ignore

local function pack(...)
  return {n = select("#", ...), ...}
end

-- Resumes a coroutine until it ends, raises, or pauses; every other yield is handed on.
-- @return what coroutine.resume returned last, packed
local function resume(thread)
  local answers = {n = 0}
  while true do
    local results = pack(coroutine.resume(thread, unpack(answers, 1, answers.n)))
    if coroutine.status(thread) == "dead" or results[2] == PAUSE then
      return results
    end
    answers = pack(coroutine.yield(unpack(results, 2, results.n)))
  end
end

-- Runs a worker until it pauses or ends. Where it raises, so does this, once the calls of all have been ended.
local function step(worker, workers)
  local results = resume(worker.thread)
  if not results[1] then
    for _, other in ipairs(workers) do
      other.waiter:abort()
    end
    error(results[2], 0)
  end
  worker.has_ended = coroutine.status(worker.thread) == "dead"
  worker.moment = results[3]
end

local function is_ready(worker, moment)
  local call = worker.waiter.call
  return moment >= worker.moment or (call ~= nil and select("#", call:result()) > 0)
end

local function new_worker(now, work)
  local worker = {moment = now()}
  worker.waiter = waiter.new(now, function(seconds)
    coroutine.yield(PAUSE, now() + seconds)
  end)
  worker.thread = coroutine.create(function()
    work(worker.waiter)
  end)
  return worker
end

local function remove_ended(workers)
  local kept = 0
  for index = 1, #workers do
    local worker = workers[index]
    workers[index] = nil
    if not worker.has_ended then
      kept = kept + 1
      workers[kept] = worker
    end
  end
end

-- Steps whoever can go on; returns whether anybody could, and the earliest moment at which somebody can.
local function step_ready(workers, now)
  local moment = now()
  local any, earliest = false, nil
  for _, worker in ipairs(workers) do
    if is_ready(worker, moment) then
      any = true
      step(worker, workers)
    end
    if not worker.has_ended and (not earliest or worker.moment < earliest) then
      earliest = worker.moment
    end
  end
  return any, earliest
end

--- Runs `work` for every index from 1 to `count`, so many at once. What it raises ends the calls in flight and is
-- raised again.
-- @param outer waiter of the caller
-- @param count how many there are
-- @param concurrency how many at once
-- @param work function(index, waiter)
function batch.run(outer, count, concurrency, work)
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
    workers[index] = new_worker(outer.now, work_on)
  end
  -- In the caller's own coroutine, since a host may know only that one, and resume it when its sleep is over.
  local idle_since = outer.now()
  while #workers > 0 do
    local any, earliest = step_ready(workers, outer.now)
    remove_ended(workers)
    local moment = outer.now()
    if any then
      idle_since = moment
    else
      outer.pause(math.max(earliest - moment, 0), moment - idle_since)
    end
  end
end

return batch
