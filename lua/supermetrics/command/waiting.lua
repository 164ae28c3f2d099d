--- wait.

local exit_codes = require "supermetrics.command.exit_codes"
local number_text = require "supermetrics.command.number_text"

local waiting = {}

local function short_text(backfill, ended, total)
  local runs = ended and (", %s of %s runs ended"):format(number_text(ended), number_text(total)) or ""
  return tostring(backfill.status) .. runs
end

function waiting.wait(context)
  local options = context.options
  local backfill, err = context:call("wait_for_backfill", options.team_id, options.backfill_id, {
    timeout = options.wait_timeout,
    on_progress = function(backfill)
      local share, ended, total = backfill:progress()
      context.progress:step(share, short_text(backfill, ended, total), tostring(backfill))
    end,
  })
  context.progress:clear()
  if not backfill then
    return context:failure(err)
  end
  context.form.backfill(backfill)
  return backfill.status == "COMPLETED" and exit_codes.SUCCESS or exit_codes.NOT_COMPLETED
end

return waiting
