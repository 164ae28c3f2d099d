-- supermetrics-backfill wait, off a terminal.

local command = require "spec.support.command"
local sandbox = require "spec.support.sandbox"
local process = require "spec.support.process"

describe("supermetrics-backfill wait", function()
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

  it("shows the backfill that has completed, with exit code 0", function()
    local exit_code, stdout, stderr = cli:run("wait", "12345", "1005")
    assert.equal(0, exit_code)
    assert.truthy(stdout:find("^backfill    1005\ntransfer    503\nstatus      COMPLETED\n"), stdout)
    assert.equal("backfill 1005 of transfer 503: COMPLETED, 2023-12-01 to 2023-12-31, 31 of 31 runs ended\n", stderr)
  end)

  it("tells of its progress line by line until it has", function()
    local child = process.start(command.words("wait", "12345", "1003", "--json"), cli.environment, {stderr = "stdout"})
    assert.equal("backfill 1003 of transfer 502: RUNNING, 2024-01-01 to 2024-01-31, 25 of 31 runs ended",
      child:read_line())
    service:advance(24 * 3600)
    assert.equal("backfill 1003 of transfer 502: COMPLETED, 2024-01-01 to 2024-01-31, 31 of 31 runs ended",
      child:read_line())
    local exit_code, output = child:wait()
    assert.equal(0, exit_code)
    assert.truthy(output:find('^{"backfill":{[^\n]*"status":"COMPLETED"[^\n]*}}\n$'), output)
  end)

  it("ends with exit code 6 where the backfill FAILED or was CANCELLED", function()
    for backfill_id, status in pairs{["1004"] = "FAILED", ["1006"] = "CANCELLED"} do
      local exit_code, document = cli:json("wait", "12345", backfill_id, "--quiet")
      assert.same({6, status}, {exit_code, document.backfill.status})
    end
  end)

  it("ends with exit code 7 where the time runs out, and shows what was seen last", function()
    local exit_code, document, _, stderr = cli:json("wait", "12345", "1001", "--timeout", "0.2", "--quiet")
    assert.same({7, "timeout", "CREATED"}, {exit_code, document.error.kind, document.error.backfill.status})
    assert.truthy(stderr:find("^supermetrics%-backfill: wait_for_backfill: timeout: the backfill had not ended "
      .. "after 0%.%d+ s, it is CREATED; "), stderr)
    assert.equal(7, (cli:run("wait", "12345", "1001", "--deadline", "0.2")))
  end)

  it("ends with what went wrong where it cannot look", function()
    assert.equal(4, (cli:run("wait", "12345", "9999")))
    assert.equal(3, (cli:with{SUPERMETRICS_API_KEY = "wrong"}:run("wait", "12345", "1003")))
  end)
end)
