--- One idle wait of ten seconds in one host: idle_wait.lua <host>
-- Prints the host, the runtime, and the seconds of the processor that the whole process spent meanwhile.

local core = require "supermetrics.core"
local event_loops = require "spec.support.event_loops"
local nginx = require "spec.support.nginx"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

local SECONDS = 10
local KEY = "key_of_the_idle_wait"

local function expect_timeout(value, err)
  assert(value == nil and err.kind == "timeout", tostring(err))
  -- It ends when it is due, not at some later look.
  assert(err.elapsed > SECONDS - 0.01 and err.elapsed < SECONDS + 0.05, err.elapsed)
end

-- A client of the host, and the call that nobody answers.
local function wait(server, sleep)
  local client = supermetrics.new{
    api_key = KEY, base_url = server:base_url(), sleep = sleep, timeout = SECONDS, max_attempts = 1,
  }
  expect_timeout(client:get_backfill(12345, 67890))
end

local hosts = {}

function hosts.script(server)
  local began = os.clock()
  wait(server)
  return os.clock() - began
end

local function event_loop(name)
  return function(server)
    local loop = event_loops[name](require(name))
    local is_over = false
    local began = os.clock()
    loop.run({function()
      wait(server, loop.sleep)
      is_over = true
    end}, function()
      return is_over
    end)
    return os.clock() - began
  end
end

for _, name in ipairs{"cqueues", "luv", "copas"} do
  hosts[name] = event_loop(name)
end

-- Sixty frames a second. What a frame costs besides is the game's own, so only what the client does in it is counted.
hosts["frame loop"] = function(server)
  local cqueues = require "cqueues"
  local thread = coroutine.create(function()
    wait(server, coroutine.yield)
  end)
  local spent = 0
  while coroutine.status(thread) ~= "dead" do
    local began = os.clock()
    assert(coroutine.resume(thread))
    spent = spent + os.clock() - began
    cqueues.poll(1 / 60)
  end
  return spent
end

function hosts.OpenResty(server)
  local service = nginx.start{
    environment = {SUPERMETRICS_API_KEY = KEY, SUPERMETRICS_BASE_URL = server:base_url()},
    server = ([[
      location = /idle {
        content_by_lua_block {
          local client = require("supermetrics").new{timeout = %d, max_attempts = 1}
          local began = os.clock()
          local value, err = client:get_backfill(12345, 67890)
          ngx.print(os.clock() - began, " ", err.kind, " ", err.elapsed)
        }
      }]]):format(SECONDS),
  }
  local answer = service:request{path = "/idle"}
  service:stop()
  local spent, kind, elapsed = answer.body:match("^(%S+) (%S+) (%S+)$")
  expect_timeout(nil, {kind = kind, elapsed = tonumber(elapsed)})
  return tonumber(spent)
end

local host = arg[1]
local server = scripted_server.start()
server:script{{{stall = true}}}
local began = core.now()
local spent = hosts[host](server)
assert(core.now() - began > SECONDS - 0.1)
server:stop()
print(("%-12s %-8s %.1f ms"):format(host, jit and "LuaJIT" or _VERSION, spent * 1000))
