--- create.

local exit_codes = require "supermetrics.command.exit_codes"
local json = require "supermetrics.command.json"

local creating = {}

-- The request of a create; its spec compares it with what is sent.
local function request_of(options)
  local body = {range_start = options.range_start, range_end = options.range_end}
  return {
    method = "POST",
    path = ("/teams/%s/transfers/%s/backfills"):format(options.team_id, options.transfer_id),
    body = body,
    text = json.encode(body),
  }
end

function creating.create(context)
  local options = context.options
  local method = "create_backfill"
  if options.dry_run then
    context:check(method, options.team_id, options.transfer_id, options.range_start, options.range_end)
    context.form.request(request_of(options))
    return exit_codes.SUCCESS
  end
  context.writes = true
  local backfill, err = context:call(method, options.team_id, options.transfer_id, options.range_start,
    options.range_end)
  if not backfill then
    return context:failure(err)
  end
  context.form.backfill(backfill)
  return exit_codes.SUCCESS
end

return creating
