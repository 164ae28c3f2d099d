--- What is known about the terminal, from plain Lua: the shell is asked.

local terminal = {}

local known = {}

--- Whether a descriptor of this process is a terminal. The shell inherits all three, so nothing may be redirected here;
-- a system without a shell or without `test` has no terminals for us, which is the careful answer.
-- @param descriptor 0, 1 or 2
function terminal.is_terminal(descriptor)
  if known[descriptor] == nil then
    local status = os.execute(("test -t %d"):format(descriptor))
    known[descriptor] = status == true or status == 0 -- Lua 5.1 returns the status itself
  end
  return known[descriptor]
end

--- Whether the terminal understands more than lines.
function terminal.is_smart()
  local name = os.getenv("TERM")
  return name ~= nil and name ~= "" and name ~= "dumb"
end

--- Whether what goes to the standard output may have colours: https://no-color.org
function terminal.has_colours()
  local no_colour = os.getenv("NO_COLOR")
  return (no_colour == nil or no_colour == "") and terminal.is_smart() and terminal.is_terminal(1)
end

local USUAL_WIDTH = 80

--- The columns of the terminal at the standard error. io.popen takes our standard output, not that.
function terminal.width()
  local pipe = io.popen("stty size <&2 2>/dev/null", "r")
  local columns = pipe and (pipe:read("*a") or ""):match("^%d+ (%d+)")
  if pipe then
    pipe:close()
  end
  columns = tonumber(columns)
  return columns and columns > 0 and columns or USUAL_WIDTH
end

return terminal
