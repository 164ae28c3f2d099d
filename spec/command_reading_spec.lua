-- supermetrics-backfill get, latest and list, for people and for programs; and the exit codes of what goes wrong.

local command = require "spec.support.command"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local unreachable_port = require "spec.support.unreachable_port"

local unpack = table.unpack or unpack -- luacheck: ignore

describe("supermetrics-backfill", function()
  local service, cli

  setup(function()
    service = sandbox.start()
    cli = command.new(service)
  end)

  teardown(function()
    service:stop()
  end)

  before_each(function()
    service:reset()
  end)

  it("get shows a backfill and its failed runs", function()
    local exit_code, stdout, stderr = cli:run("get", "12345", "1004")
    assert.same({0, ""}, {exit_code, stderr})
    assert.equal([[
backfill    1004
transfer    502
status      FAILED
range       2024-04-01 to 2024-04-14
runs ended  14 of 14, 2 failed
created     2024-04-20T07:00:00Z by user 789
started     2024-04-20T07:05:00Z
ended       2024-04-20T07:40:00Z
failed run  2024-04-03  The data source did not answer in time.
failed run  2024-04-09  The login of the data source has been revoked.
]], stdout)
  end)

  it("get --json prints every field, in order, on every Lua with the same bytes", function()
    local _, _, text = cli:json("get", "12345", "1006")
    assert.equal('{"backfill":{"created_time":"2024-01-10T07:00:00Z","created_user_id":789,'
      .. '"end_time":"2024-01-10T08:15:00Z","error_report":[],"range_end_date":"2023-11-30",'
      .. '"range_start_date":"2023-11-01","removed_time":"2024-01-10T08:15:00Z","removed_user_id":790,'
      .. '"start_time":"2024-01-10T08:00:00Z","status":"CANCELLED","transfer_backfill_id":1006,'
      .. '"transfer_id":503,"transfer_runs_completed":12,"transfer_runs_created":30,'
      .. '"transfer_runs_failed":0,"transfer_runs_total":30}}\n', text)
  end)

  it("keeps every digit of an id, in both forms", function()
    for _, id in ipairs{"9007199254740993", "9223372036854775807"} do
      assert.truthy(select(2, cli:run("get", "12345", id)):find("^backfill    " .. id .. "\n"))
      local _, _, text = cli:json("get", "12345", id)
      assert.truthy(text:find('"transfer_backfill_id":' .. id .. ",", 1, true), text)
    end
  end)

  it("latest shows the newest backfill of a transfer", function()
    assert.truthy(select(2, cli:run("latest", "12345", "502")):find("^backfill    1003\n"))
    local exit_code, document = cli:json("latest", "12345", "502")
    assert.same({0, 1003}, {exit_code, document.backfill.transfer_backfill_id})
    exit_code = cli:run("latest", "12345", "505")
    assert.equal(4, exit_code)
  end)

  it("list shows those that are incomplete", function()
    local exit_code, stdout, stderr = cli:run("list", "12345")
    assert.same({0, ""}, {exit_code, stderr})
    local lines = {}
    for line in stdout:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(8, #lines)
    assert.equal("BACKFILL             TRANSFER  STATUS     RANGE                     RUNS ENDED          CREATED",
      lines[1])
    assert.equal("1004                 502       FAILED     2024-04-01 to 2024-04-14  14 of 14, 2 failed  "
      .. "2024-04-20T07:00:00Z", lines[8])
    local document
    exit_code, document = cli:json("list", "12345")
    assert.same({0, 7, 1004}, {exit_code, #document.backfills, document.backfills[7].transfer_backfill_id})
  end)

  it("list of nothing is an empty output, and an empty list", function()
    local other = cli:with{SUPERMETRICS_API_KEY = "sandbox_other_team_key"}
    service:request("PATCH", sandbox.backfill_path("2001", "67890"),
      {key = "sandbox_other_team_key", body = sandbox.CANCEL})
    assert.same({0, "", "no incomplete backfills\n"}, {other:run("list", "67890")})
    assert.equal('{"backfills":[]}\n', select(3, other:json("list", "67890")))
  end)

  it("list says so where the service shows no more", function()
    service:add_backfills{count = 120}
    local exit_code, stdout, stderr = cli:run("list", "12345")
    assert.equal(0, exit_code)
    assert.equal(101, select(2, stdout:gsub("\n", "")))
    assert.equal("these are the newest 100; the service lists no more\n", stderr)
  end)

  it("shows nothing of the service's that could steer a terminal", function()
    service:faults{{operation = "get_backfill",
      text = '{"data":{"transfer_backfill_id":1003,"status":"\\u001b[2J\\r\\n"}}'}}
    local exit_code, stdout = cli:run("get", "12345", "1003")
    assert.equal(0, exit_code)
    assert.is_nil(stdout:find("[%z\1-\9\11-\31]"))
  end)

  describe("exit code", function()
    -- In both forms, with a sentence; JSON has the error.
    local function assert_failure(exit_code, kind, runner, ...)
      local real, stdout, stderr = runner:run(...)
      assert.same({exit_code, ""}, {real, stdout}, stderr)
      assert.truthy(stderr:find("^supermetrics%-backfill: [^\n]+\n$"), stderr)
      assert.truthy(stderr:find(kind, 1, true), stderr)
      local document
      real, document = runner:json(...)
      assert.same({exit_code, kind}, {real, document.error.kind})
      return document.error
    end

    it("1: what the service refuses for other reasons, and where it fails", function()
      assert_failure(1, "rate_limited", cli:with{SUPERMETRICS_API_KEY = "sandbox_quota_used_up_key"},
        "get", "12345", "1003")
      assert_failure(1, "server_error", cli, "get", "12345", "1007", "--max-attempts", "1")
    end)

    it("3: the key was refused, or may not do this", function()
      local err = assert_failure(3, "unauthorized", cli:with{SUPERMETRICS_API_KEY = "wrong"}, "get", "12345", "1003")
      assert.same({401, "API_KEY_INVALID"}, {err.status, err.code})
      assert_failure(3, "forbidden", cli, "list", "67890")
    end)

    it("4: not found", function()
      local err = assert_failure(4, "not_found", cli, "get", "12345", "9999")
      assert.same({404, "NOT_FOUND", "not_applied", "GET /teams/12345/backfills/9999", 1},
        {err.status, err.code, err.outcome, err.request, err.attempts})
      assert.truthy(err.request_id:find("^sandbox%-"))
      assert.truthy(err.summary:find("^get_backfill: not_found %(HTTP 404"))
    end)

    it("9: no connection, no TLS, no answer in time", function()
      local refused = unreachable_port.refused()
      assert_failure(9, "network", cli, "get", "12345", "1003", "--max-attempts", "1", "--base-url", refused:base_url())
      refused:stop()
      service:faults{{operation = "get_backfill", delay = 60}}
      assert_failure(9, "timeout", cli, "get", "12345", "1003", "--max-attempts", "1", "--attempt-timeout", "0.05")
      assert_failure(9, "timeout", cli, "get", "12345", "1003", "--deadline", "0.05")
      local secure = sandbox.start{tls = true}
      local words = {"get", "12345", "1003", "--max-attempts", "1", "--base-url", secure.base_url}
      assert_failure(9, "tls", cli, unpack(words))
      words[#words + 1] = "--ca-file"
      words[#words + 1] = secure.ca_file
      assert.equal(0, (cli:run(unpack(words))))
      secure:stop()
    end)
  end)

  it("makes valid UTF-8 of a body that is none", function()
    local server = scripted_server.start()
    server:script{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\255\"a\195"}
    local exit_code, document = cli:json("get", "12345", "1003", "--base-url", server:base_url(), "--max-attempts", "1")
    server:stop()
    assert.same({1, "invalid_response"}, {exit_code, document.error.kind})
    assert.equal("\239\191\189\"a\239\191\189", document.error.body)
  end)
end)
