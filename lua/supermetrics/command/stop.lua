--- What ends the command early: raised from anywhere in it, and told to the user by init.lua.

local exit_codes = require "supermetrics.command.exit_codes"

local stop = {}

local metatable = {__name = "supermetrics.command.stop"}

function metatable:__tostring()
  return self.message
end

--- One of these, without raising it.
function stop.new(exit_code, kind, message)
  return setmetatable({exit_code = exit_code, kind = kind, message = message}, metatable)
end

local function raise(exit_code, kind, message)
  error(stop.new(exit_code, kind, message), 0)
end

--- Whether a value that was raised is one of these.
function stop.is_stop(value)
  return getmetatable(value) == metatable
end

--- Ends with a complaint about what the user has written.
function stop.usage(message)
  raise(exit_codes.USAGE, "usage", message)
end

--- Ends where the user did not say yes.
function stop.declined(message)
  raise(exit_codes.DECLINED, "declined", message)
end

--- Ends where the output cannot be written.
function stop.output(reason)
  raise(exit_codes.OUTPUT, "output", "cannot write the output: " .. reason)
end

--- Ends with text that was asked for in place of a command, such as that of --help.
function stop.text(text)
  raise(exit_codes.SUCCESS, "text", text)
end

--- Whether an error is what the standalone Lua raises on Ctrl-C.
function stop.is_interrupt(problem)
  return type(problem) == "string" and problem:find("interrupted!$") ~= nil
end

local function settle(in_words, ok, ...)
  if ok then
    return ...
  end
  local problem = ...
  if type(problem) ~= "string" or stop.is_interrupt(problem) then
    error(problem, 0)
  end
  stop.usage(in_words(problem))
end

--- Calls the library; a misuse that it raises is one of the user's.
-- @param in_words function that puts the library's sentence into the words of the command
function stop.guard(in_words, call, ...)
  return settle(in_words, pcall(call, ...))
end

return stop
