--- get, latest and list.

local exit_codes = require "supermetrics.command.exit_codes"
local output = require "supermetrics.command.output"

local reading = {}

local LIST_SIZE = 100 -- the service shows no more

local function show(context, backfill, err)
  if not backfill then
    return context:failure(err)
  end
  context.form.backfill(backfill)
  return exit_codes.SUCCESS
end

function reading.get(context)
  local options = context.options
  return show(context, context:call("get_backfill", options.team_id, options.backfill_id))
end

function reading.latest(context)
  local options = context.options
  return show(context, context:call("get_latest_backfill", options.team_id, options.transfer_id))
end

function reading.list(context)
  local backfills, err = context:call("list_incomplete_backfills", context.options.team_id)
  if not backfills then
    return context:failure(err)
  end
  context.form.backfills(backfills)
  if #backfills >= LIST_SIZE then
    output.note(("these are the newest %d; the service lists no more"):format(LIST_SIZE))
  end
  return exit_codes.SUCCESS
end

return reading
