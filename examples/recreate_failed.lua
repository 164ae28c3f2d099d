-- Loads the range of a transfer's latest backfill once more, where that backfill FAILED, and waits for the end.
--
--   lua recreate_failed.lua TEAM_ID TRANSFER_ID
--
-- The key comes from SUPERMETRICS_API_KEY. Exit status: 0 the new one COMPLETED, or there was nothing to do; 1 not;
-- 2 wrong arguments.

local supermetrics = require "supermetrics"

local team_id, transfer_id = arg[1], arg[2]
if not transfer_id then
  io.stderr:write("usage: lua recreate_failed.lua TEAM_ID TRANSFER_ID\n")
  os.exit(2)
end

io.stdout:setvbuf("line") -- a log shows each line when it happens
local client = supermetrics.new{deadline = 60}

-- Ends the script where something came back as nil, err.
local function check(value, err)
  if value == nil then
    print("error: " .. tostring(err))
    os.exit(1)
  end
  return value
end

local failed = check(client:get_latest_backfill(team_id, transfer_id))
print("latest: " .. tostring(failed))
if failed.status ~= "FAILED" then
  os.exit(0)
end
for _, report in ipairs(failed.error_report) do
  print(("        %s: %s"):format(tostring(report.transfer_run_date), tostring(report.error)))
end

-- FAILED is not final: until it is cancelled, it stands in the way of another one with the same range.
check(client:ensure_backfill_cancelled(team_id, failed.transfer_backfill_id))
local created = check(client:create_backfill(team_id, transfer_id, failed.range_start_date, failed.range_end_date))
local ended = check(client:wait_for_backfill(team_id, created.transfer_backfill_id, {
  timeout = 6 * 3600,
  on_progress = function(backfill)
    print("        " .. tostring(backfill))
  end,
}))
print("ended:  " .. tostring(ended))
os.exit(ended.status == "COMPLETED" and 0 or 1)
