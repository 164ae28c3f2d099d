--- The answers for people: tables.

local exit_codes = require "supermetrics.command.exit_codes"
local number_text = require "supermetrics.command.number_text"
local output = require "supermetrics.command.output"
local table_text = require "supermetrics.command.table_text"
local terminal = require "supermetrics.command.terminal"

local human = {}

local RESET = "\27[0m"
local RED, GREEN, YELLOW, BLUE, BOLD = "\27[31m", "\27[32m", "\27[33m", "\27[34m", "\27[1m"

local COLOURS = {
  CREATED = BLUE, SCHEDULED = BLUE, RUNNING = YELLOW, COMPLETED = GREEN, FAILED = RED, CANCELLED = GREEN,
  ["outcome unknown"] = RED,
}

local function in_colour(text)
  local colour = COLOURS[text]
  return colour and colour .. text .. RESET or text
end

local function in_colour_below_heading(text, row)
  return row == 1 and BOLD .. text .. RESET or in_colour(text)
end

local function plain(text)
  return text
end

local function write_table(rows, paint)
  output.write(table_text.new(rows, terminal.has_colours() and paint or plain))
end

-- The text of a field of the service's, which may be anything.
local function text_of(value)
  if value == nil then
    return "-"
  end
  return type(value) == "number" and number_text(value) or tostring(value)
end

local function range_of(backfill)
  if not (backfill.range_start_date and backfill.range_end_date) then
    return "-"
  end
  return ("%s to %s"):format(text_of(backfill.range_start_date), text_of(backfill.range_end_date))
end

local function runs_of(backfill)
  local share, ended, total = backfill:progress()
  if not share then
    return "-"
  end
  local failed = tonumber(backfill.transfer_runs_failed)
  return ("%s of %s"):format(number_text(ended), number_text(total))
    .. (failed > 0 and (", %s failed"):format(number_text(failed)) or "")
end

local function time_and_user(time, user_id)
  return text_of(time) .. (user_id and " by user " .. text_of(user_id) or "")
end

--- Shows a backfill: a row for each of its properties that is known, and one for each run that failed.
function human.backfill(backfill)
  local rows = {
    {"backfill", text_of(backfill.transfer_backfill_id)},
    {"transfer", text_of(backfill.transfer_id)},
    {"status", text_of(backfill.status)},
    {"range", range_of(backfill)},
    {"runs ended", runs_of(backfill)},
    {"created", time_and_user(backfill.created_time, backfill.created_user_id)},
    {"started", text_of(backfill.start_time)},
    {"ended", text_of(backfill.end_time)},
    {"cancelled", time_and_user(backfill.removed_time, backfill.removed_user_id)},
  }
  for _, run in ipairs(backfill.error_report) do
    rows[#rows + 1] = {"failed run", text_of(run.transfer_run_date) .. "  " .. text_of(run.error)}
  end
  local known = {}
  for _, row in ipairs(rows) do
    if row[2] ~= "-" then
      known[#known + 1] = row
    end
  end
  write_table(known, in_colour)
end

--- The rows of a list of backfills.
function human.rows(backfills)
  local rows = {{"BACKFILL", "TRANSFER", "STATUS", "RANGE", "RUNS ENDED", "CREATED"}}
  for _, backfill in ipairs(backfills) do
    rows[#rows + 1] = {text_of(backfill.transfer_backfill_id), text_of(backfill.transfer_id),
      text_of(backfill.status), range_of(backfill), runs_of(backfill), text_of(backfill.created_time)}
  end
  return rows
end

--- Shows a list of backfills.
function human.backfills(backfills)
  if #backfills == 0 then
    return output.note("no incomplete backfills")
  end
  write_table(human.rows(backfills), in_colour_below_heading)
end

--- In a few words, what became of a backfill that was to be cancelled.
-- @param result of the library
-- @param is_dry_run whether nothing was to happen
function human.word_of(result, is_dry_run)
  local err, backfill = result.err, result.backfill
  if not err then
    if not is_dry_run then
      return text_of(backfill.status)
    end
    return (backfill:is_cancellable() and "to be cancelled, is " or "already ") .. text_of(backfill.status)
  elseif exit_codes.is_already_final(err) then
    return "already " .. text_of(err.backfill.status)
  elseif err:may_have_taken_effect() then
    return "outcome unknown"
  end
  return err.kind == "aborted" and "not sent" or (err.kind:gsub("_", " "))
end

--- Shows what became of backfills that were to be cancelled, or what would.
function human.results(results)
  if #results == 0 then
    return output.note("nothing to cancel")
  end
  local rows = {{"BACKFILL", "RESULT", "TRANSFER", "RANGE", "RUNS ENDED"}}
  for index, result in ipairs(results) do
    local backfill = result.backfill or result.err.backfill
    rows[index + 1] = {text_of(result.id), human.word_of(result, results.dry_run)}
    for column, cell in ipairs(backfill and {text_of(backfill.transfer_id), range_of(backfill), runs_of(backfill)}
      or {"-", "-", "-"}) do
      rows[index + 1][column + 2] = cell
    end
  end
  write_table(rows, in_colour_below_heading)
end

--- Shows the request that a dry run has not sent.
function human.request(request)
  output.write(("would send: %s %s\n%s\n"):format(request.method, request.path, request.text))
end

--- An error has no place in the output for people: the standard error has it.
function human.failure() end

return human
