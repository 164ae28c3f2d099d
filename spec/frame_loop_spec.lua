-- The client in a loop that draws frames, without any library: `sleep` is coroutine.yield, and every coroutine goes on
-- once a frame.

local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"
require "supermetrics"

local KEY = "key_of_the_frame_loop_spec"
local TEAM = 12345
local FRAME_SECONDS = 0.004
local FRAME_COST = 0.0002 * slowness -- seconds that ten calls in flight may take of a frame
local LIMIT = 10 * slowness -- seconds
local CANCELLED = answers.backfill()
local STALL = {{stall = true}}

describe("a frame loop", function()
  local server, client, display

  setup(function()
    server = scripted_server.start()
    display = core.client{api_key = KEY, base_url = server:base_url()}
  end)

  teardown(function()
    display:close()
    server:stop()
  end)

  before_each(function()
    client = client_module.new{api_key = KEY, base_url = server:base_url(), sleep = coroutine.yield}
  end)

  after_each(function()
    client:close()
  end)

  -- Lets every coroutine go on once; those that have ended leave the list.
  local function run_frame(threads)
    for index = #threads, 1, -1 do
      assert(coroutine.resume(threads[index]))
      if coroutine.status(threads[index]) == "dead" then
        table.remove(threads, index)
      end
    end
  end

  local function create_all(count, body)
    local threads = {}
    for index = 1, count do
      threads[index] = coroutine.create(function()
        body(index)
      end)
    end
    return threads
  end

  -- Draws frames until a function says that it is enough. Returns what each has cost, in seconds.
  local function run_frames(threads, is_over)
    local ends, costs = core.now() + LIMIT, {}
    while not is_over() do
      assert(core.now() < ends, "the coroutines did not end")
      local began = core.now()
      run_frame(threads)
      costs[#costs + 1] = core.now() - began
      display:wait(FRAME_SECONDS)
    end
    return costs
  end

  local function run_all(threads)
    return run_frames(threads, function()
      return #threads == 0
    end)
  end

  local function median(numbers)
    table.sort(numbers)
    return numbers[math.ceil(#numbers / 2)]
  end

  -- Ten calls whose answer lets every frame of 0.6 s go by; returns what a frame has cost.
  local function cost_of_ten_calls()
    local found = 0
    local costs = run_all(create_all(10, function()
      assert(client:get_backfill(TEAM, 67890))
      found = found + 1
    end))
    assert.equal(10, found)
    assert.truthy(#costs > 0.6 / FRAME_SECONDS / 4 / slowness, #costs)
    return median(costs)
  end

  -- The neighbours of a virtual machine have made all frames of 0.6 s seven times as dear. They can only add, so the
  -- cheapest of three tells what the library takes.
  it("spends less than 0.2 ms of a frame on ten calls in flight", function()
    server:script{{{wait = 0.6}, {send = CANCELLED}}}
    local cost = math.min(cost_of_ten_calls(), cost_of_ten_calls(), cost_of_ten_calls())
    assert.truthy(cost < FRAME_COST, ("%.3f ms"):format(1000 * cost))
  end)

  it("keeps waiting calls side by side, whatever they wait for", function()
    server:script{answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "0"}), CANCELLED, CANCELLED, CANCELLED}
    local found = 0
    run_all(create_all(3, function()
      assert(client:get_backfill(TEAM, 67890))
      found = found + 1
    end))
    assert.equal(3, found)
    assert.equal(4, #server:requests())
  end)

  it("cancels many at once", function()
    server:script{{{wait = 0.02}, {send = answers.error(404, "NOT_FOUND")}}}
    local results
    run_all(create_all(1, function()
      results = client:cancel_backfills(TEAM, {1, 2, 3, 4, 5, 6}, {concurrency = 3})
    end))
    assert.equal(6, results.failed)
  end)

  describe("abandons a call with its coroutine", function()
    local function collect()
      collectgarbage()
      collectgarbage()
    end

    -- In a function of its own, so that no variable of the spec keeps the coroutines.
    local function start_and_abandon(count, body)
      local threads = create_all(count, body)
      run_frames(threads, function()
        return server:wait_for("requests", count, 0)
      end)
      assert.equal(count, client.core:in_flight())
    end

    it("which is ended when it is collected, and so is its connection", function()
      server:script{STALL}
      start_and_abandon(10, function()
        client:get_backfill(TEAM, 67890)
      end)
      collect()
      assert.equal(0, client.core:in_flight())
      assert.truthy(server:wait_for("open", 0))
    end)

    it("in a batch", function()
      server:script{STALL}
      local function start()
        local threads = create_all(1, function()
          client:cancel_backfills(TEAM, {1, 2, 3, 4}, {concurrency = 4})
        end)
        run_frames(threads, function()
          return server:wait_for("requests", 4, 0)
        end)
      end
      start()
      collect()
      assert.equal(0, client.core:in_flight())
      assert.truthy(server:wait_for("open", 0))
    end)

    it("and the others go on", function()
      server:script{STALL, {{wait = 0.05}, {send = CANCELLED}}}
      start_and_abandon(1, function()
        client:get_backfill(TEAM, 67890)
      end)
      local found
      local threads = create_all(1, function()
        found = client:get_backfill(TEAM, 67890)
      end)
      run_frame(threads)
      collect()
      assert.equal(1, client.core:in_flight())
      run_all(threads)
      assert.equal("CANCELLED", found.status)
    end)
  end)

  describe("whose sleep raises", function()
    it("hands the error on; the call ends when it is collected, and the client stays usable", function()
      server:script{STALL}
      local is_broken = true
      client.settings.sleep = function(seconds)
        if is_broken then
          error("no more frames", 0)
        end
        coroutine.yield(seconds)
      end
      for _, call in ipairs{
        function() return client:get_backfill(TEAM, 67890) end,
        function() return client:cancel_backfills(TEAM, {1, 2, 3}) end,
      } do
        local ok, message = coroutine.resume(coroutine.create(call))
        assert.is_false(ok)
        assert.equal("no more frames", message)
      end
      collectgarbage()
      collectgarbage()
      assert.equal(0, client.core:in_flight())
      is_broken = false
      server:script{CANCELLED}
      local found
      run_all(create_all(1, function()
        found = client:get_backfill(TEAM, 67890)
      end))
      assert.equal("CANCELLED", found.status)
    end)
  end)

  -- A callback may well ask for more: what became of a backfill, or to cancel one that goes wrong.
  describe("lets a callback use the client that calls it", function()
    local service

    setup(function()
      service = sandbox.start()
    end)

    teardown(function()
      service:stop()
    end)

    before_each(function()
      service:reset()
      client:close()
      client = client_module.new{api_key = service.api_key, base_url = service.base_url, sleep = coroutine.yield}
    end)

    it("on_result, in a batch", function()
      local statuses, results = {}, nil
      run_all(create_all(1, function()
        results = client:cancel_backfills(TEAM, {1001, 1002, 1003}, {on_result = function(result, index)
          local backfill = assert(client:get_backfill(TEAM, result.id))
          statuses[index] = backfill.status
        end})
      end))
      assert.equal(3, results.cancelled)
      assert.same({"CANCELLED", "CANCELLED", "CANCELLED"}, statuses)
    end)

    it("on_progress, which cancels what it is waited for", function()
      local found
      run_all(create_all(1, function()
        found = client:wait_for_backfill(TEAM, 1003, {on_progress = function(backfill)
          if backfill.status == "RUNNING" then
            assert(client:cancel_backfill(TEAM, 1003))
          end
        end})
      end))
      assert.equal("CANCELLED", found.status)
    end)

    it("token, which brings a token of its own", function()
      local found
      client.settings.token = function()
        assert(client:get_backfill(TEAM, 1005, {token = service.api_key}))
        return service.api_key
      end
      run_all(create_all(1, function()
        found = client:get_backfill(TEAM, 1004)
      end))
      assert.equal("FAILED", found.status)
    end)
  end)

  describe("tells a callback that would be called for its own calls, without an end:", function()
    -- What a call raises in a coroutine, once the loop has run it.
    local function message_of(call)
      local thread = coroutine.create(call)
      local ok, message
      repeat
        ok, message = coroutine.resume(thread)
        display:wait(FRAME_SECONDS)
      until coroutine.status(thread) == "dead"
      assert.is_false(ok)
      return message
    end

    for _, call in ipairs{"get_backfill", "cancel_backfills"} do
      local id = call == "get_backfill" and 67890 or {67890}

      it("on_attempt, in " .. call, function()
        server:script{CANCELLED}
        client.settings.on_attempt = function()
          client:get_backfill(TEAM, 67890)
        end
        local message = message_of(function()
          client[call](client, TEAM, id)
        end)
        assert.truthy(message:find("spec/frame_loop_spec.lua:%d+: supermetrics: the hook 'on_attempt' made a call with "
          .. "the client that calls it"), message)
        assert.equal(1, #server:requests())
        client.settings.on_attempt = nil
        run_all(create_all(1, function()
          assert(client:get_backfill(TEAM, 67890))
        end))
      end)

      it("token, in " .. call, function()
        server:script{CANCELLED}
        client.settings.token = function()
          client:get_backfill(TEAM, 67890)
        end
        local message = message_of(function()
          client[call](client, TEAM, id)
        end)
        assert.truthy(message:find("spec/frame_loop_spec.lua:%d+: supermetrics: the function 'token' made a call that "
          .. "needs a token"), message)
        assert.equal(0, #server:requests())
      end)
    end

    it("but not one that calls with another client", function()
      server:script{CANCELLED}
      local other = client_module.new{api_key = KEY, base_url = server:base_url(), sleep = coroutine.yield}
      local found
      client.settings.on_attempt = function()
        found = other:get_backfill(TEAM, 67890)
      end
      run_all(create_all(1, function()
        assert(client:get_backfill(TEAM, 67890))
      end))
      other:close()
      assert.equal("CANCELLED", found.status)
    end)
  end)
end)

describe("examples/frame_loop.lua", function()
  it("reads two backfills side by side while frames go on", function()
    local service = sandbox.start()
    service:faults{{operation = "get_backfill", delay = 0.1}}
    local child = process.start({process.own_interpreter(), "examples/frame_loop.lua"},
      {SUPERMETRICS_BASE_URL = service.base_url, SUPERMETRICS_API_KEY = service.api_key}, {stderr = "stdout"})
    local exit_code, output = child:wait()
    service:stop()
    assert.equal(0, exit_code, output)
    assert.truthy(output:find("\nbackfill 1003 of transfer 502: RUNNING", 1, true), output)
    assert.truthy(output:find("\nbackfill 1004 of transfer 502: FAILED", 1, true), output)
    local _, frames = output:gsub("frame %d+\n", "")
    assert.truthy(frames >= 3 and frames < 20, output)
  end)
end)
