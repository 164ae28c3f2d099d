-- A nightly guard: reports backfills that have been at work, or waiting for it, for longer than they should.
--
--   lua report_stuck.lua TEAM_ID HOURS
--
-- The key comes from SUPERMETRICS_API_KEY. Exit status: 0 none is stuck, 1 some are (one line each), 2 wrong arguments,
-- 3 nobody knows, since the service could not be asked.

local supermetrics = require "supermetrics"

local team_id, hours = arg[1], tonumber(arg[2])
if not hours then
  io.stderr:write("usage: lua report_stuck.lua TEAM_ID HOURS\n")
  os.exit(2)
end

local list, err = supermetrics.list_incomplete_backfills(team_id, {deadline = 60})
if not list then
  io.stderr:write(tostring(err), "\n")
  os.exit(3)
end

-- Times of the API are UTC in ISO 8601, so they sort as text.
local limit = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(os.time() - hours * 3600))
local stuck = 0
for _, backfill in ipairs(list) do
  -- A FAILED one is incomplete for the service too, but nothing is at work on it.
  local since = backfill.start_time or backfill.created_time
  if backfill.status ~= "FAILED" and since and since < limit then
    stuck = stuck + 1
    print(("%s, %s since %s"):format(tostring(backfill), backfill.start_time and "running" or "waiting", since))
  end
end
os.exit(stuck == 0 and 0 or 1)
