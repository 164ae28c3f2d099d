--- Runs specs with an eager collector: a helper of busted.
--
--   busted --helper=spec/support/eager_collector.lua spec/core_spec.lua
--
-- In calls into the core, a whole collection at every allocation of Lua's: what the core has not anchored is gone at
-- once, as it would be at some user's one day. Such a call takes as long as a hundred others, so that of each function
-- only so many calls of every `it` run so; elsewhere one collection follows the other. Spec files stay as they are.

local busted = require "busted"
local core = require "supermetrics.core"

-- Calls of each function in each `it` that have an eager collector.
local EAGER_CALLS = tonumber(os.getenv("SPEC_EAGER_CALLS")) or 2

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

-- ---- the core's functions ----

local left = {}
local eager_calls = 0

local function run_eagerly(name, own, ...)
  be_eager()
  local results = pack(pcall(own, ...))
  be_calm()
  local is_in_flight = name == "result" and results.n == 1
  if not is_in_flight then
    left[name] = left[name] - 1
    eager_calls = eager_calls + 1
  end
  return results
end

local function with_an_eager_collector(name, own)
  return function(...)
    left[name] = left[name] or EAGER_CALLS
    local results
    if left[name] > 0 then
      results = run_eagerly(name, own, ...)
    else
      results = pack(pcall(own, ...))
    end
    if not results[1] then
      error(results[2], 2) -- the core, too, names the place that called it
    end
    return unpack(results, 2, results.n)
  end
end

local function replace(functions, names)
  for _, name in ipairs(names) do
    functions[name] = with_an_eager_collector(name, functions[name])
  end
end

check_eager()
local client = core.client{api_key = "key", base_url = "http://127.0.0.1:1"}
local call = client:start("get_backfill", 1, 2)
replace(debug.getmetatable(client).__index, {"start", "start_request", "perform", "close"})
replace(debug.getmetatable(call).__index, {"result", "abort", "request"})
replace(core, {"client", "check", "check_request", "check_id", "digits", "parse_date"})
call:abort()
client:close()

busted.subscribe({"test", "start"}, function()
  left = {}
end)

busted.subscribe({"suite", "end"}, function()
  io.stderr:write(("calls into the core with an eager collector: %d\n"):format(eager_calls))
end)
