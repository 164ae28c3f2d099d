local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"

-- Built for Lua 5.4 by `make embed`; which Lua runs this spec makes no difference to them.
local FOLDER = "build/lua5.4/embed/"

describe("hosts in C of examples/embed", function()
  local service

  setup(function()
    service = sandbox.start()
  end)

  teardown(function()
    service:stop()
  end)

  local function run(name, ...)
    local child = process.start({FOLDER .. name, ...}, {SUPERMETRICS_API_KEY = service.api_key,
      SUPERMETRICS_BASE_URL = service.base_url, LUA_PATH = "/nowhere/?.lua",
      LD_PRELOAD = os.getenv("SPEC_EAGER_HOST")}, {stderr = "stdout"})
    local exit_code, output = child:wait()
    return output, exit_code
  end

  it("cancel a backfill with no Lua file of the library at hand", function()
    service:reset()
    assert.same({"backfill 1003 is CANCELLED\n", 0}, {run("cancel_backfill", "12345", "1003")})
    local output, exit_code = run("cancel_backfill", "12345", "1003")
    assert.equal(1, exit_code)
    assert.truthy(output:find("^cancel_backfill: unprocessable %(HTTP 422 "), output)
    output, exit_code = run("cancel_backfill", "12345", "0")
    assert.equal(2, exit_code)
    assert.truthy(output:find('backfill_id must be an integer .*, got "0"'), output)
  end)

  it("use a state and a client in each of 8 threads", function()
    service:reset()
    assert.same({"8 threads, 1600 of 1600 calls succeeded\n", 0}, {run("threads", "12345", "1001", "8", "200")})
    assert.equal(8, service:statistics().connections)
  end)
end)
