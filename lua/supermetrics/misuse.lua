--- Raises for wrong arguments, with the position of the user's line rather than of ours.

local misuse = {}

local debug = rawget(_G, "debug") -- a host may have taken it away

-- Where the files of this library lie: "@/usr/share/lua/5.4/supermetrics/"; nil where the source is not known.
local own_folder = debug and debug.getinfo and debug.getinfo(1, "S").source:match("^(@.*)misuse%.lua$")

local function is_ours(info)
  return info.what == "C" or info.what == "tail" or info.source:sub(1, #own_folder) == own_folder
end

local function level_of_user()
  local level = 3
  local info = own_folder and debug.getinfo(level, "S")
  while info and is_ours(info) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return info and level - 1 or 0
end

--- Raises `message` at the line outside this library that made the call.
function misuse.raise(message)
  error(message, level_of_user())
end

local function settle(ok, ...)
  if not ok then
    misuse.raise((...))
  end
  return ...
end

--- Calls a function of the core, which must not yield, and raises what it raises at the user's line.
function misuse.guard(core_function, ...)
  return settle(pcall(core_function, ...))
end

return misuse
