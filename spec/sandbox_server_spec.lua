-- The sandbox over real sockets. It runs as the command, in a process of its own, with LuaJIT whatever Lua runs this.

local cjson = require("cjson").new()
local process = require "spec.support.process"
local socket = require "cqueues.socket"

local COMMAND = {"luajit", "lua/supermetrics/sandbox/command.lua"}
local FULL_KEY = "sandbox_full_access_key"
local CANCEL = '{"status":"CANCELLED"}'

-- No answer takes so long, not even on a busy machine: a sandbox that hangs fails the spec instead of stopping it.
local SECONDS = 30

local function start(...)
  local arguments = {COMMAND[1], COMMAND[2], ...}
  local sandbox = process.start(arguments)
  local address = (sandbox:read_line() or ""):match("^export SUPERMETRICS_BASE_URL=(http://127%.0%.0%.1:%d+/v1)$")
  assert(address, "the first line is not the address")
  return sandbox, tonumber(address:match(":(%d+)/"))
end

local function connect(port)
  local connection = assert(socket.connect("127.0.0.1", port))
  connection:setmode("b", "bn")
  connection:settimeout(SECONDS)
  return connection
end

-- Reads one response; header names in lower case.
local function read_response(connection)
  local status_line = assert(connection:read("*l"), "no answer")
  local response = {status = tonumber(status_line:match("^HTTP/1%.1 (%d%d%d)")), headers = {}}
  for line in connection:lines("*l") do
    line = line:gsub("\r$", "")
    if line == "" then
      break
    end
    local name, value = line:match("^([^:]+): (.*)$")
    response.headers[name:lower()] = value
  end
  local length = tonumber(response.headers["content-length"])
  response.text = length > 0 and assert(connection:read(length)) or ""
  response.json = response.text ~= "" and cjson.decode(response.text) or nil
  return response
end

local function request_text(method, path, options)
  local lines = {("%s %s HTTP/1.1"):format(method, path), "Host: sandbox"}
  if options.authorization ~= false then
    lines[#lines + 1] = "Authorization: " .. (options.authorization or "Bearer " .. (options.key or FULL_KEY))
  end
  if options.body then
    lines[#lines + 1] = "Content-Length: " .. #options.body
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (options.body or "")
end

local function exchange(connection, method, path, options)
  connection:write(request_text(method, path, options or {}))
  return read_response(connection)
end

describe("supermetrics.sandbox server", function()
  local sandbox, port

  setup(function()
    sandbox, port = start("--quiet")
  end)

  teardown(function()
    sandbox:signal("TERM")
    sandbox:wait()
  end)

  local function request(method, path, options)
    local connection = connect(port)
    local response = exchange(connection, method, path, options)
    connection:close()
    return response
  end

  before_each(function()
    assert.equal(200, request("POST", "/sandbox/reset").status)
  end)

  local function backfill_path(backfill_id, team_id)
    return ("/v1/teams/%s/backfills/%s"):format(team_id or "12345", backfill_id)
  end

  local function get(backfill_id, options)
    return request("GET", backfill_path(backfill_id), options)
  end

  local function cancel(backfill_id, options)
    options = options or {}
    options.body = options.body or CANCEL
    return request("PATCH", backfill_path(backfill_id), options)
  end

  local function statistics()
    return request("GET", "/sandbox/statistics").json
  end

  local function assert_error(status, code, response)
    assert.same({status, code}, {response.status, response.json.error and response.json.error.code})
    assert.truthy(response.json.error.message:find("%S"))
    assert.truthy(response.json.error.description:find("%S"))
    assert.is_nil(response.json.data)
  end

  describe("answers", function()
    it("a GET with the backfill, its absent fields null and its error_report a list", function()
      local response = get("1003")
      assert.equal(200, response.status)
      assert.equal(('{"meta":{"request_id":"%s"},"data":{'):format(response.json.meta.request_id)
        .. '"transfer_backfill_id":1003,"transfer_id":502,'
        .. '"range_start_date":"2024-01-01","range_end_date":"2024-01-31",'
        .. '"created_time":"2024-05-01T09:00:00Z","created_user_id":789,"removed_time":null,"removed_user_id":null,'
        .. '"start_time":"2024-05-01T10:00:00Z","end_time":null,"status":"RUNNING",'
        .. '"transfer_runs_total":31,"transfer_runs_created":31,'
        .. '"transfer_runs_completed":25,"transfer_runs_failed":0,"error_report":[]}}', response.text)
    end)

    it("a PATCH with the cancelled backfill, which GET then shows", function()
      local response = cancel("1003")
      assert.equal(200, response.status)
      local backfill = response.json.data
      assert.equal("CANCELLED", backfill.status)
      assert.equal(790, backfill.removed_user_id)
      assert.truthy(backfill.removed_time:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
      assert.equal(backfill.removed_time, backfill.end_time)
      assert.same(backfill, get("1003").json.data)
    end)

    it("each of the six statuses", function()
      local statuses = {}
      for index = 1, 6 do
        statuses[index] = get(1000 + index).json.data.status
      end
      assert.same({"CREATED", "SCHEDULED", "RUNNING", "FAILED", "COMPLETED", "CANCELLED"}, statuses)
    end)

    it("ids beyond a double as exact bare integers", function()
      for _, backfill_id in ipairs {"9007199254740993", "9223372036854775807"} do
        local expected = ('"transfer_backfill_id":%s,'):format(backfill_id)
        assert.truthy(get(backfill_id).text:find(expected, 1, true))
        assert.truthy(cancel(backfill_id).text:find(expected, 1, true))
      end
    end)

    it("the errors of a FAILED backfill", function()
      local report = get("1004").json.data.error_report
      assert.same({"2024-04-03", "2024-04-09"}, {report[1].transfer_run_date, report[2].transfer_run_date})
    end)

    it("400 to a body that is no JSON object", function()
      for _, body in ipairs {"", "{", "CANCELLED", "null", '"CANCELLED"', "[1]", CANCEL .. "x"} do
        assert_error(400, "BAD_REQUEST", cancel("1003", {body = body}))
      end
    end)

    it("400 to a status that is missing or another than CANCELLED", function()
      for _, body in ipairs {"{}", "[]", '{"Status":"CANCELLED"}', '{"status":null}', '{"status":"RUNNING"}',
        '{"status":"cancelled"}', '{"status":["CANCELLED"]}', '{"status":true}'} do
        assert_error(400, "INVALID_PARAMETER", cancel("1003", {body = body}))
      end
      assert.equal("RUNNING", get("1003").json.data.status)
    end)

    it("400 to ids that are no integers from 1 to 2^63 - 1", function()
      for _, id in ipairs {"0", "-1", "1.5", "x", "", "9223372036854775808", "1%20", "99999999999999999999"} do
        assert_error(400, "INVALID_PARAMETER", get(id))
        assert_error(400, "INVALID_PARAMETER", cancel(id))
        assert_error(400, "INVALID_PARAMETER", request("GET", backfill_path("1003", id)))
      end
    end)

    it("401 with WWW-Authenticate to no key, a key it does not know, and an expired one", function()
      local codes = {
        [false] = "UNAUTHORIZED",
        ["Basic c2FuZGJveA=="] = "UNAUTHORIZED",
        ["Bearer"] = "UNAUTHORIZED",
        ["Bearer unknown"] = "API_KEY_INVALID",
        ["Bearer otok_unknown"] = "ACCESS_TOKEN_INVALID",
        ["Bearer otok_sandbox_expired_token"] = "ACCESS_TOKEN_EXPIRED",
      }
      for authorization, code in pairs(codes) do
        local response = get("1003", {authorization = authorization})
        assert_error(401, code, response)
        assert.equal("Bearer", response.headers["www-authenticate"])
      end
    end)

    it("403 where scope or permission is missing, or the team is another one", function()
      assert_error(403, "ACCESS_DENIED", cancel("1003", {key = "sandbox_read_only_key"}))
      assert_error(403, "ACCESS_DENIED", cancel("1003", {key = "sandbox_viewer_key"}))
      assert_error(403, "ACCESS_DENIED", request("GET", backfill_path("2001", "67890")))
      assert.equal(200, get("1003", {key = "sandbox_read_only_key"}).status)
      assert.equal("RUNNING", get("1003").json.data.status)
    end)

    it("404 to a backfill that is unknown or another team's, and to an unknown path", function()
      for _, backfill_id in ipairs {"9999", "2001", "9007199254740992"} do
        assert_error(404, "NOT_FOUND", get(backfill_id))
        assert_error(404, "NOT_FOUND", cancel(backfill_id))
      end
      for _, path in ipairs {"/", "/v1", "/v2/teams/12345/backfills/1003", "/v1/teams/12345/backfills/1003/"} do
        assert_error(404, "NOT_FOUND", request("GET", path))
      end
    end)

    it("405 with Allow to an unknown method of a known path", function()
      for _, method in ipairs {"POST", "PUT", "DELETE", "OPTIONS"} do
        local response = request(method, backfill_path("1003"))
        assert_error(405, "METHOD_NOT_ALLOWED", response)
        assert.equal("GET, PATCH", response.headers.allow)
      end
    end)

    it("422 with the limits of the key to what is final", function()
      local response = cancel("1005")
      assert_error(422, "UNPROCESSABLE_ENTITY", response)
      assert.equal("10000", response.headers["x-ratelimit-limit"])
      assert.equal("9999", response.headers["x-ratelimit-remaining"])
      assert_error(422, "UNPROCESSABLE_ENTITY", cancel("1006"))
    end)

    it("429 with Retry-After to a used-up hour, without it to a used-up month", function()
      for _ = 1, 2 do
        local response = cancel("1003", {key = "sandbox_rate_limited_key"})
        assert_error(429, "TOO_MANY_REQUESTS", response)
        assert.equal("2", response.headers["retry-after"])
      end
      local response = get("1003", {key = "sandbox_quota_used_up_key"})
      assert_error(429, "API_ROW_QUOTA_EXCEEDED", response)
      assert.is_nil(response.headers["retry-after"])
    end)

    it("500 for the backfill on which the service fails", function()
      assert_error(500, "INTERNAL_SERVER_ERROR", get("1007"))
      assert_error(500, "INTERNAL_SERVER_ERROR", cancel("1007"))
    end)

    it("everything with the same three headers, and a request id of its own", function()
      local seen = {}
      local responses = {get("1003"), get("1003"), get("1007"), get("9999"), cancel("1005"), request("GET", "/"),
        get("1003", {authorization = false}), request("PUT", backfill_path("1003"))}
      for _, response in ipairs(responses) do
        local id = response.json.meta.request_id
        assert.equal("application/json", response.headers["content-type"])
        assert.equal("*", response.headers["access-control-allow-origin"])
        assert.equal(id, response.headers["x-request-id"])
        assert.truthy(id:find("^[A-Za-z0-9_-]+$") and #id >= 8 and #id <= 50)
        assert.is_nil(seen[id])
        seen[id] = true
      end
    end)

    it("whatever the case of Bearer, and whatever follows the path", function()
      assert.equal(200, get("1003", {authorization = "bearer  " .. FULL_KEY}).status)
      assert.equal(200, get("1003?verbose=1").status)
    end)
  end)

  describe("the sandbox's own endpoints", function()
    it("count connections and requests, but not themselves", function()
      local connection = connect(port)
      for _ = 1, 3 do
        exchange(connection, "GET", backfill_path("1003"))
      end
      exchange(connection, "PATCH", backfill_path("9999"), {body = CANCEL})
      exchange(connection, "GET", "/nowhere")
      get("1003")
      local expected = {connections = 2, requests = 6, by_operation = {get_backfill = 4, cancel_backfill = 1}}
      assert.same(expected, statistics())
      assert.same(expected, statistics())
      connection:close()
    end)

    it("bring the world and the counters back to their start", function()
      cancel("1003")
      local zero = {connections = 0, requests = 0, by_operation = {get_backfill = 0, cancel_backfill = 0}}
      assert.same(zero, request("POST", "/sandbox/reset").json)
      assert.same(zero, statistics())
      assert.equal("RUNNING", get("1003").json.data.status)
    end)

    it("let time pass, in which runs at work finish after a cancel", function()
      assert.equal(25, cancel("1003").json.data.transfer_runs_completed)
      local response = request("POST", "/sandbox/advance", {body = '{"seconds":60}'})
      assert.equal(200, response.status)
      assert.truthy(response.json.time)
      local backfill = get("1003").json.data
      assert.same({"CANCELLED", 27}, {backfill.status, backfill.transfer_runs_completed})
    end)

    it("refuse to let an impossible time pass", function()
      for _, body in ipairs {'{"seconds":-1}', '{"seconds":"60"}', '{"seconds":1e9}', "{}"} do
        assert_error(400, "INVALID_PARAMETER", request("POST", "/sandbox/advance", {body = body}))
      end
    end)
  end)

  describe("a connection", function()
    it("holds for a thousand requests", function()
      local connection = connect(port)
      for _ = 1, 1000 do
        assert.equal(200, exchange(connection, "GET", backfill_path("1003")).status)
      end
      connection:close()
      local expected = {connections = 1, requests = 1000, by_operation = {get_backfill = 1000, cancel_backfill = 0}}
      assert.same(expected, statistics())
    end)

    it("holds after every kind of refusal", function()
      local connection = connect(port)
      for status, backfill_id in pairs {[400] = "x", [404] = "9999", [422] = "1005", [500] = "1007"} do
        assert.equal(status, exchange(connection, "PATCH", backfill_path(backfill_id), {body = CANCEL}).status)
      end
      local refused = {authorization = false, body = CANCEL}
      assert.equal(401, exchange(connection, "PATCH", backfill_path("1003"), refused).status)
      assert.equal(405, exchange(connection, "PUT", backfill_path("1003"), {body = CANCEL}).status)
      assert.equal(200, exchange(connection, "GET", backfill_path("1003")).status)
      connection:close()
      assert.equal(1, statistics().connections)
    end)

    it("that ends in the middle of a request changes nothing, wherever that is", function()
      local whole = request_text("PATCH", backfill_path("1003"), {body = CANCEL})
      for length = 0, #whole - 1 do
        local connection = connect(port)
        connection:write(whole:sub(1, length))
        connection:close()
      end
      assert.equal("RUNNING", get("1003").json.data.status)
    end)

    it("that ends before the answer is read does no harm", function()
      for _ = 1, 20 do
        local connection = connect(port)
        connection:write(request_text("GET", backfill_path("1003"), {}):rep(50))
        connection:close()
      end
      assert.equal(200, get("1003").status)
    end)

    it("on which something else than HTTP is spoken is answered with 400 or ended, and others go on", function()
      for _, header in ipairs {"no colon", "Content-Length: -5", "Content-Length: x", "Transfer-Encoding: ;;;"} do
        local connection = connect(port)
        connection:write(("GET %s HTTP/1.1\r\nHost: sandbox\r\n%s\r\n\r\n"):format(backfill_path("1003"), header))
        assert_error(400, "BAD_REQUEST", read_response(connection))
        assert.is_nil((connection:read(1)))
        connection:close()
      end
      assert.equal(200, get("1003").status)
    end)

    it("with a body that no request needs is answered with 400 and ended", function()
      local connection = connect(port)
      local body = ("x"):rep(64 * 1024 + 1)
      local response = exchange(connection, "PATCH", backfill_path("1003"), {body = body})
      assert_error(400, "BAD_REQUEST", response)
      connection:close()
      assert.equal(200, get("1003").status)
    end)
  end)
end)

describe("supermetrics.sandbox.command module", function()
  local sandbox

  -- A spec that fails leaves it running otherwise.
  after_each(function()
    if sandbox then
      sandbox:signal("KILL")
      sandbox:wait()
      sandbox = nil
    end
  end)

  it("prints its address and a key as lines to paste, then the other keys and backfills as comments", function()
    sandbox = start("--quiet")
    assert.equal("export SUPERMETRICS_API_KEY=" .. FULL_KEY, sandbox:read_line())
    sandbox:signal("TERM")
    local exit_code, rest = sandbox:wait()
    assert.equal(0, exit_code)
    for line in rest:gmatch("[^\n]+") do
      assert.equal("#", line:sub(1, 1))
    end
    assert.truthy(rest:find("# sandbox_read_only_key ", 1, true))
    assert.truthy(rest:find("# 9223372036854775807 ", 1, true))
  end)

  for _, name in ipairs {"INT", "TERM"} do
    it("stops on SIG" .. name .. " with exit status 0 and a line, connections or not", function()
      local port
      sandbox, port = start("--quiet")
      local connection = connect(port)
      assert.equal(200, exchange(connection, "GET", "/sandbox/statistics").status)
      sandbox:signal(name)
      local exit_code, rest = sandbox:wait()
      assert.equal(0, exit_code)
      assert.truthy(rest:find("# stopped\n$"))
      assert.is_nil((connection:read(1)))
      connection:close()
    end)
  end

  it("logs a line for each request, and never a credential", function()
    local port
    sandbox, port = start()
    local connection = connect(port)
    local first = exchange(connection, "GET", "/v1/teams/12345/backfills/1003?api_key=" .. FULL_KEY)
    exchange(connection, "GET", "/v1/" .. FULL_KEY .. "/otok_sandbox_expired_token")
    exchange(connection, "GET", "/v1/a_strangers_key", {key = "a_strangers_key"})
    exchange(connection, "PATCH", "/v1/teams/12345/backfills/1003", {authorization = "Basic c2VjcmV0", body = CANCEL})
    connection:close()
    sandbox:signal("TERM")
    local exit_code, rest = sandbox:wait()
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
    local secrets = {FULL_KEY, "otok_sandbox_expired_token", "a_strangers_key", "c2VjcmV0", "Bearer", "Basic"}
    for _, secret in ipairs(secrets) do
      assert.is_nil(log:find(secret, 1, true))
    end
  end)

  local function run(...)
    local other = process.start({COMMAND[1], COMMAND[2], ...}, nil, {stderr = "stdout"})
    return other:wait()
  end

  it("refuses a port in use with one line and exit status 1", function()
    local port
    sandbox, port = start("--quiet")
    local exit_code, output = run("--port", tostring(port))
    assert.equal(1, exit_code)
    local expected = "supermetrics-sandbox: cannot listen on 127.0.0.1, port %d: Address already in use\n"
    assert.equal(expected:format(port), output)
  end)

  it("takes a port again that was just in use", function()
    local port
    sandbox, port = start("--quiet")
    local connection = connect(port)
    exchange(connection, "GET", "/sandbox/statistics")
    sandbox:signal("TERM")
    assert.equal(0, (sandbox:wait()))
    connection:close()
    local port_again
    sandbox, port_again = start("--quiet", "--port", tostring(port))
    assert.equal(port, port_again)
  end)

  it("refuses arguments that it does not know with one line and exit status 1", function()
    for arguments, message in pairs {
      [{"--prot", "80"}] = "unknown option '--prot'",
      [{"--port", "http"}] = "a port is a number from 0 to 65535, not http",
      [{"--port", "65536"}] = "a port is a number from 0 to 65535, not 65536",
    } do
      local exit_code, output = run(arguments[1], arguments[2])
      assert.equal(1, exit_code)
      assert.truthy(output:find("^supermetrics%-sandbox: [^\n]+\n$"))
      assert.truthy(output:find(message, 1, true))
    end
  end)

  it("says so where it listens on more than loopback", function()
    sandbox = process.start({COMMAND[1], COMMAND[2], "--host", "0.0.0.0"}, nil, {stderr = "stdout"})
    assert.equal("supermetrics-sandbox: listening on 0.0.0.0, not on loopback only: others may reach it",
      sandbox:read_line())
  end)

  it("is a function for who requires it", function()
    local program = 'os.exit(require("supermetrics.sandbox.command"){"--quiet"})'
    sandbox = process.start({"luajit", "-e", program}, {LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;"})
    assert.truthy(sandbox:read_line():find("^export SUPERMETRICS_BASE_URL="))
    sandbox:signal("TERM")
    assert.equal(0, (sandbox:wait()))
  end)
end)

describe("supermetrics.sandbox module", function()
  -- What only a program of its own can show: it runs with LuaJIT and prints what it has seen.
  local function run(program)
    local arguments = {"luajit", "-e", 'local sandbox = require "supermetrics.sandbox" ' .. program}
    local exit_code, output = process.start(arguments, {LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;"}):wait()
    assert.equal(0, exit_code)
    return output
  end

  it("answers 500 where a handler raises, reports it, and goes on", function()
    local sandbox = process.start({"luajit", "-e", [[
      local sandbox = require "supermetrics.sandbox"
      local function clock() error("the clock has stopped") end
      local function report(line) print(line) io.stdout:flush() end
      local one = sandbox.new{clock = clock, report = report}
      report(one:address())
      one:loop()
    ]]}, {LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;"})
    local port = tonumber(sandbox:read_line():match(":(%d+)/"))
    local connection = connect(port)
    local response = exchange(connection, "PATCH", "/v1/teams/12345/backfills/1003", {body = CANCEL})
    assert.same({500, "INTERNAL_SERVER_ERROR"}, {response.status, response.json.error.code})
    assert.truthy(sandbox:read_line():find("the clock has stopped", 1, true))
    assert.equal(200, exchange(connection, "GET", "/v1/teams/12345/backfills/1003").status)
    connection:close()
    sandbox:signal("TERM")
    sandbox:wait()
  end)

  it("raises for options that it does not have, at the line of the caller", function()
    assert.truthy(run('print(pcall(function() sandbox.new{prot = 1} end))')
      :find('%(command line%):1: unknown option "prot" of the sandbox\n$'))
    assert.truthy(run('print(pcall(sandbox.new, {port = 1.5}))'):find("option port of the sandbox must be", 1, true))
    assert.truthy(run('print(pcall(sandbox.new, {host = 1}))'):find("option host of the sandbox cannot be", 1, true))
  end)

  it("returns nil and a reason where it cannot listen", function()
    local output = run('local one = sandbox.new() print(sandbox.new{port = tonumber(one:address():match(":(%d+)/"))})')
    assert.equal("nil\tAddress already in use\n", output)
  end)

  it("closes twice, and ends its loop", function()
    assert.equal("true\n", run([[
      local controller = require("cqueues").new()
      local one = sandbox.new{controller = controller}
      controller:wrap(function() one:close() one:close() end)
      print(one:loop())
    ]]))
  end)
end)
