-- The sandbox's own endpoints over real sockets.

local sandbox = require "spec.support.sandbox"

local backfill_path = sandbox.backfill_path

local function assert_error(status, code, response)
  assert.same({status, code}, {response.status, response.json.error and response.json.error.code})
  assert.truthy(response.json.error.message:find("%S"))
  assert.truthy(response.json.error.description:find("%S"))
  assert.is_nil(response.json.data)
end

local function no_requests()
  return {
    connections = 0,
    requests = 0,
    by_operation = {get_backfill = 0, cancel_backfill = 0, list_incomplete_backfills = 0, get_latest_backfill = 0,
      create_backfill = 0},
    applied = {cancel_backfill = 0, create_backfill = 0},
  }
end

describe("supermetrics.sandbox.control module: the sandbox's own endpoints", function()
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

  it("count connections and requests, but not themselves", function()
    local connection = s:connect()
    for _ = 1, 3 do
      sandbox.exchange(connection, "GET", backfill_path("1003"))
    end
    sandbox.exchange(connection, "PATCH", backfill_path("9999"), {body = sandbox.CANCEL})
    sandbox.exchange(connection, "GET", "/nowhere")
    s:get("1003")
    local expected = no_requests()
    expected.connections, expected.requests = 2, 6
    expected.by_operation.get_backfill, expected.by_operation.cancel_backfill = 4, 1
    assert.same(expected, s:statistics())
    assert.same(expected, s:statistics())
    connection:close()
  end)

  it("bring the world and the counters back to their start", function()
    s:cancel("1003")
    s:faults {{operation = "get_backfill", status = 500}}
    assert.same(no_requests(), s:request("POST", "/sandbox/reset").json)
    assert.same(no_requests(), s:statistics())
    assert.equal("RUNNING", s:get("1003").json.data.status)
  end)

  it("let time pass, in which runs at work finish after a cancel", function()
    assert.equal(25, s:cancel("1003").json.data.transfer_runs_completed)
    local response = s:request("POST", "/sandbox/advance", {body = '{"seconds":60}'})
    assert.equal(200, response.status)
    assert.truthy(response.json.time)
    local backfill = s:get("1003").json.data
    assert.same({"CANCELLED", 27}, {backfill.status, backfill.transfer_runs_completed})
  end)

  it("refuse to let an impossible time pass", function()
    for _, body in ipairs {'{"seconds":-1}', '{"seconds":"60"}', '{"seconds":1e9}', "{}"} do
      assert_error(400, "INVALID_PARAMETER", s:request("POST", "/sandbox/advance", {body = body}))
    end
  end)

  it("count only the writes that took effect as applied", function()
    s:cancel("1003")
    s:cancel("1003")
    s:cancel("9999")
    s:create("505", "2024-01-01", "2024-01-02")
    s:create("505", "2024-01-02", "2024-01-03")
    local statistics = s:statistics()
    assert.same({cancel_backfill = 1, create_backfill = 1}, statistics.applied)
    assert.same({3, 2}, {statistics.by_operation.cancel_backfill, statistics.by_operation.create_backfill})
  end)

  it("let a created backfill run to its end", function()
    s:create("505", "2024-01-01", "2024-01-05")
    local statuses = {}
    for index = 1, 4 do
      s:advance(60)
      statuses[index] = s:get("3001").json.data.status
    end
    assert.same({"SCHEDULED", "RUNNING", "RUNNING", "COMPLETED"}, statuses)
  end)

  it("add backfills and answer their ids in order", function()
    local response = s:request("POST", "/sandbox/backfills",
      {authorization = false, body = '{"team_id":12345,"transfer_id":"505","count":3,"status":"FAILED"}'})
    assert.equal('{"transfer_backfill_ids":[3001,3002,3003]}', response.text)
    assert.equal("FAILED", s:get("3002").json.data.status)
    assert.same({3004}, s:add_backfills {})
    assert.equal("CREATED", s:get("3004").json.data.status)
  end)

  it("add 250 backfills of which the list shows 100 at a time", function()
    local ids = s:add_backfills {team_id = "67890", transfer_id = "601", count = 250, status = "RUNNING"}
    local options = {key = "sandbox_other_team_key", body = sandbox.CANCEL}
    local connection = s:connect()
    local sizes = {}
    repeat
      local list = sandbox.exchange(connection, "GET", "/v1/teams/67890/backfills", {key = options.key}).json.data
      table.insert(sizes, #list)
      for _, backfill in ipairs(list) do
        local path = backfill_path(("%d"):format(backfill.transfer_backfill_id), "67890")
        assert.equal(200, sandbox.exchange(connection, "PATCH", path, options).status)
      end
    until #list == 0
    connection:close()
    assert.same({100, 100, 51, 0}, sizes)
    assert.same({250, 251}, {#ids, s:statistics().applied.cancel_backfill})
  end)

  it("refuse to add what makes no sense, and say what that is", function()
    for body, complaint in pairs {
      ['{"transfer_id":505}'] = "team_id",
      ['{"team_id":12345,"transfer_id":5.5}'] = "transfer_id",
      ['{"team_id":12345,"transfer_id":505,"count":0}'] = "count",
      ['{"team_id":12345,"transfer_id":505,"count":10001}'] = "count",
      ['{"team_id":12345,"transfer_id":505,"count":"9"}'] = "count",
      ['{"team_id":12345,"transfer_id":505,"status":"DONE"}'] = "CREATED, SCHEDULED",
      ['{"team_id":12345,"transfer_id":505,"cuont":2}'] = "cuont",
    } do
      local response = s:request("POST", "/sandbox/backfills", {body = body})
      assert_error(400, "INVALID_PARAMETER", response)
      assert.truthy(response.json.error.description:find(complaint, 1, true))
    end
    local unknown = s:request("POST", "/sandbox/backfills", {body = '{"team_id":12345,"transfer_id":601}'})
    assert_error(404, "NOT_FOUND", unknown)
  end)
end)
