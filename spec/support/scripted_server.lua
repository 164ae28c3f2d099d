--- A raw TCP server for specs that does exactly what its script says, byte for byte, in a process of its own.
--
--   local server = scripted_server.start()
--   server:script { scripted_server.response { status = 200, body = "{}" } }
--   ... a client talks to server:base_url() ...
--   assert.equal("PATCH", server:requests()[1].method)
--   server:stop()
--
-- A script is a list of answers. Each request takes the next one; the last repeats. An answer is a string to send, or a
-- list of steps, carried out one after the other once the request has been read:
--   { send = bytes, times = 1 }        sends the bytes, so many times over
--   { drip = bytes, seconds = 0.001 }  sends them one at a time, that far apart
--   { receive = count }                waits until so many unread bytes have arrived
--   { wait = seconds }                 says nothing for a while
--   { stall = true }                   says nothing until the peer goes away
--   { close = true }                   orderly end (with TLS: close_notify first)
--   { close = "abrupt" }               TLS: the TCP connection ends without close_notify
--   { reset = true }                   RST; what was sent before arrives
-- After the last step the connection stays open for its next request.
--
-- An answer's field `at` moves it to an earlier moment:
--   at = "accept"   a connection was accepted, nothing was read, TLS has not begun
--   at = "open"     the TLS handshake is complete (without TLS: as "accept"), nothing was read
--   at = "headers"  the request's headers were read, its body was not
-- A reset at "accept" races with the peer's connect: Linux may tell it that the connect failed. To have it always fail
-- after the connect, let it send first: { at = "accept", { receive = 1 }, { reset = true } }.
-- An answer at "accept" or "open" is used up by the connection and the request takes the next one. When a connection is
-- kept alive, its later requests take whatever answer is next.

local cjson = require("cjson").new()
local control_channel = require "spec.support.control_channel"
local process = require "spec.support.process"
local socket = require "cqueues.socket"

local scripted_server = {}

local Server = {}
Server.__index = Server

local PROCESS_FILE = debug.getinfo(1, "S").source:match("^@(.*)%.lua$") .. "_process.lua"

-- An order takes no time; this is for a machine that is busy and a spec under valgrind.
local CONTROL_SECONDS = 60

local STEP_TYPES = {
  send = "string",
  drip = "string",
  receive = "number",
  wait = "number",
  stall = "boolean",
  close = { "boolean", "string" },
  reset = "boolean",
}
local STEP_FIELDS = { send = { times = "number" }, drip = { seconds = "number" } }
local MOMENTS = { accept = true, open = true, headers = true }

--- The start of a response: status line, header lines and the empty line.
-- @param response table: `status` (200 where absent), `reason`, `headers` (a table of names, or a list of whole lines)
-- @return string
function scripted_server.head(response)
  local lines = { ("HTTP/1.1 %d %s"):format(response.status or 200, response.reason or "Scripted") }
  for name, value in pairs(response.headers or {}) do
    lines[#lines + 1] = type(name) == "number" and value or ("%s: %s"):format(name, value)
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

--- A whole response with a correct Content-Length, and as JSON unless a header says otherwise.
-- @param response table: see `head`; `body` string (empty where absent)
-- @return string
function scripted_server.response(response)
  local body = response.body or ""
  local headers = { ["Content-Type"] = "application/json" }
  for name, value in pairs(response.headers or {}) do
    if type(name) == "string" and name:lower() == "content-type" then
      headers["Content-Type"] = nil
    end
    headers[name] = value
  end
  headers["Content-Length"] = #body
  return scripted_server.head { status = response.status, reason = response.reason, headers = headers } .. body
end

-- lua-cjson 2.1 makes every number a float, and Lua 5.3 writes such a port as "80.0".
local function integer(number)
  return tonumber(("%d"):format(number))
end

local function has_type(value, wanted)
  if type(wanted) == "string" then
    return type(value) == wanted
  end
  for _, candidate in ipairs(wanted) do
    if type(value) == candidate then
      return true
    end
  end
  return false
end

-- Adds the step's name to a copy, so that the other process need not search for it.
local function check_step(step)
  local copy = {}
  for name in pairs(STEP_TYPES) do
    if step[name] ~= nil then
      assert(not copy.name, "a step does one thing")
      assert(has_type(step[name], STEP_TYPES[name]), "wrong type for the step " .. name)
      copy.name = name
    end
  end
  assert(copy.name, "a step needs one of send, drip, receive, wait, stall, close, reset")
  local fields = STEP_FIELDS[copy.name] or {}
  for field, value in pairs(step) do
    assert(field == copy.name or fields[field] == type(value), "wrong field of a step: " .. tostring(field))
    copy[field] = value
  end
  assert(copy.name ~= "drip" or copy.seconds, "the step drip needs seconds")
  return copy
end

local function check_answer(answer)
  if type(answer) == "string" then
    answer = { { send = answer } }
  end
  assert(answer.at == nil or MOMENTS[answer.at], "an answer's `at` is accept, open or headers")
  local steps = {}
  for index, step in ipairs(answer) do
    steps[index] = check_step(step)
  end
  assert(#steps > 0, "an answer needs a step")
  return { at = answer.at, steps = steps }
end

--- Starts a server on a free port of 127.0.0.1. Until it is given a script it answers 501.
-- @param options table or nil; `tls`: nil for plain HTTP, else a table with `certificate` (trusted, untrusted,
--   self_signed, expired, wrong_name, revoked_root; trusted where absent), `alpn` (list of names), `version` (such as
--   "TLSv1_1")
-- @return Server with the fields `port` and, with TLS, `ca_file`: what a client is to trust, in each variant
function scripted_server.start(options)
  options = options or {}
  local child = process.start { "luajit", PROCESS_FILE, cjson.encode { tls = options.tls } }
  local line = child:read_line()
  assert(line, "the scripted server did not start; it needs luajit with cqueues, luaossl and lua-cjson")
  local facts = cjson.decode(line)
  local control_port = integer(facts.control_port)
  local control_socket = assert(socket.connect { host = "127.0.0.1", port = control_port, nodelay = true })
  local self = setmetatable({
    port = integer(facts.port),
    ca_file = facts.ca_file,
    scheme = options.tls and "https" or "http",
    child = child,
    control = control_channel.new(control_socket, CONTROL_SECONDS),
  }, Server)
  self:script { scripted_server.response { status = 501, body = '{"no":"script"}' } }
  return self
end

local function order(self, message)
  local reply = self.control:send(message) and self.control:receive()
  return assert(reply, "the scripted server does not answer; its message is on stderr").value
end

--- The base URL for a client.
-- @return string
function Server:base_url()
  -- Not localhost: that is ::1 first in many places, where nobody listens. The certificates are valid for both.
  return ("%s://127.0.0.1:%d/v1"):format(self.scheme, self.port)
end

--- Sets the script, and forgets the requests and connections so far. Open connections stay, with the steps they are at.
-- @param answers list of answers, at least one
function Server:script(answers)
  local checked = {}
  for index, answer in ipairs(answers) do
    checked[index] = check_answer(answer)
  end
  assert(#checked > 0, "a script needs an answer")
  order(self, { name = "script", answers = checked })
end

local function parse_request(request)
  request.method, request.path, request.version = request.head:match("^(%S+) (%S+) (%S+)\r\n")
  request.connection = integer(request.connection)
  request.headers = {}
  for name, value in request.head:gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    name = name:lower()
    request.headers[name] = request.headers[name] and request.headers[name] .. ", " .. value or value
  end
  return request
end

--- The requests since the script was set, in the order in which their headers were complete.
-- @return list of tables: `method`, `path`, `version`, `headers` (lower-cased names; repeated ones joined by a comma),
--   `body`, `head` (as received, with the empty line), `complete` (the body has arrived), `connection` (its number)
function Server:requests()
  local requests = order(self, { name = "requests" })
  for _, request in ipairs(requests) do
    parse_request(request)
  end
  return requests
end

--- Counts connections.
-- @return number of those accepted since the script was set
-- @return number of those open now, older ones included
function Server:connections()
  local counts = order(self, { name = "counts" })
  return integer(counts.connections), integer(counts.open)
end

--- Waits for what a client does without waiting for us, such as dropping a connection.
-- @param what "requests" or "connections": until there are so many or more; "open": until so many or fewer are open
-- @param count number
-- @param seconds number, the longest wait; 5 where absent
-- @return boolean whether it came to that
function Server:wait_for(what, count, seconds)
  assert(what == "requests" or what == "connections" or what == "open", "no such count: " .. tostring(what))
  return order(self, { name = "wait_for", what = what, count = count, seconds = seconds or 5 })
end

--- Ends the server and every connection it has. A second call does nothing.
function Server:stop()
  if self.stopped then
    return
  end
  self.stopped = true
  self.control:close()
  local exit_code = self.child:wait()
  assert(exit_code == 0, "the scripted server failed; its message is on stderr")
end

return scripted_server
