--- The sandbox on a port: lua-http in front of the service. HTTP/1.1, and HTTP/2 for a client that begins with it or,
-- over TLS, asks for it.

local cqueues = require "cqueues"
local cqueues_socket = require "cqueues.socket"
local errno = require "cqueues.errno"
local http_server = require "http.server"
local random = require "openssl.rand"

local certificates = require "supermetrics.sandbox.certificates"
local exchange = require "supermetrics.sandbox.exchange"
local refusals = require "supermetrics.sandbox.refusals"
local request_log = require "supermetrics.sandbox.request_log"
local service = require "supermetrics.sandbox.service"

local server = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.server"}

-- Connections between two requests. lua-http's own 10 s would end the connection of a client that waits out a
-- Retry-After.
local IDLE_SECONDS = 300

-- Errors that a client brings about by going away, or by speaking something else than HTTP: no news for us.
local CLIENTS_FAULT = {
  [errno.EILSEQ] = true,
  [errno.EPIPE] = true,
  [errno.ECONNRESET] = true,
  [errno.ENOTCONN] = true,
  [errno.ETIMEDOUT] = true,
}

local function new_request_id(self)
  self.request_count = self.request_count + 1
  return ("sandbox-%s-%06d"):format(self.id, self.request_count)
end

-- A connection counts when it is accepted, and no longer once it turns out to serve the sandbox's own endpoints.
local function settle_connection(self, stream, request)
  local connection = self.connections[stream.connection.socket]
  if not connection or connection.is_settled then
    return
  end
  connection.is_settled = true
  local counts = self.service.counts
  -- After a reset the counts are another table, in which this connection was never counted.
  if service.is_control(request.path) and connection.counts == counts then
    counts.connections = counts.connections - 1
  end
end

-- Before an answer leaves: who has read it finds the line in the log.
local function log(self, request, outcome)
  if self.log then
    self.log:add(self.service.state:timestamp(), request, outcome)
  end
end

local function send(self, stream, request, answer)
  if answer.is_dropped then
    log(self, request, "dropped")
    exchange.drop(stream)
    return
  end
  self.service:stamp(answer)
  log(self, request, answer.status)
  exchange.write(stream, answer, request.method)
end

local function serve(self, stream)
  local request = exchange.read(stream)
  if not request then
    local answer = service.refuse({id = new_request_id(self)}, refusals.new("request_malformed"))
    self.service:stamp(answer)
    exchange.write(stream, answer)
    return
  end
  request.id = new_request_id(self)
  settle_connection(self, stream, request)
  local answer = self.service:answer(request)
  if answer.delay then
    -- Every request has a coroutine of its own: the others go on.
    cqueues.sleep(answer.delay)
  end
  send(self, stream, request, answer)
end

local function add_connection(self, http, socket)
  local counts = self.service.counts
  counts.connections = counts.connections + 1
  self.connections[socket] = {counts = counts}
  return getmetatable(http).__index.add_socket(http, socket)
end

-- "wrap" is the beginning of a connection, up to the end of the TLS handshake: a client that speaks something else, or
-- does not trust the certificate.
local function report_error(self, operation, message, number)
  if operation ~= "wrap" and not CLIENTS_FAULT[number] then
    self.report(("%s: %s"):format(operation, tostring(message)))
  end
end

local function listen(self, host, port)
  local http, err = http_server.listen {
    cq = self.controller,
    host = host,
    port = port,
    -- Without it a port is refused for a minute after its last server ended.
    reuseaddr = true,
    tls = self.certificates ~= nil,
    ctx = self.certificates and self.certificates.context,
    version = self.http1 and 1.1 or nil,
    intra_stream_timeout = IDLE_SECONDS,
    onstream = function(_, stream)
      serve(self, stream)
    end,
    onerror = function(_, _, ...)
      report_error(self, ...)
    end,
  }
  if not http then
    return nil, err
  end
  local ok
  ok, err = http:listen()
  if not ok then
    http:close()
    return nil, err
  end
  return http
end

local function bracketed(host)
  return host:find(":", 1, true) and "[" .. host .. "]" or host
end

-- For ALPN, the one we prefer first.
local function protocols(options)
  return options.http1 and {"http/1.1"} or {"h2", "http/1.1"}
end

--- Binds the port and listens.
-- @param options table: `host`, `port` (0 for any free one), `world`, `clock`, `log` (function called with each line,
--   or nil), `report` (function called with a line on what went wrong in here), `controller` (of cqueues, or nil),
--   `tls` and `http1` (booleans)
-- @return server, or nil and what the system said
function server.new(options)
  local id = random.bytes(4):gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
  local self = setmetatable({
    id = id,
    request_count = 0,
    connections = setmetatable({}, {__mode = "k"}),
    controller = options.controller or cqueues.new(),
    report = options.report,
    http1 = options.http1,
    certificates = options.tls and certificates.new(options.host, protocols(options)) or nil,
    service = service.new(options.world, options.clock, options.report),
    log = options.log and request_log.new(options.log, options.world.keys),
  }, metatable)

  local http, err = listen(self, options.host, options.port)
  if not http then
    return nil, err
  end
  -- server:add_socket is where lua-http hands over what it has accepted.
  http.add_socket = function(_, socket)
    return add_connection(self, http, socket)
  end
  self.http = http
  local _, _, port = http:localname()
  local scheme = options.tls and "https" or "http"
  self.address = ("%s://%s:%d"):format(scheme, bracketed(options.host), port)
  return self
end

function metatable:__tostring()
  return ("%s at %s"):format(metatable.__name, self.address)
end

--- Does what is due, and waits for more at most that long.
-- @param seconds number; nil waits until something happens, 0 does not wait
-- @return true, or nil and an error where the server cannot go on
function methods:step(seconds)
  local ok, err, number, thread = self.controller:step(seconds)
  if ok then
    return true
  elseif thread then
    -- One connection's coroutine raised, and is gone; the others are not concerned.
    self.report(tostring(err))
    return true
  end
  return nil, err or errno.strerror(number)
end

--- Ends all connections and frees the port. Closing twice does nothing.
function methods:close()
  if not self.http then
    return
  end
  self.http:close()
  self.http = nil
  for socket in pairs(self.connections) do
    -- Not closed: its coroutine still has it, and closes it when it finds that this is the end.
    if cqueues_socket.type(socket) == "socket" then
      socket:shutdown()
    end
  end
end

return server
