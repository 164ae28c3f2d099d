--- Runs specs a second time, under a cooperative `sleep`: a helper of busted, which knows nothing of it otherwise.
--
--   busted --helper=spec/support/cooperative.lua spec/attempts_spec.lua
--
-- Every `it` becomes a coroutine of a cqueues loop, and every client that a spec makes waits by yielding to that loop.
-- A wait that blocks in the core is a failure. Spec files stay as they are.

local auxlib = require "cqueues.auxlib"
local busted = require "busted"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local cqueues = require "cqueues"
local skipping_clockwork = require "spec.support.skipping_clockwork"
local waiter = require "supermetrics.waiter"

local unpack = table.unpack or unpack -- luacheck: ignore

local function pack(...)
  return {n = select("#", ...), ...}
end

local sleeps = 0

local function sleep(seconds)
  sleeps = sleeps + 1
  cqueues.sleep(seconds)
end

-- ---- clients ----

-- Many specs bring a clock that jumps over waits. It still does; what is in flight really takes its time.
local new_clockwork = skipping_clockwork.new
function skipping_clockwork.new()
  local clockwork = new_clockwork()
  function clockwork.waiter(now, connection)
    return waiter.cooperative(now, connection, function(seconds)
      if connection:in_flight() == 0 then
        clockwork.skipped = clockwork.skipped + seconds
      else
        sleep(seconds)
      end
    end)
  end
  return clockwork
end

local new_client = client_module.new
function client_module.new(given, clockwork)
  if given ~= nil and type(given) ~= "table" then
    return new_client(given, clockwork) -- which refuses it
  end
  local options = {sleep = sleep}
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return new_client(options, clockwork)
end

-- ---- what must not happen ----

local connection = core.client{api_key = "key", base_url = "http://127.0.0.1:1"}
local core_methods = debug.getmetatable(connection).__index
connection:close()

function core_methods.wait()
  error("a cooperative client blocked in the core's wait", 2)
end

function core_methods.perform()
  error("a cooperative client blocked in the core's perform", 2)
end

local core_poll = core_methods.poll
function core_methods.poll(self, seconds)
  assert(seconds == nil or seconds == 0, "a cooperative client blocked in the core's poll")
  return core_poll(self, seconds)
end

-- ---- every `it` in a coroutine ----

local function settle(thread, ok, ...)
  if coroutine.status(thread) == "dead" then
    return ok, ...
  end
  return settle(thread, coroutine.resume(thread, coroutine.yield(...)))
end

-- A pcall that can be yielded across, which Lua 5.1's own cannot.
local function yielding_pcall(body, ...)
  local arguments = pack(...)
  local thread = coroutine.create(function()
    return body(unpack(arguments, 1, arguments.n))
  end)
  return settle(thread, coroutine.resume(thread))
end

-- A function that is another one for specs. The library gets its own.
local function for_specs(own, other)
  return function(...)
    local source = debug.getinfo(2, "S").source
    return (source:find("_spec%.lua$") and other or own)(...)
  end
end

-- Specs that resume coroutines of their own do not expect the yields of this loop.
coroutine.resume = for_specs(coroutine.resume, auxlib.resume) -- luacheck: ignore

-- Specs of raised errors wait inside a pcall. Where the library did so, a yield across it shall fail as it would at a
-- user's.
if _VERSION == "Lua 5.1" then
  pcall = for_specs(pcall, yielding_pcall) -- luacheck: ignore
end

local function in_a_loop(body)
  return function()
    local loop, results = cqueues.new(), nil
    loop:wrap(function()
      results = pack(yielding_pcall(body))
    end)
    assert(loop:loop())
    if not results[1] then
      error(results[2], 0)
    end
  end
end

busted.subscribe({"test", "start"}, function(element)
  if element.run then
    element.run = in_a_loop(element.run)
  end
end)

-- A run in which nothing yielded would show nothing.
busted.subscribe({"suite", "end"}, function()
  assert(sleeps > 0, "no client slept: did the specs make theirs by supermetrics.client?")
end)
