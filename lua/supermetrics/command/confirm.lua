--- The question before something is cancelled.

local stop = require "supermetrics.command.stop"
local terminal = require "supermetrics.command.terminal"

local confirm = {}

-- The shell reads the answer: Ctrl-C ends it, and with it our wait, where a read of Lua's own would go on until Enter.
-- It writes the end of the question, so that it is there for the Ctrl-C of whoever has read that. A line without an end
-- is no answer.
local READ_LINE = 'printf "? [y/N] " >&2; IFS= read -r answer && printf "answer: %s" "$answer"'

local YES = {y = true, yes = true}

--- Whether there is somebody to ask.
function confirm.is_possible()
  return terminal.is_terminal(0) and terminal.is_terminal(2)
end

--- Ends the command where it may neither ask nor go on.
-- @param options as parsed
function confirm.check(options)
  if not options.yes and not confirm.is_possible() then
    stop.usage(("%s asks before it cancels, and there is no terminal to ask on: add --yes, or --dry-run to see what "
      .. "it would cancel"):format(options.command))
  end
end

--- Asks, and ends the command where the answer is not yes.
-- @param question without its mark
function confirm.ask(question)
  io.stderr:write(question)
  local pipe = io.popen(READ_LINE, "r")
  local answer = pipe and (pipe:read("*a") or ""):match("^answer: (.*)$")
  if pipe then
    pipe:close()
  end
  if not answer then
    io.stderr:write("\n")
  end
  if not answer or not YES[answer:lower()] then
    stop.declined("not confirmed, nothing was cancelled")
  end
end

return confirm
