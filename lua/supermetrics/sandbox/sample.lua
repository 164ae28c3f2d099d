--- Made-up backfills, one row for each status, for worlds that need many of them.

local sample = {}

-- A week that has long passed, out of the way of ranges that a rehearsal creates.
local FIRST_DATE, LAST_DATE = "2020-01-01", "2020-01-07"

-- `layout` is that of progress.runs.
local ROWS = {
  CREATED = {},
  SCHEDULED = {},
  RUNNING = {has_started = true, layout = {finished = 2, running = 4}},
  FAILED = {has_started = true, has_ended = true,
    layout = {finished = 7, failures = {["2020-01-04"] = "The data source did not answer in time."}}},
  COMPLETED = {has_started = true, has_ended = true, layout = {finished = 7}},
  CANCELLED = {has_started = true, has_ended = true, removed_user_id = "790", layout = {finished = 2}},
}

--- The statuses that a row can be made for, in the order of a backfill's life.
sample.STATUSES = {"CREATED", "SCHEDULED", "RUNNING", "FAILED", "COMPLETED", "CANCELLED"}

--- Makes the row of a backfill.
-- @param status string, one of the statuses
-- @param timestamp string, when it was created, and started and ended where it has
-- @return table like a row of supermetrics.sandbox.world, still without the ids of backfill and transfer
function sample.row(status, timestamp)
  local row = ROWS[status]
  return {
    status = status,
    range_start_date = FIRST_DATE,
    range_end_date = LAST_DATE,
    created_time = timestamp,
    created_user_id = "789",
    start_time = row.has_started and timestamp or nil,
    end_time = row.has_ended and timestamp or nil,
    removed_time = row.removed_user_id and timestamp or nil,
    removed_user_id = row.removed_user_id,
    layout = row.layout,
  }
end

return sample
