local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local skipping_clockwork = require "spec.support.skipping_clockwork"
local slowness = require "spec.support.slowness"
require "supermetrics"

local TEAM, TRANSFER = 12345, 502

describe("supermetrics.cancelling module", function()
  local service, client

  setup(function()
    service = sandbox.start()
  end)

  teardown(function()
    service:stop()
  end)

  before_each(function()
    service:reset()
    client = client_module.new{api_key = service.api_key, base_url = service.base_url}
  end)

  after_each(function()
    client:close()
  end)

  local function add(count, status)
    return service:add_backfills{team_id = TEAM, transfer_id = TRANSFER, count = count, status = status or "RUNNING"}
  end

  local function digits(id)
    return core.check_id("", "", id)
  end

  describe("cancel_backfills", function()
    it("cancels all of them, and returns the results in the order of the ids", function()
      local ids = add(25)
      local results, err = client:cancel_backfills(TEAM, ids, {concurrency = 4})
      assert.is_nil(err)
      assert.equal(25, #results)
      assert.equal(25, results.cancelled)
      assert.equal(0, results.failed)
      assert.is_nil(results.stopped_by)
      for index, result in ipairs(results) do
        assert.equal(ids[index], result.id)
        assert.equal("CANCELLED", result.backfill.status)
        assert.equal(digits(ids[index]), digits(result.backfill.transfer_backfill_id))
        assert.is_nil(result.err)
        assert.equal(200, result.response.status)
      end
    end)

    it("goes on where one fails, and says why that one did", function()
      local ids = add(3)
      local results = client:cancel_backfills(TEAM, {ids[1], 1005, 999999, ids[2], 1006, ids[3]})
      assert.equal(3, results.cancelled)
      assert.equal(3, results.failed)
      assert.equal("unprocessable", results[2].err.kind)
      assert.equal("COMPLETED", results[2].err.backfill.status)
      assert.equal("not_found", results[3].err.kind)
      assert.equal("CANCELLED", results[5].err.backfill.status)
      assert.equal("CANCELLED", results[6].backfill.status)
    end)

    it("cancels an id once that stands in the list twice", function()
      local ids = add(1)
      local results = client:cancel_backfills(TEAM, {ids[1], ids[1], tostring(digits(ids[1]))})
      assert.equal(3, #results)
      assert.equal(1, results.cancelled)
      for _, result in ipairs(results) do
        assert.equal("CANCELLED", result.backfill.status)
      end
      assert.equal(1, service:statistics().by_operation.cancel_backfill)
    end)

    it("does nothing for an empty list", function()
      local results = client:cancel_backfills(TEAM, {})
      assert.equal(0, #results)
      assert.equal(0, results.cancelled)
    end)

    it("tells each result as soon as it is known", function()
      local ids = add(5)
      local seen = {}
      local results = client:cancel_backfills(TEAM, ids, {on_result = function(result, index)
        seen[index] = result
      end})
      for index, result in ipairs(results) do
        assert.equal(result, seen[index])
      end
    end)

    it("tells a result with its id as it was given, and with its index in the results", function()
      local ids = add(3)
      local given = {ids[1], tostring(digits(ids[2])), ids[1], ids[3], ids[2]}
      local seen = {}
      local results = client:cancel_backfills(TEAM, given, {on_result = function(result, index)
        seen[index] = result
        assert.equal(given[index], result.id)
      end})
      assert.equal(5, #results)
      assert.same({results[1], results[2], nil, results[4]}, seen)
      assert.equal(results[1], results[3])
      assert.equal(results[2], results[5])
    end)

    it("cancels what was asked for where a callback changes the list", function()
      local ids = add(6)
      local given = {}
      for index, id in ipairs(ids) do
        given[index] = id
      end
      local results = client:cancel_backfills(TEAM, given, {concurrency = 1, on_result = function()
        table.remove(given)
      end})
      assert.equal(6, results.cancelled)
      for index, result in ipairs(results) do
        assert.equal(ids[index], result.id)
      end
    end)

    it("keeps no more calls in flight than it was told to", function()
      local ids = add(20)
      service:faults{{operation = "cancel_backfill", delay = 0.02}}
      local most = 0
      client.settings.on_attempt = function()
        most = math.max(most, client.core:in_flight() + 1)
      end
      assert.equal(20, client:cancel_backfills(TEAM, ids, {concurrency = 3}).cancelled)
      assert.equal(3, most)
    end)

    it("ends what was not sent yet as aborted when the key is refused", function()
      local ids = add(30)
      local refused = client_module.new{api_key = "sandbox_read_only_key", base_url = service.base_url}
      local results = refused:cancel_backfills(TEAM, ids, {concurrency = 2})
      assert.equal(30, results.failed)
      assert.equal("forbidden", results.stopped_by.kind)
      local kinds = {forbidden = 0, aborted = 0}
      for _, result in ipairs(results) do
        kinds[result.err.kind] = kinds[result.err.kind] + 1
        assert.equal("not_applied", result.err.outcome)
      end
      assert.truthy(kinds.forbidden >= 1 and kinds.forbidden <= 2)
      assert.equal(30, kinds.forbidden + kinds.aborted)
      assert.truthy(tostring(results[30].err):find("cancel_backfill: aborted: another call of the batch was refused: "
        .. "forbidden", 1, true), tostring(results[30].err))
      refused:close()
    end)

    it("lets a 429 pause all of them together", function()
      local ids = add(12)
      local clockwork = skipping_clockwork.new()
      local patient = client_module.new({api_key = service.api_key, base_url = service.base_url}, clockwork)
      service:faults{{operation = "cancel_backfill", requests = {3}, status = 429, retry_after = 30}}
      local moments = {}
      patient.settings.on_attempt = function()
        moments[#moments + 1] = clockwork.now()
      end
      assert.equal(12, patient:cancel_backfills(TEAM, ids, {concurrency = 1}).cancelled)
      assert.equal(13, #moments)
      assert.truthy(moments[4] - moments[3] >= 30)
      assert.near(30, clockwork.skipped, 0.5)
      patient:close()
    end)

    it("fails at once where that pause is longer than what is left", function()
      local ids = add(12)
      service:faults{{operation = "cancel_backfill", status = 429, retry_after = 3600}}
      local results = client:cancel_backfills(TEAM, ids, {concurrency = 2, deadline = 10})
      assert.equal(12, results.failed)
      for _, result in ipairs(results) do
        assert.equal("rate_limited", result.err.kind)
        assert.truthy(result.err.retry_after > 3000)
      end
      assert.truthy(service:statistics().by_operation.cancel_backfill <= 2)
    end)

    it("knows the outcome of each where answers are lost", function()
      local ids = add(20)
      service:faults{{operation = "cancel_backfill", requests = {2, 3, 5, 8, 13}, drop = "after"},
        {operation = "cancel_backfill", requests = {4, 7, 11}, drop = "before"}}
      local results = client:cancel_backfills(TEAM, ids, {concurrency = 5})
      assert.equal(20, results.cancelled)
      assert.equal(20, service:statistics().applied.cancel_backfill)
    end)

    it("holds its deadline over all of them", function()
      local ids = add(20)
      service:faults{{operation = "cancel_backfill", delay = 0.2}}
      local began = core.now()
      local results = client:cancel_backfills(TEAM, ids, {concurrency = 2, deadline = 0.5})
      assert.truthy(core.now() - began < 0.5 + 0.05 * slowness)
      assert.equal(20, #results)
      assert.truthy(results.cancelled >= 2 and results.cancelled <= 4)
      for _, result in ipairs(results) do
        assert.truthy(result.backfill or result.err.kind == "timeout")
      end
    end)

    it("ends what is in flight, and stays usable, when a callback raises", function()
      local ids = add(10)
      service:faults{{operation = "cancel_backfill", delay = 0.02}}
      local ok, message = pcall(client.cancel_backfills, client, TEAM, ids, {concurrency = 5, on_result = function()
        error("the callback is broken", 0)
      end})
      assert.is_false(ok)
      assert.equal("the callback is broken", message)
      assert.equal(0, client.core:in_flight())
      service:faults{}
      assert.truthy(client:get_backfill(TEAM, ids[1]))
    end)

    it("hands the yields of a callback on to whoever resumes the caller", function()
      local ids = add(3)
      local thread = coroutine.create(function()
        return client:cancel_backfills(TEAM, ids, {on_result = function(_, index)
          assert(coroutine.yield("asked", index) == "answered")
        end}).cancelled
      end)
      local asked = 0
      local results = {coroutine.resume(thread)}
      while coroutine.status(thread) ~= "dead" do
        assert.equal("asked", results[2])
        asked = asked + 1
        results = {coroutine.resume(thread, "answered")}
      end
      assert.same({true, 3}, results)
      assert.equal(3, asked)
    end)

    it("takes 1,000 of them at 50 at once in at most 1.25 times the ideal, and keeps no memory", function()
      service:faults{{operation = "cancel_backfill", delay = 0.05}}
      local function batch()
        local ids = add(1000)
        local began = core.now()
        local results = client:cancel_backfills(TEAM, ids, {concurrency = 50})
        local seconds = core.now() - began
        assert.equal(1000, results.cancelled)
        return seconds
      end
      local function kibibytes()
        collectgarbage()
        collectgarbage()
        return collectgarbage("count")
      end
      batch()
      local before = kibibytes()
      local seconds = batch()
      assert.truthy(seconds <= 1.25 * slowness, ("%.3f s"):format(seconds))
      assert.truthy(kibibytes() - before < 64)
    end)

    for _, row in ipairs{
      {{0, {1}}, "cancel_backfills: team_id must be"}, {{1, 5}, "cancel_backfills: ids must be a list, got a number"},
      {{1, {1, 0}}, "cancel_backfills: ids[2] must be"}, {{1, {1, x = 2}}, "ids must be a list without holes"},
      {{1, {1}, {concurrency = 0}}, "option 'concurrency' must be a whole number from 1 to 1000, got 0"},
      {{1, {1}, {concurency = 5}}, 'cancel_backfills: there is no option "concurency"; there are concurrency, '},
      {{1, {1}, {token = "SECRET\n"}}, "override 'token' must be printable ASCII"},
      {{1, {1}, {timeout = -1}}, "override 'timeout' must be"},
      {{1, {1}, {on_result = true}}, "option 'on_result' must be a function, got true"},
    } do
      it("refuses before anything is sent: " .. row[2], function()
        local ok, message = pcall(client.cancel_backfills, client, row[1][1], row[1][2], row[1][3])
        assert.is_false(ok)
        assert.truthy(message:find(row[2], 1, true), message)
        assert.is_nil(message:find("SECRET", 1, true))
        assert.equal(0, service:statistics().requests)
      end)
    end
  end)

  describe("cancel_incomplete_backfills", function()
    it("cancels everything that is not final", function()
      add(3, "CREATED")
      add(3, "FAILED")
      local before = #assert(client:list_incomplete_backfills(TEAM))
      local results = client:cancel_incomplete_backfills(TEAM)
      -- One of the ready-made world always answers 500.
      assert.equal(before - 1, results.cancelled)
      assert.equal(1, results.failed)
      assert.equal(1, #client:list_incomplete_backfills(TEAM))
    end)

    it("cancels only those of a transfer, or of a status", function()
      local ids = add(4, "SCHEDULED")
      local by_status = client:cancel_incomplete_backfills(TEAM,
        {transfer_id = tostring(TRANSFER), status = "SCHEDULED"})
      assert.equal(4, by_status.cancelled)
      assert.equal("CANCELLED", client:get_backfill(TEAM, ids[1]).status)
      assert.equal("RUNNING", client:get_backfill(TEAM, 1003).status)
      local by_two = client:cancel_incomplete_backfills(TEAM, {status = {"RUNNING", "FAILED"}, transfer_id = TRANSFER})
      assert.equal(2, by_two.cancelled)
      assert.equal("CREATED", client:get_backfill(TEAM, 1001).status)
    end)

    it("sends nothing but GETs in a dry run, and shows what it would cancel", function()
      add(5)
      local before = service:statistics()
      local results = client:cancel_incomplete_backfills(TEAM, {dry_run = true, transfer_id = TRANSFER})
      assert.is_true(results.dry_run)
      assert.equal(7, #results)
      assert.equal(0, results.cancelled)
      for _, result in ipairs(results) do
        assert.truthy(result.backfill:is_cancellable())
      end
      local after = service:statistics()
      assert.equal(before.requests + 1, after.requests)
      assert.equal(0, after.by_operation.cancel_backfill)
    end)

    it("cancels 250 by one call, 120 of which somebody else ends half-way, so that they are refused", function()
      client:cancel_incomplete_backfills(TEAM)
      local ids = add(250)
      local other = client_module.new{api_key = service.api_key, base_url = service.base_url}
      local passes, meddled = 0, 0
      client.settings.on_attempt = function(attempt)
        passes = passes + (attempt.operation == "list_incomplete_backfills" and 1 or 0)
      end
      local results = client:cancel_incomplete_backfills(TEAM, {transfer_id = TRANSFER, on_result = function()
        if meddled < passes and meddled < 2 then
          meddled = meddled + 1
          -- The newest come first, 100 in a pass: these are the last 60 of the one that is under way.
          local theirs = {}
          for index = 1, 60 do
            theirs[index] = ids[250 - meddled * 100 + index]
          end
          assert.equal(60, other:cancel_backfills(TEAM, theirs).cancelled)
        end
      end})
      assert.equal(250, #results)
      assert.equal(130, results.cancelled)
      assert.equal(120, results.failed)
      for _, result in ipairs(results) do
        assert.truthy(result.backfill or result.err.kind == "unprocessable")
      end
      for _, id in ipairs(ids) do
        assert.equal("CANCELLED", client:get_backfill(TEAM, id).status)
      end
      other:close()
    end)

    it("tries none for ever that the service lists and refuses", function()
      local ids = add(150)
      local faults = {}
      for index = 31, 150 do
        faults[#faults + 1] = {operation = "cancel_backfill", backfill_id = digits(ids[index]), status = 422}
      end
      service:faults(faults)
      local results = client:cancel_incomplete_backfills(TEAM, {transfer_id = TRANSFER, concurrency = 20})
      assert.equal(#results, service:statistics().by_operation.cancel_backfill)
      assert.equal(results.cancelled + results.failed, #results)
      assert.truthy(results.failed >= 95)
    end)

    it("returns the error where the list cannot be had, with what was done before", function()
      service:faults{{operation = "list_incomplete_backfills", status = 403, code = "ACCESS_DENIED"}}
      local results, err = client:cancel_incomplete_backfills(TEAM)
      assert.is_nil(results)
      assert.equal("forbidden", err.kind)
      assert.equal(0, #err.results)
    end)

    it("ends with the first refusal of the key", function()
      add(120)
      service:faults{{operation = "cancel_backfill", status = 401, code = "API_KEY_INVALID"}}
      local results = client:cancel_incomplete_backfills(TEAM)
      assert.equal("unauthorized", results.stopped_by.kind)
      assert.equal(0, results.cancelled)
      assert.equal(1, service:statistics().by_operation.list_incomplete_backfills)
    end)

    for _, row in ipairs{
      {{status = "COMPLETED"}, "option 'status' must be CREATED, SCHEDULED, RUNNING or FAILED, or a list of them, got"},
      {{status = {}}, "option 'status' must not be an empty list"},
      {{transfer_id = 0}, "option 'transfer_id' must be an integer"},
      {{dry_run = "yes"}, "option 'dry_run' must be true or false"},
      {{dryrun = true}, 'there is no option "dryrun"'},
    } do
      it("refuses before anything is sent: " .. row[2], function()
        local ok, message = pcall(client.cancel_incomplete_backfills, client, TEAM, row[1])
        assert.is_false(ok)
        assert.truthy(message:find("cancel_incomplete_backfills: " .. row[2], 1, true), message)
        assert.equal(0, service:statistics().requests)
      end)
    end
  end)
end)

describe("supermetrics.cancelling module over TLS", function()
  local service

  local function start(options)
    service = sandbox.start(options)
    return client_module.new{api_key = service.api_key, base_url = service.base_url, ca_file = service.ca_file}
  end

  after_each(function()
    service:stop()
  end)

  local function cancel_many(client)
    local ids = service:add_backfills{team_id = TEAM, transfer_id = TRANSFER, count = 300, status = "RUNNING"}
    local results = client:cancel_backfills(TEAM, ids, {concurrency = 50})
    client:close()
    return results.cancelled
  end

  it("uses one connection for all where the service speaks HTTP/2", function()
    local client = start{tls = true}
    service:faults{{operation = "cancel_backfill", delay = 0.02}}
    assert.equal(300, cancel_many(client))
    assert.equal(1, service:statistics().connections)
  end)

  it("uses as many as it has calls in flight where it speaks HTTP/1.1", function()
    local client = start{tls = true, http1 = true}
    service:faults{{operation = "cancel_backfill", delay = 0.02}}
    assert.equal(300, cancel_many(client))
    assert.equal(50, service:statistics().connections)
  end)
end)

describe("supermetrics.gate module", function()
  it("keeps a batch from sending after the deadline", function()
    local server = scripted_server.start()
    server:script{answers.error(500, "INTERNAL_SERVER_ERROR")}
    local clockwork = skipping_clockwork.new()
    clockwork.factor = 1
    local client = client_module.new({api_key = "key_of_the_gate_spec", base_url = server:base_url()}, clockwork)
    local results = client:cancel_backfills(1, {67890, 2, 3}, {concurrency = 1, deadline = 1})
    assert.equal(3, results.failed)
    assert.equal("server_error", results[1].err.kind)
    client:close()
    server:stop()
  end)
end)
