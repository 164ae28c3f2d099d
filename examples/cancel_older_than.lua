-- Cancels every incomplete backfill of a team that was created before a day.
--
--   lua cancel_older_than.lua TEAM_ID YYYY-MM-DD [--yes]
--
-- Without --yes it only shows what it would cancel. The key comes from SUPERMETRICS_API_KEY.
-- Exit status: 0 all of them cancelled (or shown), 1 not, 2 wrong arguments.

local supermetrics = require "supermetrics"

local team_id, day, yes = arg[1], arg[2], arg[3]
if not (day and day:match("^%d%d%d%d%-%d%d%-%d%d$")) or (yes and yes ~= "--yes") then
  io.stderr:write("usage: lua cancel_older_than.lua TEAM_ID YYYY-MM-DD [--yes]\n")
  os.exit(2)
end

local client = supermetrics.new{deadline = 60}
local LIST_SIZE = 100 -- the service lists no more at once, the newest first
local tried, failures = {}, 0

-- Those of the list that are older and were not tried yet; then whether there may be more behind them.
local function next_ids()
  local list, err = client:list_incomplete_backfills(team_id)
  if not list then
    print("error: " .. tostring(err))
    os.exit(1)
  end
  local ids = {}
  for _, backfill in ipairs(list) do
    local id = backfill.transfer_backfill_id
    -- Times of the API are UTC and begin with the day, so they sort as text.
    if backfill.created_time and backfill.created_time:sub(1, 10) < day and not tried[id] then
      tried[id] = true
      ids[#ids + 1] = id
      print(("%s, created %s"):format(tostring(backfill), backfill.created_time))
    end
  end
  return ids, #list == LIST_SIZE
end

local function show(result)
  print(("%s: %s"):format(result.id, result.backfill and result.backfill.status or tostring(result.err)))
end

repeat
  local ids, may_be_more = next_ids()
  if yes then
    failures = failures + client:cancel_backfills(team_id, ids, {on_result = show}).failed
  end
until not (yes and may_be_more and #ids > 0)
os.exit(failures == 0 and 0 or 1)
