--- Progress on the standard error: a bar on a terminal, a line for each step elsewhere.
--
-- The bar is a line that is written over, with spaces and without control sequences. Nothing about the terminal is
-- changed, so whatever ends this process leaves it as it was.

local terminal = require "supermetrics.command.terminal"

local progress = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.command.progress"}

function metatable:__tostring()
  return ("%s: %s"):format(metatable.__name, self.form)
end

local LONGEST_BAR = 30
local SHORTEST_BAR = 5

--- Progress in the form that suits: "bar", "lines" or "nothing".
-- @param is_quiet whether the user wants none
function progress.new(is_quiet)
  local form = "lines"
  if is_quiet then
    form = "nothing"
  elseif terminal.is_terminal(2) and terminal.is_smart() then
    form = "bar"
  end
  return setmetatable({form = form, shown = 0, width = form == "bar" and terminal.width() - 1}, metatable)
end

local function bar_text(share, length)
  local filled = math.floor(share * length + 0.5)
  return "[" .. ("#"):rep(filled) .. ("-"):rep(length - filled) .. "]"
end

local function overwrite(self, text)
  text = text:sub(1, self.width) -- a line that wraps could not be written over
  io.stderr:write("\r", text, (" "):rep(self.shown - #text))
  self.shown = #text
end

--- Shows how far it is.
-- @param share from 0 to 1, or nil where nobody knows
-- @param short text beside the bar
-- @param line text where there is no bar; nil shows nothing there
function methods:step(share, short, line)
  if self.form == "lines" and line then
    io.stderr:write(line, "\n")
  elseif self.form == "bar" then
    local length = math.min(self.width - #short - 3, LONGEST_BAR)
    local has_bar = share and length >= SHORTEST_BAR
    overwrite(self, (has_bar and bar_text(share, length) .. " " or "") .. short)
  end
end

--- Takes the bar away, for what is written next.
function methods:clear()
  if self.shown > 0 then
    overwrite(self, "")
    io.stderr:write("\r")
  end
end

return progress
