--- How a backfill moves on: one run for each day of its range, from CREATED to COMPLETED or FAILED. Pure.
--
-- The sandbox does not move by itself, or a backfill would be RUNNING in one rehearsal and COMPLETED in the next: time
-- passes for its runs only when it is told to, a tick at a time.

local calendar = require "supermetrics.sandbox.calendar"

local progress = {
  --- Seconds of a tick: how long a run takes.
  TICK_SECONDS = 60,
}

-- Runs of one backfill at work at the same time.
local WORKERS = 4

local function finish(run)
  run.state = run.failure and "failed" or "completed"
end

local function finish_running_runs(backfill)
  for _, run in ipairs(backfill.runs) do
    if run.state == "running" then
      finish(run)
    end
  end
end

local function start_pending_runs(backfill)
  local running = 0
  for _, run in ipairs(backfill.runs) do
    if running < WORKERS and run.state == "pending" then
      run.state = "running"
      running = running + 1
    end
  end
  return running
end

local function schedule(backfill)
  backfill.status = "SCHEDULED"
  backfill.runs_created = #backfill.runs
end

local function start(backfill, timestamp)
  backfill.status = "RUNNING"
  backfill.start_time = timestamp
  start_pending_runs(backfill)
end

local function work(backfill, timestamp)
  finish_running_runs(backfill)
  if start_pending_runs(backfill) > 0 then
    return
  end
  backfill.status = progress.count(backfill, "failed") > 0 and "FAILED" or "COMPLETED"
  backfill.end_time = timestamp
end

-- A status without a row stays as it is. Of a cancelled backfill the runs that were at work come to their end.
local STEPS = {
  CREATED = schedule,
  SCHEDULED = start,
  RUNNING = work,
  CANCELLED = finish_running_runs,
}

--- Makes the runs of a range.
-- @param first_date string
-- @param last_date string
-- @param layout table: how many runs, in order of their dates, are `finished` and then `running` (0 where absent; the
--   rest is pending), and `failures`, texts by date for the runs that fail or will fail
-- @return list of runs: `date`, `state` ("pending", "running", "completed", "failed" or "cancelled"), `failure`
function progress.runs(first_date, last_date, layout)
  local runs = calendar.range(first_date, last_date)
  local finished = layout.finished or 0
  local started = finished + (layout.running or 0)
  for index, date in ipairs(runs) do
    local run = {date = date, state = "pending", failure = layout.failures and layout.failures[date]}
    if index <= finished then
      finish(run)
    elseif index <= started then
      run.state = "running"
    end
    runs[index] = run
  end
  return runs
end

--- How many runs of a backfill are in a state.
function progress.count(backfill, state)
  local count = 0
  for _, run in ipairs(backfill.runs) do
    if run.state == state then
      count = count + 1
    end
  end
  return count
end

--- Cancels the runs that have not begun; those at work are left to finish.
function progress.cancel_pending_runs(backfill)
  for _, run in ipairs(backfill.runs) do
    if run.state == "pending" then
      run.state = "cancelled"
    end
  end
end

--- Lets one tick pass for a backfill.
-- @param backfill table
-- @param timestamp string, the time at the end of the tick
function progress.tick(backfill, timestamp)
  local step = STEPS[backfill.status]
  if step then
    step(backfill, timestamp)
  end
end

return progress
