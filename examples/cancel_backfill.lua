-- Cancels a backfill and shows what became of it.
--
--   lua cancel_backfill.lua TEAM_ID BACKFILL_ID
--
-- The key comes from SUPERMETRICS_API_KEY. Exit status: 0 cancelled, 1 not, 2 wrong arguments.

local supermetrics = require "supermetrics"

local team_id, backfill_id = arg[1], arg[2]
if not backfill_id then
  io.stderr:write("usage: lua cancel_backfill.lua TEAM_ID BACKFILL_ID\n")
  os.exit(2)
end

local before, err = supermetrics.get_backfill(team_id, backfill_id)
if before then
  print("before: " .. tostring(before))
  local after
  after, err = supermetrics.cancel_backfill(team_id, backfill_id)
  if after then
    print("after:  " .. tostring(after))
    print("cancelled at " .. after.removed_time .. " by user " .. after.removed_user_id)
    os.exit(0)
  end
end

print("error:  " .. tostring(err))
if err.kind == "unprocessable" then
  print("        so there is nothing left to cancel")
elseif err:may_have_taken_effect() then
  print("        so look again before you rely on it")
elseif err:is_temporary() then
  print("        so try again later")
end
os.exit(1)
