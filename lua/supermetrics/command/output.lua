--- The standard output and the standard error; output that cannot be written is a failure, not a silent success.

local stop = require "supermetrics.command.stop"

local output = {}

--- Writes to the standard output, to the last byte.
function output.write(text)
  local ok, reason = io.stdout:write(text)
  if ok then
    ok, reason = io.stdout:flush()
  end
  if not ok then
    stop.output(tostring(reason))
  end
end

--- Tells the user something, beside the output.
function output.note(text)
  io.stderr:write(text, "\n")
end

return output
