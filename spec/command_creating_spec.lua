-- supermetrics-backfill create.

local command = require "spec.support.command"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local cjson = require("cjson").new()

describe("supermetrics-backfill create", function()
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

  it("creates a backfill and shows it", function()
    local exit_code, stdout, stderr = cli:run("create", "12345", "505", "2024-06-01", "2024-06-30")
    assert.same({0, ""}, {exit_code, stderr})
    assert.truthy(stdout:find("^backfill    3001\ntransfer    505\nstatus      CREATED\nrange       2024%-06%-01 to "
      .. "2024%-06%-30\n"), stdout)
    local document
    exit_code, document = cli:json("create", "12345", "505", "2024-07-01", "2024-07-31")
    assert.same({0, 3002, "CREATED"},
      {exit_code, document.backfill.transfer_backfill_id, document.backfill.status})
  end)

  it("says why it was not created", function()
    local exit_code, document = cli:json("create", "12345", "502", "2024-01-15", "2024-01-20")
    assert.same({1, "unprocessable"}, {exit_code, document.error.kind})
    assert.equal(4, (cli:run("create", "12345", "999", "2024-01-15", "2024-01-20")))
  end)

  it("says with exit code 8 that nobody knows whether it was", function()
    service:faults{{operation = "create_backfill", drop = "after"},
      {operation = "get_latest_backfill", status = 500}}
    local exit_code, document = cli:json("create", "12345", "505", "2024-06-01", "2024-06-30", "--max-attempts", "1")
    assert.same({8, "unknown"}, {exit_code, document.error.outcome})
    assert.equal(1, service:statistics().applied.create_backfill)
  end)

  it("--dry-run shows what would be sent, without a key and without sending anything", function()
    local keyless = cli:with{SUPERMETRICS_API_KEY = ""}
    local exit_code, stdout = keyless:run("create", "12345", "505", "2024-06-01", "2024-06-30", "--dry-run")
    assert.equal(0, exit_code)
    assert.equal('would send: POST /teams/12345/transfers/505/backfills\n'
      .. '{"range_end":"2024-06-30","range_start":"2024-06-01"}\n', stdout)
    exit_code = keyless:run("create", "12345", "505", "2024-06-30", "2024-02-30", "--dry-run")
    assert.equal(2, exit_code)
    assert.equal(0, service:statistics().requests)
  end)

  it("sends exactly that without --dry-run", function()
    local words = {"create", "12345", "9223372036854775807", "2024-06-01", "2024-06-30", "--max-attempts", "1"}
    local server = scripted_server.start()
    server:script{scripted_server.response{status = 400, body = "{}"}}
    words[#words + 1] = "--base-url=" .. server:base_url()
    local unpack = table.unpack or unpack -- luacheck: ignore
    cli:run(unpack(words))
    local request = server:requests()[1]
    server:stop()
    words[#words + 1] = "--dry-run"
    local _, document = cli:json(unpack(words))
    assert.equal(request.method, document.request.method)
    assert.equal(request.path, "/v1" .. document.request.path)
    assert.same(cjson.decode(request.body), document.request.body)
  end)
end)
