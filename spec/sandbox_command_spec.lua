-- The sandbox as a command, and as a module of another program.

local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"

local LUA_PATH = {LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;"}

-- Runs the command to its end.
local function run_command(...)
  return process.start({sandbox.COMMAND[1], sandbox.COMMAND[2], ...}, nil, {stderr = "stdout"}):wait()
end

describe("supermetrics.sandbox.command module", function()
  local s

  local function start(options)
    s = sandbox.start(options)
    return s
  end

  -- A spec that fails leaves it running otherwise.
  after_each(function()
    if s then
      s:stop()
      s = nil
    end
  end)

  it("prints its address and a key as lines to paste, then all else as comments", function()
    start()
    assert.equal(sandbox.FULL_KEY, s.api_key)
    local exit_code, rest = s:stop()
    assert.equal(0, exit_code)
    for line in rest:gmatch("[^\n]+") do
      assert.equal("#", line:sub(1, 1))
    end
    for _, text in ipairs {"# sandbox_read_only_key ", "# 9223372036854775807 ", "505; the last has never had",
      "GET    /sandbox/statistics", "POST   /sandbox/faults", "DELETE /sandbox/faults"} do
      assert.truthy(rest:find(text, 1, true), text)
    end
  end)

  for _, name in ipairs {"INT", "TERM"} do
    it("stops on SIG" .. name .. " with exit status 0 and a line, connections or not", function()
      start()
      local connection = s:connect()
      assert.equal(200, sandbox.exchange(connection, "GET", "/sandbox/statistics").status)
      s.process:signal(name)
      local exit_code, rest = s.process:wait()
      assert.equal(0, exit_code)
      assert.truthy(rest:find("# stopped\n$"))
      assert.is_nil((connection:read(1)))
      connection:close()
    end)
  end

  it("stops while an answer waits for its delay", function()
    start()
    s:faults {{operation = "*", delay = 3600}}
    local connection = s:connect()
    connection:write(sandbox.request_text("GET", sandbox.backfill_path("1003"), {}))
    repeat
      local has_arrived = s:statistics().requests == 1
    until has_arrived
    assert.equal(0, (s:stop()))
    assert.is_nil((connection:read(1)))
    connection:close()
  end)

  it("logs a line for each request, and never a credential", function()
    start {log = true}
    local connection = s:connect()
    local first = sandbox.exchange(connection, "GET", sandbox.backfill_path("1003") .. "?api_key=" .. sandbox.FULL_KEY)
    sandbox.exchange(connection, "GET", "/v1/" .. sandbox.FULL_KEY .. "/otok_sandbox_expired_token")
    sandbox.exchange(connection, "GET", "/v1/a_strangers_key", {key = "a_strangers_key"})
    local options = {authorization = "Basic c2VjcmV0", body = sandbox.CANCEL}
    sandbox.exchange(connection, "PATCH", sandbox.backfill_path("1003"), options)
    connection:close()
    local exit_code, rest = s:stop()
    assert.equal(0, exit_code)
    local log = assert(rest:match("\n(%d%d%d%d%-.*)# stopped\n$"))
    local lines = {}
    for line in log:gmatch("[^\n]+") do
      lines[#lines + 1] = line:gsub("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ ", ""):gsub(" sandbox%-[%w-]+$", "")
    end
    assert.same({
      "GET /v1/teams/12345/backfills/1003 200",
      "GET /v1/[removed]/[removed] 404",
      "GET /v1/[removed] 404",
      "PATCH /v1/teams/12345/backfills/1003 401",
    }, lines)
    assert.truthy(log:find(" " .. first.headers["x-request-id"] .. "\n", 1, true))
    local secrets = {sandbox.FULL_KEY, "otok_sandbox_expired_token", "a_strangers_key", "c2VjcmV0", "Bearer", "Basic"}
    for _, secret in ipairs(secrets) do
      assert.is_nil(log:find(secret, 1, true))
    end
  end)

  it("logs a request that it drops as dropped", function()
    start {log = true}
    s:faults {{operation = "get_backfill", drop = "before"}}
    assert.is_nil(s:get("1003"))
    local _, rest = s:stop()
    assert.truthy(rest:find("Z GET /v1/teams/12345/backfills/1003 dropped sandbox-", 1, true))
  end)

  it("refuses a port in use with one line and exit status 1", function()
    start()
    local exit_code, output = run_command("--port", tostring(s.port))
    assert.equal(1, exit_code)
    local expected = "supermetrics-sandbox: cannot listen on 127.0.0.1, port %d: Address already in use\n"
    assert.equal(expected:format(s.port), output)
  end)

  it("takes a port again that was just in use", function()
    local port = start().port
    local connection = s:connect()
    sandbox.exchange(connection, "GET", "/sandbox/statistics")
    assert.equal(0, (s:stop()))
    connection:close()
    assert.equal(port, start({port = port}).port)
  end)

  it("refuses arguments that it does not know with one line and exit status 1", function()
    for arguments, message in pairs {
      [{"--prot", "80"}] = "unknown option '--prot'",
      [{"--port", "http"}] = "a port is a number from 0 to 65535, not http",
      [{"--port", "65536"}] = "a port is a number from 0 to 65535, not 65536",
    } do
      local exit_code, output = run_command(arguments[1], arguments[2])
      assert.equal(1, exit_code)
      assert.truthy(output:find("^supermetrics%-sandbox: [^\n]+\n$"))
      assert.truthy(output:find(message, 1, true))
    end
  end)

  it("says so where it listens on more than loopback", function()
    local arguments = {sandbox.COMMAND[1], sandbox.COMMAND[2], "--host", "0.0.0.0"}
    local child = process.start(arguments, nil, {stderr = "stdout"})
    assert.equal("supermetrics-sandbox: listening on 0.0.0.0, not on loopback only: others may reach it",
      child:read_line())
    child:signal("TERM")
    child:wait()
  end)

  it("is a function for who requires it", function()
    local program = 'os.exit(require("supermetrics.sandbox.command"){"--quiet"})'
    local child = process.start({"luajit", "-e", program}, LUA_PATH)
    assert.truthy(child:read_line():find("^export SUPERMETRICS_BASE_URL="))
    child:signal("TERM")
    assert.equal(0, (child:wait()))
  end)
end)

describe("supermetrics.sandbox module", function()
  -- What only a program of its own can show: it runs with LuaJIT and prints what it has seen.
  local function start_program(program)
    return process.start({"luajit", "-e", 'local sandbox = require "supermetrics.sandbox" ' .. program}, LUA_PATH)
  end

  local function run(program)
    local exit_code, output = start_program(program):wait()
    assert.equal(0, exit_code)
    return output
  end

  it("answers 500 where a handler raises, reports it, and goes on", function()
    local child = start_program [[
      local state = require "supermetrics.sandbox.state"
      local new = state.new
      function state.new(...)
        local made = new(...)
        made.cancel_backfill = function() error("the rules have a hole") end
        return made
      end
      local function report(line) print(line) io.stdout:flush() end
      local one = sandbox.new{report = report}
      report(one:address())
      one:loop()
    ]]
    local port = tonumber(child:read_line():match(":(%d+)/"))
    local connection = sandbox.connect(port)
    local path = sandbox.backfill_path("1003")
    local response = sandbox.exchange(connection, "PATCH", path, {body = sandbox.CANCEL})
    assert.same({500, "INTERNAL_SERVER_ERROR"}, {response.status, response.json.error.code})
    assert.truthy(child:read_line():find("the rules have a hole", 1, true))
    assert.equal(200, sandbox.exchange(connection, "GET", path).status)
    connection:close()
    child:signal("TERM")
    child:wait()
  end)

  it("takes its time from the clock that it is given", function()
    local child = start_program [[
      local one = sandbox.new{clock = function() return 1714737600.75 end}
      print(one:address())
      io.stdout:flush()
      one:loop()
    ]]
    local connection = sandbox.connect(tonumber(child:read_line():match(":(%d+)/")))
    local body = '{"range_start":"2024-01-01","range_end":"2024-01-01"}'
    local response = sandbox.exchange(connection, "POST", sandbox.transfer_path("505"), {body = body})
    assert.equal("Fri, 03 May 2024 12:00:00 GMT", response.headers.date)
    assert.equal("2024-05-03T12:00:00Z", response.json.data.created_time)
    sandbox.exchange(connection, "POST", "/sandbox/faults",
      {body = '[{"operation":"get_backfill","status":503,"retry_after_date":90}]'})
    sandbox.exchange(connection, "POST", "/sandbox/advance", {body = '{"seconds":3600}'})
    response = sandbox.exchange(connection, "GET", sandbox.backfill_path("1003"))
    assert.equal("Fri, 03 May 2024 13:00:00 GMT", response.headers.date)
    assert.equal("Fri, 03 May 2024 13:01:30 GMT", response.headers["retry-after"])
    connection:close()
    child:signal("TERM")
    child:wait()
  end)

  it("raises for options that it does not have, at the line of the caller", function()
    assert.truthy(run('print(pcall(function() sandbox.new{prot = 1} end))')
      :find('%(command line%):1: unknown option "prot" of the sandbox\n$'))
    assert.truthy(run('print(pcall(sandbox.new, {port = 1.5}))'):find("option port of the sandbox must be", 1, true))
    assert.truthy(run('print(pcall(sandbox.new, {host = 1}))'):find("option host of the sandbox cannot be", 1, true))
    assert.truthy(run('print(pcall(sandbox.new, {tls = "on"}))'):find("option tls of the sandbox cannot be", 1, true))
  end)

  it("returns nil and a reason where it cannot listen", function()
    local output = run('local one = sandbox.new() print(sandbox.new{port = tonumber(one:address():match(":(%d+)/"))})')
    assert.equal("nil\tAddress already in use\n", output)
  end)

  it("closes twice, ends its loop and removes the file of its authority", function()
    assert.equal("true\ttrue\tnil\n", run([[
      local controller = require("cqueues").new()
      local one = sandbox.new{controller = controller, tls = true}
      local path = one:ca_file()
      local was_there = io.open(path) ~= nil
      controller:wrap(function() one:close() one:close() end)
      print(one:loop(), was_there, (io.open(path)))
    ]]))
  end)

  it("has no such file without TLS", function()
    assert.equal("nil\n", run("print(sandbox.new():ca_file())"))
  end)
end)
