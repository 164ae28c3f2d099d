local answers = require "spec.support.answers"
local core = require "supermetrics.core"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"
local waiter = require "supermetrics.waiter"

local TOLERANCE = 0.05 * slowness -- seconds
local ROUNDING = 1e-9

-- A host in which time passes only when somebody sleeps.
local function new_host()
  local host = {moment = 1000, sleeps = {}}
  function host.now()
    return host.moment
  end
  function host.sleep(seconds)
    host.sleeps[#host.sleeps + 1] = seconds
    host.moment = host.moment + seconds
  end
  return host
end

-- A connection with a call that ends so many seconds from now, but as in libcurl only when somebody looks; whether the
-- connection tells before that it will.
local function new_connection(host, seconds, is_known)
  local ends = host.moment + seconds
  local connection = {looks = 0, moments = {}, in_flight_count = 1}
  function connection.in_flight(self)
    return self.in_flight_count
  end
  function connection.poll(self, longest)
    assert.equal(0, longest)
    self.looks = self.looks + 1
    self.moments[self.looks] = host.moment
    if host.moment >= ends then
      self.in_flight_count = 0
    end
    return self.in_flight_count
  end
  function connection.next_due()
    if is_known then
      return math.max(ends - host.moment, 0)
    end
  end
  local call = {}
  function call.result()
    if connection.in_flight_count == 0 then
      return "value", nil, "response"
    end
  end
  function call.abort()
    call.is_aborted = true
  end
  return connection, call
end

-- Runs functions side by side, each given a `sleep`: whoever is due goes on, then time passes until somebody is.
local function run_all(host, bodies)
  local due = {}
  for _, body in ipairs(bodies) do
    local thread = coroutine.create(function()
      body(function(seconds)
        coroutine.yield(host.moment + seconds)
      end)
    end)
    due[thread] = host.moment
  end
  while next(due) do
    local earliest = math.huge
    for _, moment in pairs(due) do
      earliest = math.min(earliest, moment)
    end
    host.moment = math.max(host.moment, earliest)
    for thread, moment in pairs(due) do
      if moment <= host.moment then
        local _, next_moment = assert(coroutine.resume(thread))
        due[thread] = next_moment
      end
    end
  end
end

describe("supermetrics.waiter module", function()
  local server, client

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    client = core.client{api_key = "key_of_the_waiter_spec", base_url = server:base_url()}
  end)

  after_each(function()
    client:close()
  end)

  local function start(answer)
    server:script{answer}
    return client:start("get_backfill", 12345, 67890)
  end

  -- What a function takes: seconds of the clock, and of the processor.
  local function cost_of(work)
    local began, cpu = core.now(), os.clock()
    work()
    return core.now() - began, os.clock() - cpu
  end

  describe("blocking", function()
    local blocking

    before_each(function()
      blocking = waiter.blocking(core.now, client)
    end)

    it("returns what a call came to, as soon as it has ended", function()
      local call = start{{wait = 0.1}, {send = answers.backfill()}}
      local backfill, err, response
      local seconds = cost_of(function()
        backfill, err, response = blocking:for_call(call)
      end)
      assert.equal("CANCELLED", backfill.status)
      assert.is_nil(err)
      assert.equal(200, response.status)
      assert.truthy(seconds < 0.1 + TOLERANCE, ("%.3f s"):format(seconds))
      assert.is_nil(blocking.call)
    end)

    it("waits for so many seconds, whether something is in flight or not, and whether it ends or not", function()
      for _, answer in ipairs{false, {{stall = true}}, {{wait = 0.02}, {send = answers.backfill()}}} do
        local call = answer and start(answer)
        local seconds, cpu = cost_of(function()
          blocking:for_seconds(0.1)
        end)
        assert.truthy(seconds >= 0.1 and seconds < 0.1 + TOLERANCE, ("%.3f s"):format(seconds))
        assert.truthy(cpu < 0.01 * slowness, ("%.4f s of CPU"):format(cpu))
        if call then
          call:abort()
        end
      end
    end)

    it("does not wait where there is nothing to wait for", function()
      local seconds = cost_of(function()
        blocking:for_seconds(0)
        blocking:for_seconds(-1)
      end)
      assert.truthy(seconds < 0.01 * slowness)
    end)

    it("ends the call that it waits for", function()
      local call = start{{stall = true}}
      blocking.call = call
      blocking:abort()
      assert.equal("aborted", select(2, call:result()).kind)
      assert.is_nil(blocking.call)
      blocking:abort()
    end)
  end)

  describe("cooperative", function()
    -- Waits for a call that ends after so many seconds.
    local function wait_for_call(seconds, host, is_known)
      host = host or new_host()
      local connection, call = new_connection(host, seconds, is_known)
      local cooperative = waiter.cooperative(host.now, connection, host.sleep)
      assert.same({"value", nil, "response"}, {cooperative:for_call(call)})
      return host, connection
    end

    -- The most that may lie between two looks.
    local function longest_step(waited)
      return math.min(math.max(waited * 0.1, 0.001), math.max(0.02, waited * 0.02))
    end

    it("adds a tenth of the wait, at least 1 ms and at most 20 ms, or 2 % of a long one", function()
      for _, seconds in ipairs{0.0003, 0.001, 0.0037, 0.0101, 0.033, 0.1, 0.2501, 0.5, 1.234, 9.87, 60} do
        local host = wait_for_call(seconds)
        local added = host.moment - 1000 - seconds
        local most = longest_step(seconds)
        assert.truthy(added >= -ROUNDING and added <= most + ROUNDING, ("%.4f s on %.4f s"):format(added, seconds))
      end
    end)

    it("adds 1 ms at most where it is known when the call ends, such as by a timeout", function()
      for _, seconds in ipairs{0.0004, 0.0101, 0.2501, 1.234, 9.87, 60} do
        local host, connection = wait_for_call(seconds, nil, true)
        local added = host.moment - 1000 - seconds
        assert.truthy(added >= -ROUNDING and added <= 0.001 + ROUNDING, ("%.4f s on %.4f s"):format(added, seconds))
        assert.truthy(connection.looks < 320, connection.looks)
      end
    end)

    -- In a host that rounds what it is asked for, as cqueues and luv do upwards and OpenResty downwards.
    local function rounding_host(round)
      local host = new_host()
      local sleep = host.sleep
      function host.sleep(seconds)
        -- What is whole but for the rounding of its own numbers is whole.
        sleep(round(tonumber(("%.6f"):format(seconds * 1000))) / 1000)
      end
      return host
    end

    it("adds no more where the host's timers round up to whole milliseconds", function()
      for _, seconds in ipairs{0.0101, 0.0105, 0.0115, 0.0151, 0.0181, 0.0334, 0.1, 0.2501, 9.87} do
        local host = wait_for_call(seconds, rounding_host(math.ceil))
        local added = host.moment - 1000 - seconds
        assert.truthy(added <= longest_step(seconds) + ROUNDING, ("%.4f s on %.4f s"):format(added, seconds))
      end
    end)

    it("never spins where they round down, nor looks more often than where they do not", function()
      for _, seconds in ipairs{0.0101, 0.0181, 0.2501, 9.87} do
        local exact, rounding = wait_for_call(seconds), wait_for_call(seconds, rounding_host(math.floor))
        assert.equal(#exact.sleeps, #rounding.sleeps)
        for _, slept in ipairs(rounding.sleeps) do
          assert.truthy(slept >= 0.001)
        end
      end
    end)

    it("grows its steps from 1 ms to 20 ms, as a tenth of the time waited, and after 1 s as 2 % of it", function()
      local host, connection = wait_for_call(10)
      for index = 2, connection.looks do
        local before, after = connection.moments[index - 1] - 1000, connection.moments[index] - 1000
        local step = after - before
        -- They are whole milliseconds.
        assert.truthy(step > longest_step(before) - 0.001 - ROUNDING and step <= longest_step(after) + ROUNDING,
          ("look %d: %.9f s after one at %.9f s"):format(index, step, before))
      end
      assert.near(0.001, host.sleeps[1], 1e-6)
      assert.near(0.2, host.sleeps[#host.sleeps], 4e-3)
      assert.truthy(#host.sleeps < 220, #host.sleeps)
      assert.truthy(connection.looks <= #host.sleeps + 1, connection.looks)
    end)

    it("costs less than 50 ms of the processor in an idle wait of 10 s on a real connection", function()
      local host = new_host()
      local call = start{{stall = true}}
      local looks = 0
      local cooperative = waiter.cooperative(host.now, client, function(seconds)
        looks = looks + 1
        host.sleep(seconds)
        if host.moment >= 1010 then
          call:abort()
        end
      end)
      local _, cpu = cost_of(function()
        assert.equal("aborted", select(2, cooperative:for_call(call)).kind)
      end)
      assert.truthy(looks > 100 and looks < 320, looks)
      assert.truthy(cpu < 0.05 * slowness, ("%.4f s of CPU"):format(cpu))
    end)

    it("never asks for less than 1 ms, and for no more than is left above that", function()
      for _, seconds in ipairs{1e-9, 0.0004, 0.001, 0.0015, 0.0999, 2.5} do
        for _, ends in ipairs{0, 1000} do
          local host = new_host()
          local connection = new_connection(host, ends)
          connection.in_flight_count = ends > 0 and 1 or 0
          waiter.cooperative(host.now, connection, host.sleep):for_seconds(seconds)
          for _, asked in ipairs(host.sleeps) do
            assert.truthy(asked >= 0.001)
          end
          local passed = host.moment - 1000
          assert.truthy(passed >= seconds - ROUNDING and passed <= seconds + 0.001 + ROUNDING, passed)
        end
      end
    end)

    it("returns without a sleep where something has ended", function()
      local host = new_host()
      local connection = new_connection(host, 0)
      local cooperative = waiter.cooperative(host.now, connection, host.sleep)
      cooperative.pause(10, 5)
      assert.equal(0, #host.sleeps)
      assert.equal(1, connection.looks)
    end)

    it("sleeps once for the whole where nothing is in flight, and looks at nothing", function()
      local host = new_host()
      local connection = new_connection(host, 0)
      connection.in_flight_count = 0
      local cooperative = waiter.cooperative(host.now, connection, host.sleep)
      cooperative.pause(0.75, 0)
      cooperative:for_seconds(0.5)
      assert.same({0.75, 0.5}, host.sleeps)
      assert.equal(0, connection.looks)
    end)

    it("serves all who wait for something of one connection with one look", function()
      local host = new_host()
      local connection, call = new_connection(host, 10)
      local bodies, latest = {}, 0
      for index = 1, 100 do
        bodies[index] = function(sleep)
          sleep(index / 1000)
          waiter.cooperative(host.now, connection, sleep):for_call(call)
          latest = math.max(latest, host.moment)
        end
      end
      run_all(host, bodies)
      -- One alone looks some 200 times.
      assert.truthy(connection.looks < 3 * 200, connection.looks)
      assert.truthy(latest <= 1010 + 0.201, latest)
    end)

    it("returns what a real call came to", function()
      local call = start{{wait = 0.1}, {send = answers.backfill()}}
      local backfill, response
      -- A loop with nothing else to do, which sleeps by the core of a client of its own.
      local idle = core.client{api_key = "key", base_url = server:base_url()}
      local seconds = cost_of(function()
        local cooperative = waiter.cooperative(core.now, client, function(asked)
          idle:wait(asked)
        end)
        local _
        backfill, _, response = cooperative:for_call(call)
      end)
      idle:close()
      assert.equal("CANCELLED", backfill.status)
      assert.equal(200, response.status)
      assert.truthy(seconds < 0.11 + TOLERANCE, ("%.3f s"):format(seconds))
    end)

    it("ends the call that it waits for", function()
      local host = new_host()
      local connection, call = new_connection(host, 1)
      local cooperative = waiter.cooperative(host.now, connection, host.sleep)
      cooperative.call = call
      cooperative:abort()
      assert.is_true(call.is_aborted)
      assert.is_nil(cooperative.call)
    end)
  end)
end)
