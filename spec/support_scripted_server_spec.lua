local process = require "spec.support.process"
local scripted_server = require "spec.support.scripted_server"
local socket = require "cqueues.socket"

local unpack = table.unpack or unpack -- luacheck: compat

local CURL_CANNOT_CONNECT, CURL_PARTIAL_FILE, CURL_TIMED_OUT, CURL_TLS_CONNECT = 7, 18, 28, 35
local CURL_EMPTY_REPLY, CURL_SEND, CURL_RECEIVE, CURL_CERTIFICATE = 52, 55, 56, 60

local response = scripted_server.response

local all_bytes = {}
for byte = 0, 255 do
  all_bytes[#all_bytes + 1] = string.char(byte)
end
all_bytes = table.concat(all_bytes)

describe("spec.support.scripted_server", function()
  local server

  -- Without the user's .curlrc and proxy; 10 s is only for a fault of this spec.
  local function start_curl(options, ...)
    return process.start({ "curl", "--disable", "--noproxy", "*", "--max-time", "10", ... }, nil, options)
  end

  -- Returns curl's exit code and what it printed: the bodies.
  local function curl(...)
    return start_curl(nil, "--silent", ...):wait()
  end

  local function curl_server(...)
    local arguments = { ... }
    arguments[#arguments + 1] = server:base_url()
    return curl(unpack(arguments))
  end

  local function connect()
    local peer = assert(socket.connect("127.0.0.1", server.port))
    peer:setmode("bn", "bn")
    peer:settimeout(10)
    return peer
  end

  describe("without TLS", function()
    setup(function()
      server = scripted_server.start()
    end)

    teardown(function()
      server:stop()
    end)

    it("answers 501 before it has a script", function()
      local fresh = scripted_server.start()
      finally(function()
        fresh:stop()
      end)
      local _, output = curl("--write-out", "%{http_code}", fresh:base_url())
      assert.equal('{"no":"script"}501', output)
    end)

    it("gives each request the next answer, the last one again and again, and records requests", function()
      server:script { response { body = "one" }, response { status = 404, body = "two" } }
      local url = server:base_url()
      local _, output = curl(
        "--request", "PATCH", "--header", "X-Many: a", "--header", "x-many:b", "--data-binary", "{}",
        "--write-out", "/%{http_code} ", url .. "/a?b=c", url, url
      )
      assert.equal("one/200 two/404 two/404 ", output)
      local requests = server:requests()
      assert.equal(3, #requests)
      assert.equal("PATCH", requests[1].method)
      assert.equal("/v1/a?b=c", requests[1].path)
      assert.equal("HTTP/1.1", requests[1].version)
      assert.equal("a, b", requests[1].headers["x-many"])
      assert.equal("{}", requests[1].body)
      assert.is_true(requests[1].complete)
      assert.equal("PATCH /v1/a?b=c HTTP/1.1\r\n", requests[1].head:sub(1, 26))
      assert.equal("\r\n\r\n", requests[1].head:sub(-4))
      assert.equal("1", tostring(requests[3].connection))
      assert.equal("1", tostring((server:connections())))
    end)

    it("forgets what was recorded when it is given a script", function()
      server:script { response {} }
      curl_server()
      server:script { response {} }
      assert.same({}, server:requests())
      assert.equal(0, (server:connections()))
    end)

    it("sends and receives any bytes, however many", function()
      local bytes = all_bytes:rep(1000)
      server:script { response { body = bytes } }
      local path = os.tmpname()
      finally(function()
        os.remove(path)
      end)
      local file = assert(io.open(path, "wb"))
      file:write(bytes)
      file:close()
      local exit_code, output = curl_server("--data-binary", "@" .. path, "--header", "Expect:")
      assert.equal(0, exit_code)
      assert.is_true(output == bytes)
      assert.is_true(server:requests()[1].body == bytes)
    end)

    it("makes responses with a correct length, as JSON unless told otherwise", function()
      assert.matches("^HTTP/1%.1 200 Scripted\r\n.*\r\n\r\n{}$", response { body = "{}" })
      assert.matches("\r\nContent-Type: application/json\r\n", response { body = "{}" }, 1, true)
      assert.matches("\r\nContent-Length: 2\r\n", response { body = "{}" }, 1, true)
      local html = response { status = 502, reason = "Bad", headers = { ["content-type"] = "text/html", "X-Raw:1" } }
      assert.matches("^HTTP/1%.1 502 Bad\r\n", html)
      assert.matches("\r\ncontent-type: text/html\r\n", html, 1, true)
      assert.matches("\r\nX-Raw:1\r\n", html, 1, true)
      assert.is_nil(html:find("application/json", 1, true))
      assert.equal("HTTP/1.1 204 Scripted\r\n\r\n", scripted_server.head { status = 204 })
    end)

    it("drips bytes", function()
      local bytes = response { body = "abc" }
      server:script { { { drip = bytes, seconds = 0.001 } } }
      local exit_code, output = curl_server("--write-out", " %{time_total}")
      assert.equal(0, exit_code)
      local body, seconds = output:match("^(%S+) (%S+)$")
      assert.equal("abc", body)
      assert.is_true(tonumber(seconds) >= (#bytes - 1) * 0.001)
    end)

    it("waits", function()
      server:script { { { send = response { body = "abc" }:sub(1, -3) }, { wait = 0.05 }, { send = "bc" } } }
      local exit_code, output = curl_server("--write-out", " %{time_total}")
      assert.equal(0, exit_code)
      assert.is_true(tonumber(output:match("^abc (%S+)$")) >= 0.05)
    end)

    it("stalls until the peer goes away", function()
      server:script { { { send = response { body = "abc" }:sub(1, -2) }, { stall = true } } }
      local exit_code, output = curl_server("--max-time", "0.1")
      assert.equal(CURL_TIMED_OUT, exit_code)
      assert.equal("ab", output)
      assert.is_true(server:wait_for("open", 0))
    end)

    it("takes notice of a peer that goes away while it waits, drips or receives", function()
      for _, step in ipairs { { wait = 600 }, { drip = "HTTP/1.1", seconds = 600 }, { receive = 1000 } } do
        server:script { { step } }
        assert.equal(CURL_TIMED_OUT, (curl_server("--max-time", "0.05")))
        assert.is_true(server:wait_for("open", 0))
      end
    end)

    it("repeats bytes, and stops when the peer does", function()
      local kibibytes = 4096
      local head = scripted_server.head { headers = { ["Content-Length"] = kibibytes * 1024 } }
      server:script { { { send = head }, { send = ("x"):rep(1024), times = kibibytes } } }
      local exit_code, output = curl_server("--output", "/dev/null", "--write-out", "%{size_download}")
      assert.equal(0, exit_code)
      assert.equal(kibibytes * 1024, tonumber(output))
      server:script { { at = "accept", { send = ("x"):rep(65536), times = 1e15 } } }
      local peer = connect()
      assert.equal(300000, #peer:read(300000))
      peer:close()
      assert.is_true(server:wait_for("open", 0))
    end)

    it("says nothing after accepting", function()
      server:script { { at = "accept", { stall = true } } }
      assert.equal(CURL_TIMED_OUT, (curl_server("--max-time", "0.1")))
      assert.same({}, server:requests())
      assert.equal(1, (server:connections()))
    end)

    it("closes or resets after accepting, and serves the next connection", function()
      server:script { { at = "accept", { close = true } }, response { body = "fine" } }
      assert.equal(CURL_EMPTY_REPLY, (curl_server()))
      assert.same({ 0, "fine" }, { curl_server() })
      server:script { { at = "open", { reset = true } }, response { body = "fine" } }
      assert.is_truthy(({ [CURL_CANNOT_CONNECT] = true, [CURL_SEND] = true, [CURL_RECEIVE] = true })[curl_server()])
      assert.same({ 0, "fine" }, { curl_server() })
      assert.equal(1, #server:requests())
      assert.equal(2, (server:connections()))
      server:script { { at = "accept", { receive = 1 }, { reset = true } } }
      for _ = 1, 10 do
        assert.equal(CURL_RECEIVE, (curl_server()))
      end
    end)

    it("sends before it reads and goes on to the request", function()
      server:script { { at = "accept", { wait = 0.02 } }, response { body = "fine" } }
      assert.same({ 0, "fine" }, { curl_server() })
      assert.equal(1, #server:requests())
    end)

    it("resets after the headers, before the body", function()
      server:script { { at = "headers", { reset = true } } }
      -- With Expect, curl holds the body back until the headers are answered.
      assert.equal(CURL_RECEIVE, (curl_server("--header", "Expect: 100-continue", "--data-binary", "body")))
      local request = server:requests()[1]
      assert.equal("POST", request.method)
      assert.same({ false, "" }, { request.complete, request.body })
    end)

    it("answers the headers and then reads the body", function()
      server:script { { at = "headers", { send = "HTTP/1.1 100 Continue\r\n\r\n" .. response { body = "early" } } } }
      local _, output = curl_server("--header", "Expect: 100-continue", "--data-binary", "body")
      assert.equal("early", output)
    end)

    it("resets or closes after the request and in mid-body", function()
      server:script { { { reset = true } }, { { close = true } } }
      assert.equal(CURL_RECEIVE, (curl_server()))
      assert.equal(CURL_EMPTY_REPLY, (curl_server()))
      local half = response { body = "abcdef" }:sub(1, -4)
      server:script { { { send = half }, { reset = true } }, { { send = half }, { close = true } } }
      assert.same({ CURL_RECEIVE, "abc" }, { curl_server() })
      assert.same({ CURL_PARTIAL_FILE, "abc" }, { curl_server() })
      assert.is_true(server:requests()[1].complete)
    end)

    it("lets everything arrive that was sent before a reset", function()
      local half = response { body = ("x"):rep(2000000) }:sub(1, -2)
      server:script { { { send = half }, { reset = true } } }
      local exit_code, output = curl_server("--output", "/dev/null", "--write-out", "%{size_download}")
      assert.equal(CURL_RECEIVE, exit_code)
      assert.equal(1999999, tonumber(output))
    end)

    it("closes a kept-alive connection after its second request, which libcurl sends again by itself", function()
      server:script { response { body = "one " }, { { close = true } }, response { body = "two" } }
      local url = server:base_url()
      assert.same({ 0, "one two" }, { curl("--request", "POST", url, url) })
      local connections = {}
      for index, request in ipairs(server:requests()) do
        assert.equal("POST", request.method)
        connections[index] = request.connection
      end
      assert.same({ 1, 1, 2 }, connections)
      assert.equal(2, (server:connections()))
    end)

    it("closes a kept-alive connection while it is idle", function()
      server:script { { { send = response { body = "one " } }, { close = true } }, response { body = "two" } }
      local url = server:base_url()
      assert.same({ 0, "one two" }, { curl(url, url) })
      assert.equal(2, (server:connections()))
    end)

    it("serves many connections at once and counts the open ones", function()
      server:script { { { receive = 1 } } }
      local peers = {}
      for index = 1, 20 do
        peers[index] = connect()
        assert(peers[index]:write("GET / HTTP/1.1\r\n\r\n"))
      end
      assert.is_true(server:wait_for("requests", 20))
      assert.same({ 20, 20 }, { server:connections() })
      for _, peer in ipairs(peers) do
        peer:close()
      end
      assert.is_true(server:wait_for("open", 0))
    end)

    it("says when what it waits for does not happen", function()
      server:script { response {} }
      assert.is_false(server:wait_for("requests", 1, 0.01))
      assert.has_error(function()
        server:wait_for("miracles", 1)
      end, "no such count: miracles")
    end)

    it("refuses scripts that mean nothing", function()
      local function refuses(message, answers)
        assert.has_error(function()
          server:script(answers)
        end, message)
      end
      refuses("a script needs an answer", {})
      refuses("an answer needs a step", { {} })
      refuses("an answer's `at` is accept, open or headers", { { at = "body", { close = true } } })
      refuses("a step needs one of send, drip, receive, wait, stall, close, reset", { { { sned = "x" } } })
      refuses("a step does one thing", { { { send = "x", close = true } } })
      refuses("wrong type for the step wait", { { { wait = "long" } } })
      refuses("wrong field of a step: time", { { { send = "x", time = 2 } } })
      refuses("the step drip needs seconds", { { { drip = "x" } } })
    end)
  end)

  it("refuses connections once it is stopped, and can be stopped twice", function()
    server = scripted_server.start()
    server:stop()
    server:stop()
    assert.equal(CURL_CANNOT_CONNECT, (curl_server()))
  end)

  describe("with TLS", function()
    local function start(options)
      server = scripted_server.start { tls = options }
      finally(function()
        server:stop()
      end)
      server:script { response { body = "secret" } }
    end

    local function curl_tls(...)
      return curl_server("--cacert", server.ca_file, ...)
    end

    local function verbose_curl_tls(...)
      return start_curl({ stderr = "stdout" }, "--verbose", "--cacert", server.ca_file, server:base_url(), ...):wait()
    end

    it("is trusted by who trusts its authority, by address and by name, and leaves no file behind", function()
      start {}
      assert.matches("^https://", server:base_url())
      assert.same({ 0, "secret" }, { curl_tls() })
      local url = server:base_url():gsub("127%.0%.0%.1", "localhost")
      assert.equal(0, (curl("--cacert", server.ca_file, url)))
      assert.equal(2, #server:requests())
      server:stop()
      assert.is_nil(io.open(server.ca_file))
    end)

    for certificate, complaint in pairs {
      untrusted = "unable to get local issuer certificate",
      self_signed = "self.signed certificate",
      expired = "certificate has expired",
      wrong_name = "no alternative certificate subject name",
    } do
      it("has a certificate that is " .. certificate, function()
        start { certificate = certificate }
        local exit_code, output = verbose_curl_tls()
        assert.equal(CURL_CERTIFICATE, exit_code)
        assert.matches(complaint, output)
        assert.same({}, server:requests())
      end)
    end

    it("refuses a kind of certificate that it does not know", function()
      -- The complaint of the other process would go to the terminal.
      local source = 'require "spec.support.scripted_server".start { tls = { certificate = "odd" } }'
      local child = process.start({ process.own_interpreter(), "-e", source }, nil, { stderr = "stdout" })
      local exit_code, output = child:wait()
      assert.equal(1, exit_code)
      assert.matches("no such kind of certificate: odd", output)
    end)

    it("accepts and never completes the handshake", function()
      start {}
      server:script { { at = "accept", { stall = true } } }
      assert.equal(CURL_TIMED_OUT, (curl_tls("--max-time", "0.1")))
      assert.is_true(server:wait_for("open", 0))
      assert.equal(1, (server:connections()))
    end)

    it("closes, resets or talks nonsense in the handshake, and stalls after it", function()
      start {}
      server:script {
        { at = "accept", { receive = 1 }, { close = true } },
        { at = "accept", { receive = 1 }, { reset = true } },
        { at = "accept", { receive = 1 }, { send = response { status = 400 } }, { close = true } },
        { at = "open", { stall = true } },
      }
      for _ = 1, 3 do
        assert.equal(CURL_TLS_CONNECT, (curl_tls()))
      end
      local exit_code, output = curl_tls("--max-time", "0.1", "--write-out", "%{time_appconnect}")
      assert.equal(CURL_TIMED_OUT, exit_code)
      assert.is_true(tonumber(output) > 0)
    end)

    it("ends orderly or abruptly, or with a reset", function()
      start {}
      local half = response { body = "abcdef" }:sub(1, -4)
      server:script {
        { { send = half }, { close = true } },
        { { send = half }, { close = "abrupt" } },
        { { send = half }, { reset = true } },
      }
      -- libcurl 7.88 makes nothing of the difference between the first two, but it shows it.
      local exit_code, output = verbose_curl_tls()
      assert.equal(CURL_PARTIAL_FILE, exit_code)
      assert.matches("(IN), TLS alert, close notify", output, 1, true)
      exit_code, output = verbose_curl_tls()
      assert.is_true(exit_code == CURL_PARTIAL_FILE or exit_code == CURL_RECEIVE)
      assert.is_nil(output:find("(IN), TLS alert", 1, true))
      assert.same({ CURL_RECEIVE, "abc" }, { curl_tls() })
    end)

    it("keeps any bytes and a kept-alive connection", function()
      start {}
      local bytes = all_bytes:rep(1000)
      server:script { response { body = bytes } }
      local exit_code, output = curl_tls(server:base_url())
      assert.equal(0, exit_code)
      assert.is_true(output == bytes .. bytes)
      assert.equal(1, (server:connections()))
    end)

    it("agrees on a protocol", function()
      start { alpn = { "h2" } }
      -- An HTTP/2 server's empty SETTINGS frame, and GOAWAY before any stream: last stream 0, NO_ERROR.
      local settings = "\0\0\0\4\0\0\0\0\0"
      local goaway = "\0\0\8\7\0\0\0\0\0" .. ("\0"):rep(8)
      server:script { { at = "open", { send = settings }, { receive = 24 }, { send = goaway }, { close = true } } }
      local exit_code, output = verbose_curl_tls("--http2")
      assert.is_true(exit_code ~= 0)
      assert.matches("ALPN: server accepted h2", output, 1, true)
    end)

    it("speaks one old version only", function()
      start { version = "TLSv1_1" }
      assert.equal(CURL_TLS_CONNECT, (curl_tls()))
      local old = { "--tls-max", "1.1", "--tlsv1.1", "--ciphers", "ALL:@SECLEVEL=0" }
      assert.same({ 0, "secret" }, { curl_tls(unpack(old)) })
    end)
  end)

  -- The server's stderr keeps the outer program's output open, so `wait` returns when the server has ended as well.
  it("ends with the spec process, and leaves no file behind", function()
    local source = [[
      local server = require "spec.support.scripted_server".start { tls = {} }
      print(server.port)
      print(server.ca_file)
      io.stdout:flush()
      server:wait_for("requests", 1, 600)]]
    local outer = process.start({ process.own_interpreter(), "-e", source }, nil, { stderr = "stdout" })
    local port, ca_file = outer:read_line(), outer:read_line()
    outer:signal("KILL")
    outer:wait()
    assert.equal(CURL_CANNOT_CONNECT, (curl("https://127.0.0.1:" .. port)))
    assert.is_nil(io.open(ca_file))
  end)
end)
