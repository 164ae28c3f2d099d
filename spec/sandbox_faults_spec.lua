-- Faults on demand: which request they strike, and what the client sees of it over real sockets.

local cqueues = require "cqueues"
local fault_reader = require "supermetrics.sandbox.fault_reader"
local faults = require "supermetrics.sandbox.faults"
local sandbox = require "spec.support.sandbox"

local backfill_path, transfer_path = sandbox.backfill_path, sandbox.transfer_path

describe("supermetrics.sandbox.fault_reader module", function()
  it("takes every field", function()
    local list = assert(fault_reader.read {
      {operation = "*", delay = 0.5},
      {operation = "get_backfill", requests = {1, 3}, times = 1, backfill_id = 1003, drop = "before"},
      {operation = "cancel_backfill", backfill_id = "9223372036854775807", drop = "after"},
      {operation = "create_backfill", status = 429, code = "API_ROW_QUOTA_EXCEEDED", retry_after = 3600},
      {operation = "list_incomplete_backfills", status = 503, retry_after_date = -5},
      {operation = "get_latest_backfill", status = 502, text = "<html>"},
      {operation = "*", truncate = 0, delay = 0},
      {operation = "*", garbage = true},
      {operation = "*", text = ""},
    })
    assert.equal(9, #list)
    assert.same({[1] = true, [3] = true}, list[2].requests)
    assert.equal("1003", list[2].backfill_id)
    assert.equal("9223372036854775807", list[3].backfill_id)
  end)

  it("names what is wrong, and with which fault", function()
    local function assert_complaint(expected, fault)
      local list, complaint = fault_reader.read {{operation = "*", delay = 0}, fault}
      assert.is_nil(list)
      assert.equal("Fault 2: ", complaint:sub(1, 9))
      assert.truthy(complaint:find(expected, 1, true), complaint)
    end
    assert_complaint('there is no field "stauts"', {operation = "*", stauts = 500})
    assert_complaint("operation is missing", {status = 500})
    assert_complaint("operation must be one of *, get_backfill, cancel_backfill", {operation = "cancel", status = 500})
    assert_complaint("requests must be a list", {operation = "*", status = 500, requests = 1})
    assert_complaint("requests must be a list", {operation = "*", status = 500, requests = {}})
    assert_complaint("requests must be a list", {operation = "*", status = 500, requests = {1, 0}})
    assert_complaint("times must be", {operation = "*", status = 500, times = 0})
    assert_complaint("backfill_id must be an id", {operation = "*", status = 500, backfill_id = 2 ^ 53})
    assert_complaint("delay must be", {operation = "*", delay = -1})
    assert_complaint("delay must be", {operation = "*", delay = 3601})
    assert_complaint("status must be", {operation = "*", status = 100})
    assert_complaint("status must be", {operation = "*", status = "500"})
    assert_complaint("retry_after must be", {operation = "*", status = 429, retry_after = 0.5})
    assert_complaint('drop must be "before" or "after"', {operation = "*", drop = true})
    assert_complaint("truncate must be", {operation = "*", truncate = -1})
    assert_complaint("garbage must be true", {operation = "*", garbage = "yes"})
    assert_complaint("text must be", {operation = "*", text = {}})
    assert_complaint("it does nothing", {operation = "*"})
    assert_complaint("status and drop exclude each other", {operation = "*", status = 500, drop = "after"})
    assert_complaint("garbage and text exclude each other", {operation = "*", garbage = true, text = "x"})
    assert_complaint("retry_after needs a status", {operation = "*", drop = "after", retry_after = 1})
    assert_complaint("code needs a status", {operation = "*", delay = 1, code = "X"})
    assert_complaint("exclude each other", {operation = "*", status = 429, retry_after = 1, retry_after_date = 1})
    assert_complaint("code and text exclude each other", {operation = "*", status = 429, code = "X", text = "x"})
    assert_complaint("names no backfill_id", {operation = "create_backfill", status = 500, backfill_id = "1"})
    assert_complaint("it must be an object", "drop")
  end)
end)

describe("supermetrics.sandbox.faults module", function()
  -- The numbers of the requests that a single fault strikes, out of so many to one operation.
  local function struck(fault, count, operation, backfill_id)
    fault.status = 500
    local all = faults.new(assert(fault_reader.read {fault}))
    local numbers = {}
    for number = 1, count do
      if all:take(operation or "get_backfill", backfill_id) then
        table.insert(numbers, number)
      end
    end
    return numbers
  end

  it("strikes every request where it does not say which", function()
    assert.same({1, 2, 3}, struck({operation = "get_backfill"}, 3))
    assert.same({1, 2, 3}, struck({operation = "*"}, 3))
    assert.same({}, struck({operation = "cancel_backfill"}, 3))
  end)

  it("strikes the requests that it numbers, and no more often than it says", function()
    assert.same({2, 4}, struck({operation = "get_backfill", requests = {2, 4}}, 6))
    assert.same({1, 2}, struck({operation = "*", times = 2}, 6))
    assert.same({2}, struck({operation = "*", requests = {2, 4}, times = 1}, 6))
  end)

  it("strikes only requests for its backfill", function()
    assert.same({1, 2}, struck({operation = "*", backfill_id = 7}, 2, nil, "7"))
    assert.same({}, struck({operation = "*", backfill_id = 7}, 2, nil, "8"))
    assert.same({}, struck({operation = "*", backfill_id = 7}, 2, "create_backfill"))
  end)

  it("counts over the requests that operation and backfill leave", function()
    local all = faults.new(assert(fault_reader.read {
      {operation = "cancel_backfill", backfill_id = 7, requests = {1}, status = 500},
    }))
    assert.is_nil(all:take("cancel_backfill", "8"))
    assert.is_nil(all:take("get_backfill", "7"))
    assert.truthy(all:take("cancel_backfill", "7"))
    assert.is_nil(all:take("cancel_backfill", "7"))
  end)

  it("lets the first that fits strike, and the others count", function()
    local all = faults.new(assert(fault_reader.read {
      {operation = "cancel_backfill", requests = {1}, status = 500},
      {operation = "*", requests = {2}, status = 502},
      {operation = "*", status = 503},
    }))
    local statuses = {}
    for index = 1, 4 do
      statuses[index] = all:take("cancel_backfill", "7").status
    end
    assert.same({500, 502, 503, 503}, statuses)
  end)
end)

describe("supermetrics.sandbox.misbehaviour module: a fault", function()
  local s

  setup(function()
    s = sandbox.start()
  end)

  teardown(function()
    s:stop()
  end)

  before_each(function()
    s:reset()
  end)

  local function status_of(backfill_id)
    return s:get(backfill_id).json.data.status
  end

  it("drops before: no answer, nothing applied, and the next request goes through", function()
    s:faults {{operation = "cancel_backfill", requests = {1}, drop = "before"}}
    assert.is_nil(s:cancel("1003"))
    assert.equal("RUNNING", status_of("1003"))
    assert.equal(0, s:statistics().applied.cancel_backfill)
    assert.equal(200, s:cancel("1003").status)
    assert.equal(2, s:statistics().by_operation.cancel_backfill)
  end)

  it("drops after: applied without an answer", function()
    s:faults {{operation = "cancel_backfill", drop = "after", times = 1}}
    assert.is_nil(s:cancel("1003"))
    assert.equal("CANCELLED", status_of("1003"))
    local statistics = s:statistics()
    assert.same({1, 1}, {statistics.applied.cancel_backfill, statistics.by_operation.cancel_backfill})
    assert.equal(422, s:cancel("1003").status)
  end)

  it("drops a connection that was in use before", function()
    s:faults {{operation = "get_backfill", requests = {3}, drop = "after"}}
    local connection = s:connect()
    for _ = 1, 2 do
      assert.equal(200, sandbox.exchange(connection, "GET", backfill_path("1003")).status)
    end
    assert.is_nil(sandbox.exchange(connection, "GET", backfill_path("1003")))
    connection:close()
  end)

  it("drops after a create: exactly one was made, and latest shows it", function()
    s:faults {{operation = "create_backfill", drop = "after"}}
    assert.is_nil(s:create("505", "2024-01-01", "2024-01-02"))
    assert.equal(1, s:statistics().applied.create_backfill)
    assert.equal("2024-01-02", s:request("GET", transfer_path("505") .. "/latest").json.data.range_end_date)
  end)

  it("answers with a status, and applies nothing", function()
    for status, code in pairs {[401] = "UNAUTHORIZED", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [418] = "BAD_REQUEST",
      [422] = "UNPROCESSABLE_ENTITY", [500] = "INTERNAL_SERVER_ERROR", [503] = "SERVICE_UNAVAILABLE"} do
      s:faults {{operation = "cancel_backfill", status = status}}
      local response = s:cancel("1003")
      assert.same({status, code}, {response.status, response.json.error.code})
      assert.equal(response.headers["x-request-id"], response.json.meta.request_id)
      assert.is_nil(response.headers["retry-after"])
    end
    assert.equal("RUNNING", status_of("1003"))
    assert.equal(0, s:statistics().applied.cancel_backfill)
  end)

  it("answers with a code and Retry-After, in seconds or as a date", function()
    s:faults {
      {operation = "get_backfill", requests = {1}, status = 429, code = "API_ROW_QUOTA_EXCEEDED", retry_after = 3600},
      {operation = "get_backfill", requests = {2}, status = 503, retry_after_date = 5},
    }
    local response = s:get("1003")
    assert.same({429, "API_ROW_QUOTA_EXCEEDED", "3600"},
      {response.status, response.json.error.code, response.headers["retry-after"]})
    assert.truthy(s:get("1003").headers["retry-after"]:find("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$"))
    assert.equal(200, s:get("1003").status)
  end)

  it("answers with a text, with its status or with 200", function()
    s:faults {
      {operation = "cancel_backfill", requests = {1}, status = 502, text = "<html>Bad gateway</html>"},
      {operation = "cancel_backfill", requests = {2}, text = '{"data":{"status":"RUNNING"}}'},
    }
    local response = s:cancel("1003")
    assert.same({502, "<html>Bad gateway</html>"}, {response.status, response.text})
    assert.equal("RUNNING", status_of("1003"))
    response = s:cancel("1003")
    assert.same({200, '{"data":{"status":"RUNNING"}}'}, {response.status, response.text})
    assert.equal("CANCELLED", status_of("1003"))
  end)

  it("answers 204 and 304 without a body, and the connection goes on", function()
    local connection = s:connect()
    for _, status in ipairs {204, 304} do
      s:faults {{operation = "get_backfill", requests = {1}, status = status}}
      local response = sandbox.exchange(connection, "GET", backfill_path("1003"))
      assert.same({status, ""}, {response.status, response.text})
      assert.equal(200, sandbox.exchange(connection, "GET", backfill_path("1003")).status)
    end
    connection:close()
  end)

  it("truncates the body of what was applied", function()
    for index, length in ipairs {0, 1, 100} do
      local backfill_id = tostring(1000 + index)
      s:faults {{operation = "cancel_backfill", truncate = length}}
      local response = s:cancel(backfill_id)
      assert.same({200, length, false}, {response.status, #response.text, response.is_whole})
      assert.equal("CANCELLED", status_of(backfill_id))
    end
  end)

  it("sends garbage after it has applied", function()
    s:faults {{operation = "cancel_backfill", garbage = true}}
    local response = s:cancel("1003")
    assert.same({200, true}, {response.status, response.is_whole})
    assert.is_nil(response.json)
    assert.equal("CANCELLED", status_of("1003"))
  end)

  it("applies at once and answers after its delay", function()
    s:faults {{operation = "cancel_backfill", delay = 0.2}}
    local connection = s:connect()
    local started = cqueues.monotime()
    connection:write(sandbox.request_text("PATCH", backfill_path("1003"), {body = sandbox.CANCEL}))
    repeat
      local is_applied = s:statistics().applied.cancel_backfill == 1
    until is_applied
    assert.equal(200, sandbox.receive(connection).status)
    assert.truthy(cqueues.monotime() - started >= 0.2)
    connection:close()
  end)

  it("delays one request without holding up others", function()
    s:faults {{operation = "get_backfill", backfill_id = 1003, delay = 3600}}
    local connection = s:connect()
    connection:write(sandbox.request_text("GET", backfill_path("1003"), {}))
    for _ = 1, 20 do
      assert.equal(200, s:get("1002").status)
    end
    connection:close()
  end)

  it("delays fifty requests at a time as long as one", function()
    s:faults {{operation = "cancel_backfill", delay = 0.5}}
    local ids = s:add_backfills {count = 50, status = "RUNNING"}
    local connections = {}
    local started = cqueues.monotime()
    for index, id in ipairs(ids) do
      connections[index] = s:connect()
      connections[index]:write(sandbox.request_text("PATCH", backfill_path(id), {body = sandbox.CANCEL}))
    end
    for _, connection in ipairs(connections) do
      assert.equal(200, sandbox.receive(connection).status)
      connection:close()
    end
    local seconds = cqueues.monotime() - started
    -- One after the other they would take 25 s.
    assert.truthy(seconds >= 0.5 and seconds < 5, seconds)
  end)

  it("delays a drop, too", function()
    s:faults {{operation = "get_backfill", delay = 0.1, drop = "before"}}
    local started = cqueues.monotime()
    assert.is_nil(s:get("1003"))
    assert.truthy(cqueues.monotime() - started >= 0.1)
  end)

  it("strikes before the key is looked at", function()
    s:faults {{operation = "cancel_backfill", status = 422}}
    assert.equal(422, s:cancel("1003", {authorization = false}).status)
  end)

  it("does not strike the sandbox's own endpoints", function()
    s:faults {{operation = "*", drop = "before"}}
    assert.equal(0, s:statistics().requests)
  end)

  it("ends with the next list, with DELETE and with a reset", function()
    local endings = {
      function() s:faults {} end,
      function() assert.same({faults = 0}, s:control("DELETE", "/sandbox/faults")) end,
      function() s:reset() end,
    }
    for _, finish in ipairs(endings) do
      assert.same({faults = 1}, s:faults {{operation = "*", status = 500}})
      assert.equal(500, s:get("1003").status)
      finish()
      assert.equal(200, s:get("1003").status)
    end
  end)

  it("that is misspelt is refused with 400 by its name, and leaves those in force", function()
    s:faults {{operation = "get_backfill", status = 503}}
    for body, complaint in pairs {
      ['[{"operation":"get_backfill","dealy":1}]'] = 'Fault 1: there is no field "dealy".',
      ['[{"operation":"get_backfil","delay":1}]'] = "Fault 1: operation must be one of *, get_backfill, ",
      ['{"operation":"get_backfill","delay":1}'] = "not a JSON list of faults",
      ["[1"] = "not a JSON list of faults",
    } do
      local response = s:request("POST", "/sandbox/faults", {body = body})
      assert.equal(400, response.status)
      assert.truthy(response.json.error.description:find(complaint, 1, true))
    end
    assert.equal(503, s:get("1003").status)
  end)
end)
