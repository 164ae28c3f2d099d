-- The sandbox over TLS, and with HTTP/2, which only others can speak here: curl, and the client of lua-http in a LuaJIT
-- process.

local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"

-- Runs curl with the full key. Without the file of an authority it trusts those of the system.
local function curl(ca_file, ...)
  local arguments = {"curl", "--silent", "--show-error", "--max-time", "30",
    "--header", "Authorization: Bearer " .. sandbox.FULL_KEY, ...}
  if ca_file then
    table.insert(arguments, "--cacert")
    table.insert(arguments, ca_file)
  end
  local exit_code, output = process.start(arguments, nil, {stderr = "stdout"}):wait()
  return exit_code, output
end

local function count_lines(text, line)
  local count = 0
  for each in text:gmatch("[^\n]+") do
    count = count + (each == line and 1 or 0)
  end
  return count
end

-- Prints how many of its requests on one connection were answered with 200: `streams` at a time, `rounds` times.
local MULTIPLEXED = [[
  local port, ca_file = tonumber(os.getenv("PORT")), os.getenv("CA_FILE")
  local streams, rounds = tonumber(os.getenv("STREAMS")), tonumber(os.getenv("ROUNDS"))
  local client, headers = require "http.client", require "http.headers"
  local tls, store, cqueues = require "http.tls", require "openssl.x509.store", require "cqueues"
  local trusted = store.new()
  trusted:add(ca_file)
  local context = tls.new_client_context()
  context:setStore(trusted)
  local loop, answered = cqueues.new(), 0
  local function ask(connection, index)
    local request = headers.new()
    request:append(":method", "PATCH")
    request:append(":scheme", "https")
    request:append(":authority", "127.0.0.1")
    request:append(":path", ("/v1/teams/12345/backfills/%d"):format(3000 + index), true)
    request:append("authorization", "Bearer sandbox_full_access_key")
    local stream = connection:new_stream()
    assert(stream:write_headers(request, false, 30))
    assert(stream:write_chunk('{"status":"CANCELLED"}', true, 30))
    local response = assert(stream:get_headers(30))
    assert(#stream:get_body_as_string(30) == tonumber(response:get("content-length")))
    answered = answered + (response:get(":status") == "200" and 1 or 0)
  end
  loop:wrap(function()
    local connection = assert(client.connect({host = "127.0.0.1", port = port, tls = true, ctx = context, version = 2}))
    local requests = cqueues.new()
    for round = 1, rounds do
      for index = 1, streams do
        requests:wrap(ask, connection, (round - 1) * streams + index)
      end
      assert(requests:loop())
    end
    connection:close()
  end)
  assert(loop:loop())
  print(answered)
]]

describe("supermetrics.sandbox.certificates module, with --tls", function()
  local s

  setup(function()
    s = sandbox.start {tls = true}
  end)

  teardown(function()
    s:stop()
  end)

  before_each(function()
    s:reset()
  end)

  it("serves https with a certificate of the authority that it prints", function()
    assert.truthy(s.base_url:find("^https://127%.0%.0%.1:%d+/v1$"))
    assert.equal(200, s:get("1003").status)
    assert.equal("CANCELLED", s:cancel("1003").json.data.status)
  end)

  it("is trusted as localhost, 127.0.0.1 and ::1, and by strict verifiers", function()
    for _, host in ipairs {"localhost", "127.0.0.1", "[::1]"} do
      local exit_code, output = curl(s.ca_file, "--connect-to", ("::127.0.0.1:%d"):format(s.port), "--globoff",
        ("https://%s:%d/sandbox/statistics"):format(host, s.port))
      assert.equal(0, exit_code, output)
    end
    local path = os.tmpname()
    local command = ("openssl s_client -connect 127.0.0.1:%d </dev/null 2>/dev/null >%s"):format(s.port, path)
    process.start({"sh", "-c", command}):wait()
    local exit_code, output = process.start({"openssl", "verify", "-x509_strict", "-CAfile", s.ca_file, path}):wait()
    os.remove(path)
    assert.equal(0, exit_code, output)
  end)

  it("is not trusted under another name, or without its authority, and goes on", function()
    local exit_code = curl(s.ca_file, "--connect-to", ("::127.0.0.1:%d"):format(s.port), "https://wrong.example/")
    assert.equal(60, exit_code)
    assert.equal(60, (curl(nil, s.base_url)))
    assert.equal(200, s:get("1003").status)
  end)

  it("ends a connection on which no TLS is spoken, and goes on", function()
    local connection = sandbox.connect(s.port)
    assert.is_nil(sandbox.exchange(connection, "GET", "/v1"))
    connection:close()
    assert.equal(200, s:get("1003").status)
  end)

  it("makes another authority for every sandbox, and keeps its file as long as it runs", function()
    local other = sandbox.start {tls = true}
    assert.equal(60, (curl(s.ca_file, other.base_url)))
    assert.truthy(io.open(other.ca_file)):close()
    local exit_code, rest = other:stop()
    assert.equal(0, exit_code)
    assert.is_nil((io.open(other.ca_file)))
    assert.truthy(rest:find(("# To trust it: supermetrics.new{ca_file = %q}"):format(other.ca_file), 1, true))
  end)

  it("truncates and drops", function()
    s:faults {
      {operation = "cancel_backfill", requests = {1}, drop = "after"},
      {operation = "get_backfill", requests = {1}, truncate = 20},
    }
    assert.is_nil(s:cancel("1003"))
    local response = s:get("1003")
    assert.same({200, 20, false}, {response.status, #response.text, response.is_whole})
    assert.equal("CANCELLED", s:get("1003").json.data.status)
  end)

  local FORMAT = "%{http_code} %{http_version}\n"

  it("offers HTTP/2 and HTTP/1.1", function()
    for option, version in pairs {["--http2"] = "2", ["--http1.1"] = "1.1"} do
      local _, output = curl(s.ca_file, option, "--output", "/dev/null", "--write-out", FORMAT,
        s.base_url .. "/teams/12345/backfills")
      assert.equal("200 " .. version .. "\n", output)
    end
  end)

  -- Each answer has headers that the one before had not, which lua-http 0.4 gets wrong where they are indexed.
  it("answers hundreds of requests on one HTTP/2 connection, one after the other", function()
    local _, output = curl(s.ca_file, "--http2", "--write-out", FORMAT, "--output", "/dev/null",
      s.base_url .. "/teams/12345/backfills/100[1-6]?[1-50]")
    assert.equal(300, count_lines(output, "200 2"))
    assert.equal(1, s:statistics().connections)
  end)

  it("answers 200 requests at a time on one HTTP/2 connection", function()
    s:add_backfills {count = 600, status = "RUNNING"}
    -- Short answers: with more than 64 KiB on their way the client of lua-http may wait for ever; libcurl has a window
    -- of megabytes.
    s:faults {{operation = "cancel_backfill", delay = 0.1, text = "{}"}}
    local environment = {PORT = s.port, CA_FILE = s.ca_file, STREAMS = 200, ROUNDS = 3}
    local _, output = process.start({"luajit", "-e", MULTIPLEXED}, environment):wait()
    assert.equal("600\n", output)
    local statistics = s:statistics()
    assert.same({1, 600, 600}, {statistics.connections, statistics.requests, statistics.applied.cancel_backfill})
  end)

  it("answers 200 parallel requests of curl over HTTP/2", function()
    local _, output = curl(s.ca_file, "--http2", "--parallel", "--parallel-max", "200", "--write-out", FORMAT,
      "--output", "/dev/null", s.base_url .. "/teams/12345/backfills/1003?[1-200]")
    assert.equal(200, count_lines(output, "200 2"))
  end)

  it("drops and truncates over HTTP/2, and serves the next connection", function()
    local url = s.base_url .. "/teams/12345/backfills/1003"
    for _, fault in ipairs {{drop = "before"}, {drop = "after"}, {truncate = 10}} do
      fault.operation, fault.requests = "get_backfill", {1}
      s:faults {fault}
      assert.not_equal(0, (curl(s.ca_file, "--http2", url)))
      assert.equal(0, (curl(s.ca_file, "--http2", url)))
    end
  end)
end)

describe("supermetrics.sandbox with --http1", function()
  it("speaks HTTP/1.1 only, also to a client that asks for HTTP/2", function()
    local s = sandbox.start {tls = true, http1 = true}
    local _, output = curl(s.ca_file, "--http2", "--output", "/dev/null", "--write-out", "%{http_code} %{http_version}",
      s.base_url .. "/teams/12345/backfills/1003")
    assert.equal("200 1.1", output)
    assert.equal(200, s:get("1003").status)
    s:stop()
  end)
end)
