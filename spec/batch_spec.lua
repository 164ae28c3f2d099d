local answers = require "spec.support.answers"
local batch = require "supermetrics.batch"
local core = require "supermetrics.core"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"
local waiter = require "supermetrics.waiter"

local LIMIT = 10 * slowness -- seconds
local STALL = {{stall = true}}

local function after(seconds)
  return {{wait = seconds}, {send = answers.backfill()}}
end

describe("supermetrics.batch module", function()
  local server, connection, outer

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    connection = core.client{api_key = "key_of_the_batch_spec", base_url = server:base_url()}
    outer = waiter.blocking(core.now, connection)
  end)

  after_each(function()
    connection:close()
  end)

  local function start()
    return connection:start("get_backfill", 12345, 67890)
  end

  -- Runs a batch whose work is one call each; returns what the calls came to.
  local function read_all(count, concurrency, began)
    local results = {}
    batch.run(outer, connection, count, concurrency, function(index, own_waiter)
      local call = start()
      if began then
        began(index)
      end
      local backfill, err = own_waiter:for_call(call)
      results[index] = backfill and backfill.status or err.kind
    end)
    return results
  end

  it("runs the work for every index, so many at once", function()
    server:script{after(0.01)}
    local most = 0
    local results = read_all(20, 3, function()
      most = math.max(most, connection:in_flight())
    end)
    assert.equal(20, #results)
    assert.equal(3, most)
    assert.equal(0, connection:in_flight())
  end)

  it("does nothing for none", function()
    batch.run(outer, connection, 0, 5, error)
  end)

  it("finds its own ended calls among those of others, and waits no longer than for these", function()
    server:script{after(0), after(0.05), after(0), after(0.1), STALL}
    local others = {}
    local began = core.now()
    local results = read_all(2, 2, function(index)
      others[index] = start()
    end)
    assert.same({"CANCELLED", "CANCELLED"}, results)
    assert.truthy(core.now() - began < LIMIT)
    for _, call in ipairs(others) do
      call:abort()
    end
  end)

  it("misses none that ended while another worker drove the client", function()
    server:script{after(0), after(0.05), after(0.05), after(0.05)}
    local pauses = 0
    local pause = outer.pause
    function outer.pause(...)
      pauses = pauses + 1
      return pause(...)
    end
    local paused_before_drive
    batch.run(outer, connection, 4, 4, function(index, own_waiter)
      assert(own_waiter:for_call(start()))
      if index == 1 then
        while connection:poll(LIMIT) > 0 do -- until all have ended
        end
        paused_before_drive = pauses
      end
    end)
    assert.equal(paused_before_drive, pauses)
  end)

  it("ends where the client is closed meanwhile, before anything has ended", function()
    server:script{STALL}
    function outer.pause()
      connection:close()
    end
    assert.same({"aborted", "aborted", "aborted"}, read_all(3, 3))
  end)

  it("asks only so many workers as are needed to find whose call has ended", function()
    local asked, ended = 0, 0
    local calls, in_flight = {}, {}
    local fake = {}
    function fake.ended_count()
      return ended
    end
    -- The oldest ends.
    function outer.pause()
      ended = ended + 1
      table.remove(in_flight, 1).is_over = true
    end
    batch.run(outer, fake, 1000, 100, function(index, own_waiter)
      local call = {}
      function call.result(self)
        asked = asked + 1
        if self.is_over then
          return "value", nil, "response"
        end
      end
      calls[index], in_flight[#in_flight + 1] = call, call
      assert.equal("value", (own_waiter:for_call(call)))
    end)
    -- Once when it begins, once when it has ended and once when it is found; half of the workers to find it.
    assert.equal(1000, #calls)
    assert.truthy(asked < 1000 * (3 + 60), asked)
  end)

  it("lets workers wait for time while others wait for calls", function()
    server:script{after(0.02)}
    local ended = {}
    batch.run(outer, connection, 3, 3, function(index, own_waiter)
      if index == 1 then
        own_waiter:for_seconds(0.06)
      end
      assert(own_waiter:for_call(start()))
      ended[#ended + 1] = index
    end)
    assert.equal(3, #ended)
    assert.equal(1, ended[3])
  end)

  it("does not wait for a call that has ended", function()
    server:script{after(0)}
    batch.run(outer, connection, 1, 1, function(_, own_waiter)
      local call = start()
      assert(own_waiter:for_call(call))
      assert(own_waiter:for_call(call))
    end)
  end)

  it("hands the yields of the work on, with as many values as they have", function()
    local thread = coroutine.create(function()
      batch.run(outer, connection, 1, 1, function()
        assert.equal(0, select("#", coroutine.yield()))
        assert.equal(3, select("#", coroutine.yield(1, nil, nil)))
      end)
    end)
    assert.same({n = 1, true}, {n = select("#", coroutine.resume(thread)), true})
    assert.equal(4, select("#", coroutine.resume(thread)))
    assert.is_true(coroutine.resume(thread, nil, nil, nil))
    assert.equal("dead", coroutine.status(thread))
  end)

  it("raises what the work raises, when the calls of all have been ended", function()
    server:script{after(0), STALL}
    local problem = {}
    local calls = {}
    local ok, raised = pcall(batch.run, outer, connection, 3, 3, function(index, own_waiter)
      calls[index] = start()
      own_waiter:for_call(calls[index])
      error(problem)
    end)
    assert.is_false(ok)
    assert.equal(problem, raised)
    assert.equal(0, connection:in_flight())
  end)
end)
