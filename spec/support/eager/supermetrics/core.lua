-- luacheck: read globals ngx
--- The core with an eager collector: what `require "supermetrics.core"` finds in every process of `make gccheck`, since
-- a Lua file comes before a C module. spec/gccheck puts this folder on the path.
--
-- In calls into the core, a whole collection at every allocation of Lua's: what the core has not anchored is gone at
-- once, as it would be at some user's one day. Such a call takes as long as a hundred others, so that of each function
-- only so many calls of every `it` run so, or of every second in a process where no spec runs. Elsewhere one collection
-- follows the other.

-- Calls of each function that have an eager collector.
local EAGER_CALLS = tonumber(os.getenv("SPEC_EAGER_CALLS")) or 2
-- The file to which each of them adds a line: the program that made it, and the function.
local REPORT = os.getenv("SPEC_EAGER_REPORT")
-- These allocate nothing of Lua's, and some run often.
local SPARED = {now = true, random = true, in_flight = true, poll = true, wait = true}

local unpack = table.unpack or unpack -- luacheck: ignore

local function pack(...)
  return {n = select("#", ...), ...}
end

-- ---- the collector ----

local function set(pause, step_multiplier, step_size)
  if _VERSION == "Lua 5.4" then
    collectgarbage("incremental", pause, step_multiplier, step_size)
  else
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", step_multiplier)
  end
end

-- A step without an end, and no pause between two: each allocation that lets the collector work makes it collect all.
-- On Lua 5.4 a step of 2^63 bytes has none; before it the work of a step is multiplied. 1 is 0 there, which would keep
-- what was set before.
local function be_eager()
  set(1, 1000, 63)
  if _VERSION ~= "Lua 5.4" then
    set(0, 100000000)
  end
  collectgarbage()
end

-- A new collection begins as soon as one has ended; what grows meanwhile bounds what that costs.
local function be_calm()
  set(110, 200, 13)
end

-- A collector that is not eager would show nothing.
local function check_eager()
  local weak = setmetatable({}, {__mode = "v"})
  be_eager()
  local collected = 0
  for _ = 1, 10 do
    weak[1] = {}
    local _ = {tostring(collected)}
    collected = collected + (weak[1] == nil and 1 or 0)
  end
  be_calm()
  assert(collected == 10, "the collector is not eager on " .. _VERSION)
end

-- ---- how many calls are left ----

-- A runner of specs tells where an `it` begins; elsewhere seconds do.
local IS_RUNNER = package.loaded["busted"] ~= nil
local PROGRAM = ngx and "nginx" or arg and arg[0] or "lua"

local left = {}
local second

local function begin()
  left = {}
end

-- Asked for its result in flight, a call has nothing to show; that alone would be most of what is eager.
local function is_in_flight(name, call)
  return name == "result" and tostring(call):find("in flight", 1, true) ~= nil
end

-- Whether this call of a function is one of those.
local function is_due(name, subject)
  if not IS_RUNNER and second ~= os.time() then
    second = os.time()
    begin()
  end
  left[name] = left[name] or EAGER_CALLS
  return left[name] > 0 and not is_in_flight(name, subject)
end

-- Told at once: a process may end in any way.
local function count(name)
  left[name] = left[name] - 1
  if REPORT then
    local file = assert(io.open(REPORT, "a"))
    file:write(PROGRAM, " ", name, "\n")
    file:close()
  end
end

-- ---- the core's functions ----

local function run_eagerly(name, own, ...)
  be_eager()
  local results = pack(pcall(own, ...))
  be_calm()
  count(name)
  return results
end

local replace_methods

local function with_an_eager_collector(name, own)
  return function(...)
    local results = is_due(name, ...) and run_eagerly(name, own, ...) or pack(pcall(own, ...))
    if not results[1] then
      error(results[2], 2) -- the core, too, names the place that called it
    end
    for index = 2, results.n do
      if type(results[index]) == "userdata" then
        replace_methods(debug.getmetatable(results[index])) -- it may be the first of its kind
      end
    end
    return unpack(results, 2, results.n)
  end
end

local function replace_functions(functions)
  for name, own in pairs(functions) do
    if type(own) == "function" and not SPARED[name] then
      functions[name] = with_an_eager_collector(name, own)
    end
  end
end

local replaced = {}

function replace_methods(metatable)
  if not replaced[metatable] then
    replaced[metatable] = true
    replace_functions(metatable.__index)
  end
end

-- A host in C has the core built in; otherwise the third of what `require` asks finds C modules, in every Lua.
local name = ...
local load, path = package.preload[name], nil
if not load then
  load, path = (package.searchers or package.loaders)[3](name) -- luacheck: ignore
end
assert(type(load) == "function", load)
check_eager()
local core = load(name, path)
replace_functions(core)
core.Error.__tostring = with_an_eager_collector("tostring", core.Error.__tostring)
package.loaded["spec.support.eager"] = {begin = begin}

return core
