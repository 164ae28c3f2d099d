-- The client inside cqueues, luv and copas. On Debian 12:
--   cqueues  Lua 5.1, 5.2, 5.3, 5.4 and LuaJIT (lua-cqueues)
--   luv      Lua 5.1, 5.2, 5.3, 5.4 and LuaJIT (lua-luv)
--   copas    Lua 5.1, 5.2 and LuaJIT (lua-copas, which installs its one Lua file for no others)

local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local event_loops = require "spec.support.event_loops"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"
local unreachable_port = require "spec.support.unreachable_port"
local waiter = require "supermetrics.waiter"
require "supermetrics"

local KEY = "key_of_the_event_loops_spec"
local TEAM = 12345
local ANSWER_SECONDS = 0.2
local TICK_SECONDS = 0.01
local TOLERANCE = 0.05 * slowness -- seconds
local LIMIT = 10 * slowness -- seconds after which a loop has hung

local SLOW = {{wait = ANSWER_SECONDS}, {send = answers.backfill()}}

-- Name, module, the Lua versions for which Debian 12 has it, and the example.
local LOOPS = {
  {"cqueues", "cqueues", "5.1 5.2 5.3 5.4"},
  {"luv", "luv", "5.1 5.2 5.3 5.4"},
  {"luv with a scheduler", "luv", "5.1 5.2 5.3 5.4"},
  {"copas", "copas", "5.1 5.2"},
}

local VERSION = _VERSION:match("%d%.%d")

for _, row in ipairs(LOOPS) do
  local name, module_name, versions = row[1], row[2], row[3]

  if not versions:find(VERSION, 1, true) then
    describe(("the event loop %s on Lua %s"):format(name, VERSION), function()
      it("is not in Debian 12; once it is, its row in this spec takes this version", function()
        local is_there, message = pcall(require, module_name)
        assert.is_false(is_there)
        assert.truthy(message:find(("module '%s' not found"):format(module_name), 1, true), message)
      end)
    end)
  else
    describe("the event loop " .. name, function()
      local server, client, loop

      setup(function()
        server = scripted_server.start()
        loop = event_loops[name](require(module_name))
      end)

      teardown(function()
        server:stop()
      end)

      local function new_client(options, clockwork)
        options = options or {}
        options.api_key = options.api_key or KEY
        options.base_url = options.base_url or server:base_url()
        options.sleep = loop.sleep
        return client_module.new(options, clockwork)
      end

      before_each(function()
        client = new_client()
      end)

      after_each(function()
        client:close()
      end)

      -- Runs functions side by side, and a timer; errors of the functions are raised.
      -- Returns seconds, ticks of the timer, and the longest time between two of them.
      local function run(...)
        local left, problem = select("#", ...), nil
        local bodies = {}
        for index, body in ipairs{...} do
          bodies[index] = function()
            -- A coroutine around it would do as well, but for those that sleep by their own identity.
            body()
            left = left - 1
          end
        end
        local began = core.now()
        local ticks, last, longest = 0, began, 0
        bodies[#bodies + 1] = function()
          while left > 0 do
            loop.sleep(TICK_SECONDS)
            ticks = ticks + 1
            longest = math.max(longest, core.now() - last)
            last = core.now()
          end
        end
        loop.run(bodies, function()
          if core.now() - began > LIMIT then
            problem = "a coroutine of the loop was never resumed, or has raised"
          end
          return left == 0 or problem ~= nil
        end)
        assert(not problem, problem)
        return core.now() - began, ticks, longest
      end

      it("makes two slow calls side by side in the time of one, while a timer ticks", function()
        server:script{SLOW}
        local found = {}
        local function read()
          local backfill = assert(client:get_backfill(TEAM, 67890))
          found[#found + 1] = backfill
        end
        local seconds, ticks, longest = run(read, read)
        assert.equal(2, #found)
        assert.equal("CANCELLED", found[2].status)
        assert.equal(2, (server:connections()))
        assert.truthy(seconds >= ANSWER_SECONDS and seconds < ANSWER_SECONDS + TOLERANCE, ("%.3f s"):format(seconds))
        assert.truthy(ticks > 0.6 * ANSWER_SECONDS / TICK_SECONDS / slowness, ticks)
        assert.truthy(longest < TICK_SECONDS + TOLERANCE, ("%.3f s"):format(longest))
      end)

      it("tries again after a wait, while a timer ticks", function()
        server:script{answers.error(503, "SERVICE_UNAVAILABLE"), answers.error(500, "INTERNAL_SERVER_ERROR"),
          answers.backfill()}
        client:close()
        client = new_client({}, {now = core.now, waiter = waiter.cooperative, random = function()
          return 0.1
        end})
        local response
        local seconds, ticks, longest = run(function()
          response = select(3, assert(client:cancel_backfill(TEAM, 67890)))
        end)
        assert.equal(3, response.attempts)
        assert.truthy(seconds >= 0.15 and seconds < 0.15 + 2 * TOLERANCE, ("%.3f s"):format(seconds))
        assert.truthy(ticks > 0.6 * 0.15 / TICK_SECONDS / slowness, ticks)
        assert.truthy(longest < TICK_SECONDS + TOLERANCE, ("%.3f s"):format(longest))
      end)

      it("holds a deadline", function()
        server:script{{{stall = true}}}
        local err
        local seconds = run(function()
          err = select(2, client:get_backfill(TEAM, 67890, {deadline = 0.2}))
        end)
        assert.equal("timeout", err.kind)
        assert.truthy(seconds >= 0.2 - TOLERANCE and seconds < 0.2 + TOLERANCE, ("%.3f s"):format(seconds))
      end)

      it("returns the errors that a blocking client returns", function()
        local refused = unreachable_port.refused()
        local cases = {
          {{answers.error(401, "API_KEY_INVALID")}}, {{answers.error(404, "NOT_FOUND")}},
          {{answers.error(422, "UNPROCESSABLE_ENTITY"), answers.backfill{status = '"COMPLETED"'}}},
          {{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "3600"})}},
          {{answers.json(200, "<html>")}}, {{{{close = true}}}}, {{{{stall = true}}}},
          {{answers.error(404, "NOT_FOUND")}, refused:base_url()},
        }
        for index, case in ipairs(cases) do
          local errors = {}
          local function cancel(sleep)
            server:script(case[1])
            local one = client_module.new{api_key = KEY, base_url = case[2] or server:base_url(), sleep = sleep,
              max_attempts = 1, timeout = 0.1}
            errors[#errors + 1] = select(2, one:cancel_backfill(TEAM, 67890))
            one:close()
          end
          cancel(nil)
          run(function()
            cancel(loop.sleep)
          end)
          assert.equal(2, #errors, "case " .. index)
          for _, field in ipairs{"kind", "status", "code", "message", "outcome", "attempts", "retry_after"} do
            assert.equal(errors[1][field], errors[2][field], ("case %d, %s"):format(index, field))
          end
        end
        refused:stop()
      end)

      it("cancels many at once, while a timer ticks", function()
        server:script{{{wait = 0.1}, {send = answers.error(404, "NOT_FOUND")}}}
        local results, told = nil, 0
        local seconds, ticks, longest = run(function()
          results = client:cancel_backfills(TEAM, {1, 2, 3, 4, 5, 6}, {concurrency = 3, on_result = function()
            told = told + 1
          end})
        end)
        assert.equal(6, results.failed)
        assert.equal(6, told)
        for _, result in ipairs(results) do
          assert.equal("not_found", result.err.kind)
        end
        assert.truthy(seconds >= 0.2 and seconds < 0.2 + 2 * TOLERANCE, ("%.3f s"):format(seconds))
        assert.truthy(ticks > 0.6 * 0.2 / TICK_SECONDS / slowness, ticks)
        assert.truthy(longest < TICK_SECONDS + TOLERANCE, ("%.3f s"):format(longest))
        assert.equal(0, client.core:in_flight())
      end)

      it("waits for a backfill, while a timer ticks", function()
        server:script{SLOW}
        local backfill
        local _, ticks = run(function()
          backfill = client:wait_for_backfill(TEAM, 67890)
        end)
        assert.equal("CANCELLED", backfill.status)
        assert.truthy(ticks > 0.6 * ANSWER_SECONDS / TICK_SECONDS / slowness, ticks)
      end)

      it("raises a misuse at the line of the caller", function()
        local ok, message
        run(function()
          ok, message = pcall(client.get_backfill, client, TEAM, 0)
        end)
        assert.is_false(ok)
        assert.truthy(message:find("get_backfill: backfill_id must be", 1, true), message)
      end)

      it("takes a client from coroutine to coroutine", function()
        server:script{{{wait = 0.02}, {send = answers.backfill()}}}
        local count = 0
        local function read_often()
          for _ = 1, 5 do
            assert(client:get_backfill(TEAM, 67890))
            count = count + 1
          end
        end
        run(read_often, read_often, read_often, read_often)
        assert.equal(20, count)
        assert.equal(0, client.core:in_flight())
        assert.truthy(server:connections() <= 4)
      end)
    end)
  end
end

describe("examples/event_loops", function()
  local service

  setup(function()
    service = sandbox.start()
    service:faults{{operation = "get_backfill", delay = 0.1}}
  end)

  teardown(function()
    service:stop()
  end)

  for _, row in ipairs{LOOPS[1], LOOPS[2], LOOPS[4]} do
    local name, versions = row[1], row[3]
    if versions:find(VERSION, 1, true) then
      it(name .. ".lua reads two backfills side by side while something ticks", function()
        local began = core.now()
        local child = process.start({process.own_interpreter(), ("examples/event_loops/%s.lua"):format(name)},
          {SUPERMETRICS_BASE_URL = service.base_url, SUPERMETRICS_API_KEY = service.api_key}, {stderr = "stdout"})
        local exit_code, output = child:wait()
        assert.equal(0, exit_code, output)
        assert.truthy(output:find("\nbackfill 1003 of transfer 502: RUNNING", 1, true), output)
        assert.truthy(output:find("\nbackfill 1004 of transfer 502: FAILED", 1, true), output)
        local _, ticks = output:gsub("tick\n", "")
        assert.truthy(ticks >= 5, output)
        assert.truthy(core.now() - began < 0.2 * slowness)
      end)
    end
  end
end)
