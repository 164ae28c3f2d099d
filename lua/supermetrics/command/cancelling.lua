--- cancel and cancel-all.

local confirm = require "supermetrics.command.confirm"
local exit_codes = require "supermetrics.command.exit_codes"
local human = require "supermetrics.command.human"
local number_text = require "supermetrics.command.number_text"
local table_text = require "supermetrics.command.table_text"

local cancelling = {}

-- What is no failure to the user: with --ensure, a backfill that is CANCELLED already.
local function settle(result, ensure)
  local err = result.err
  if ensure and err and exit_codes.is_already_final(err) and err.backfill.status == "CANCELLED" then
    result.backfill, result.err = err.backfill, nil
  end
  return result
end

local function exit_code_of(result, is_dry_run, ensure)
  if result.err then
    return exit_codes.of_error(result.err)
  end
  local backfill = result.backfill
  local is_too_late = is_dry_run and backfill:is_finished() and not (ensure and backfill.status == "CANCELLED")
  return is_too_late and exit_codes.ALREADY_FINAL or exit_codes.SUCCESS
end

-- Shows the results, names what went wrong, and finds the exit code.
local function conclude(context, results)
  local codes, ensure = {}, context.options.ensure
  results.cancelled, results.failed = 0, 0
  for index, result in ipairs(results) do
    settle(result, ensure)
    codes[index] = exit_code_of(result, results.dry_run, ensure)
    if codes[index] ~= exit_codes.SUCCESS then
      results.failed = results.failed + 1
    elseif not results.dry_run then
      results.cancelled = results.cancelled + 1
    end
  end
  context.form.results(results)
  for _, result in ipairs(results) do
    if result.err then
      context:complain(result.err)
    end
  end
  return exit_codes.worst(codes)
end

-- A hook that shows how many of so many are done. There may be more than were known of.
local function new_counter(context, total)
  local done = 0
  return function(result)
    settle(result, context.options.ensure)
    done = done + 1
    local count = ("%d of %d"):format(done, math.max(total, done))
    context.progress:step(math.min(done / total, 1), count .. " done",
      ("%s: backfill %s: %s"):format(count, type(result.id) == "number" and number_text(result.id) or result.id,
        human.word_of(result)))
  end
end

-- ---- cancel ----

local function question_about(team_id, ids)
  local named = #ids == 1 and "backfill " .. ids[1] or ("%d backfills (%s)"):format(#ids, table.concat(ids, ", "))
  return ("Cancel %s of team %s"):format(named, team_id)
end

local function look_at(context)
  local options = context.options
  local results = {dry_run = true}
  for index, id in ipairs(options.ids) do
    local backfill, err = context:call("get_backfill", options.team_id, id)
    results[index] = {id = id, backfill = backfill, err = err}
  end
  return conclude(context, results)
end

function cancelling.cancel(context)
  local options = context.options
  context:check("cancel_backfills", options.team_id, options.ids)
  if options.dry_run then
    return look_at(context)
  end
  confirm.check(options)
  context:connect()
  if not options.yes then
    confirm.ask(question_about(options.team_id, options.ids))
  end
  context.writes = true
  local results = context:call("cancel_backfills", options.team_id, options.ids, {
    concurrency = options.concurrency,
    on_result = #options.ids > 1 and new_counter(context, #options.ids) or nil,
  })
  context.progress:clear()
  return conclude(context, results)
end

-- ---- cancel-all ----

local function cancel_incomplete(context, settings)
  local options = context.options
  settings.transfer_id = options.transfer_id
  settings.status = #options.status > 0 and options.status or nil
  return context:call("cancel_incomplete_backfills", options.team_id, settings)
end

local function ask_about(options, found)
  local backfills = {}
  for index, result in ipairs(found) do
    backfills[index] = result.backfill
  end
  io.stderr:write(table_text.new(human.rows(backfills), tostring))
  confirm.ask(("Cancel all %s backfills of %steam %s, now the %d above"):format(
    #options.status > 0 and table.concat(options.status, " or ") or "incomplete",
    options.transfer_id and ("transfer %s of "):format(options.transfer_id) or "", options.team_id, #found))
end

cancelling["cancel-all"] = function(context)
  local options = context.options
  if not options.dry_run then
    confirm.check(options)
  end
  local found, err = cancel_incomplete(context, {dry_run = true})
  if not found then
    return context:failure(err)
  elseif options.dry_run then
    return conclude(context, found)
  elseif #found == 0 then
    found.dry_run = nil
    return conclude(context, found)
  end
  if not options.yes then
    ask_about(options, found)
  end
  context.writes = true
  context.progress:step(0, ("0 of %d done"):format(#found))
  local results
  results, err = cancel_incomplete(context, {
    concurrency = options.concurrency,
    on_result = new_counter(context, #found),
  })
  context.progress:clear()
  if not results then
    return context:failure(err)
  end
  return conclude(context, results)
end

return cancelling
