--- A program at a terminal: util-linux's `script` gives it one, and we are whoever sits there.
--
--     local person = pseudo_terminal.start({"cat"}, {TERM = "xterm"})
--     person:type("hello\n")
--     person:wait_for("hello")
--     local exit_code, screen = person:wait()
--
-- What the program writes comes as it does to a terminal: with "\r\n" for a newline, and with what is typed.

local process = require "spec.support.process"

local pseudo_terminal = {}

local methods = {}
local metatable = {__index = methods, __name = "spec.support.pseudo_terminal"}

function metatable:__tostring()
  return ("%s: process %d"):format(metatable.__name, self.process.pid)
end

-- The pipe through which is typed is there before the program starts, and both sides open it for reading and writing:
-- neither waits for the other, nor for one that has ended already. A spec that waits for what never comes fails after a
-- minute.
local START = [[exec <>"$1"; rm "$1"; exec timeout --foreground 60 script --quiet --return --command "$0" /dev/null]]

local function quoted(words)
  local list = {}
  for index, word in ipairs(words) do
    list[index] = process.quote(word)
  end
  return table.concat(list, " ")
end

--- Starts a program.
-- @param arguments list of strings
-- @param environment table of variables set on top of ours, or nil
function pseudo_terminal.start(arguments, environment)
  local name = os.tmpname()
  os.remove(name)
  assert(os.execute("mkfifo " .. process.quote(name)))
  local command = "stty cols 80 rows 24; exec " .. quoted(arguments)
  -- The first word again, for `process` to see which program it is.
  local words = {"sh", "-c", START, command, name, arguments[1]}
  local typing = assert(io.open(name, "r+"))
  typing:setvbuf("no")
  local child = process.start(words, environment, {stderr = "stdout"})
  return setmetatable({process = child, typing = typing, screen = ""}, metatable)
end

--- Types.
-- @param text string; "\3" is Ctrl-C, "\4" Ctrl-D
function methods:type(text)
  assert(self.typing:write(text))
end

--- Waits until the program has written a text, after those that were waited for before.
-- @return string, what it has written since then, with the text
function methods:wait_for(text)
  local seen = ""
  repeat
    local byte = self.process.output:read(1)
    assert(byte, "the program ended without: " .. text .. "\nit wrote: " .. self.screen .. seen)
    seen = seen .. byte
  until seen:sub(-#text) == text
  self.screen = self.screen .. seen
  return seen
end

--- Waits until the program has ended.
-- @return number, its exit code
-- @return string, all that it has written
function methods:wait()
  local exit_code, rest = self.process:wait()
  self.typing:close()
  return exit_code, self.screen .. rest
end

return pseudo_terminal
