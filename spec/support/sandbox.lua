--- The sandbox for specs: the command, with LuaJIT whatever Lua runs this, in a process of its own, and a small
-- HTTP/1.1 client that sees what a library would hide.
--
--     local sandbox = require "spec.support.sandbox"
--     local s = sandbox.start{tls = true}
--     s:faults{{operation = "cancel_backfill", requests = {1}, drop = "after"}}
--     … s.base_url, s.api_key, s.ca_file …
--     s:stop()

local cjson = require("cjson").new()
local context = require "openssl.ssl.context"
local process = require "spec.support.process"
local socket = require "cqueues.socket"
local store = require "openssl.x509.store"

local sandbox = {
  --- The command, as the beginning of a list of arguments.
  COMMAND = {"luajit", "lua/supermetrics/sandbox/command.lua"},
  --- A key that may do everything.
  FULL_KEY = "sandbox_full_access_key",
  --- The body of a cancel.
  CANCEL = '{"status":"CANCELLED"}',
}

local methods = {}
local Sandbox = {__index = methods, __name = "spec.support.sandbox"}

-- No answer takes so long, not even on a busy machine: a sandbox that hangs fails the spec instead of stopping it.
local SECONDS = 30

local function command_arguments(options)
  local arguments = {sandbox.COMMAND[1], sandbox.COMMAND[2]}
  for _, name in ipairs {"tls", "http1"} do
    if options[name] then
      table.insert(arguments, "--" .. name)
    end
  end
  if not options.log then
    table.insert(arguments, "--quiet")
  end
  if options.port then
    table.insert(arguments, "--port")
    table.insert(arguments, tostring(options.port))
  end
  return arguments
end

--- Starts the command and waits until it listens.
-- @param options table or nil: `tls`, `http1`, `log` (a line for each request), `port` (any free one where absent)
-- @return Sandbox with the fields `base_url`, `api_key`, `ca_file` (nil without TLS), `port`, `process`
function sandbox.start(options)
  options = options or {}
  local child = process.start(command_arguments(options))
  local self = setmetatable({process = child}, Sandbox)
  self.base_url = (child:read_line() or ""):match("^export SUPERMETRICS_BASE_URL=(https?://127%.0%.0%.1:%d+/v1)$")
  assert(self.base_url, "the first line is not the address")
  self.api_key = (child:read_line() or ""):match("^export SUPERMETRICS_API_KEY=(.+)$")
  assert(self.api_key, "the second line is not a key")
  self.ca_file = options.tls and assert(child:read_line():match("^# ca_file: (.+)$"), "the third line is no file")
  self.port = tonumber(self.base_url:match(":(%d+)/"))
  return self
end

function Sandbox:__tostring()
  return ("%s at %s"):format(Sandbox.__name, self.base_url)
end

--- Ends the process. Stopping twice does nothing.
-- @return number, its exit code
-- @return string, what it has printed that was not read
function methods:stop()
  self.process:signal("TERM")
  return self.process:wait()
end

local function trusting_context(ca_file)
  local trusted = store.new()
  trusted:add(ca_file)
  local tls = context.new("TLS", false)
  tls:setStore(trusted)
  tls:setVerify(context.VERIFY_PEER)
  return tls
end

--- A connection to a port of 127.0.0.1.
-- @param port number
-- @param ca_file string, or nil without TLS
-- @return socket of cqueues
function sandbox.connect(port, ca_file)
  local connection = assert(socket.connect("127.0.0.1", port))
  connection:setmode("b", "bn")
  connection:settimeout(SECONDS)
  if ca_file then
    assert(connection:starttls(trusting_context(ca_file)))
  end
  -- What a peer did to the connection is for the spec to see, not an error to raise.
  connection:onerror(function(_, _, reason)
    return reason
  end)
  return connection
end

--- The bytes of a request.
-- @param method string
-- @param path string
-- @param options table: `key` (the full key where absent), `authorization` (the whole header, or false for none),
--   `body`
function sandbox.request_text(method, path, options)
  local lines = {("%s %s HTTP/1.1"):format(method, path), "Host: sandbox"}
  if options.authorization ~= false then
    local authorization = options.authorization or "Bearer " .. (options.key or sandbox.FULL_KEY)
    table.insert(lines, "Authorization: " .. authorization)
  end
  if options.body then
    table.insert(lines, "Content-Length: " .. #options.body)
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (options.body or "")
end

local function read_headers(connection)
  local headers = {}
  for line in connection:lines("*l") do
    local name, value = line:match("^([^:]+): (.-)\r?$")
    if not name then
      break
    end
    headers[name:lower()] = value
  end
  return headers
end

-- All of a body, or what there is of it before the end of the connection.
local function read_body(connection, length)
  local parts, missing = {}, length
  while missing > 0 do
    local part = connection:read(-missing)
    if not part then
      break
    end
    table.insert(parts, part)
    missing = missing - #part
  end
  return table.concat(parts), missing == 0
end

--- Reads one response.
-- @return table: `status`, `headers` (names in lower case), `text`, `is_whole` (whether all of the text came), `json`
--   (nil where it is none); or nil where the connection ends without one
function sandbox.receive(connection)
  local status_line = connection:read("*l")
  if not status_line then
    return nil
  end
  local response = {status = tonumber(status_line:match("^HTTP/1%.1 (%d%d%d)")), headers = read_headers(connection)}
  response.text, response.is_whole = read_body(connection, tonumber(response.headers["content-length"] or 0))
  local ok, json = pcall(cjson.decode, response.text)
  response.json = ok and json or nil
  return response
end

--- Sends a request and reads its response.
function sandbox.exchange(connection, method, path, options)
  connection:write(sandbox.request_text(method, path, options or {}))
  return sandbox.receive(connection)
end

--- The path of a backfill; the team is 12345 where absent.
function sandbox.backfill_path(backfill_id, team_id)
  return ("/v1/teams/%s/backfills/%s"):format(team_id or "12345", backfill_id)
end

--- The path of the backfills of a transfer; the team is 12345 where absent.
function sandbox.transfer_path(transfer_id, team_id)
  return ("/v1/teams/%s/transfers/%s/backfills"):format(team_id or "12345", transfer_id)
end

--- A connection to this sandbox, over TLS where it speaks it.
function methods:connect()
  return sandbox.connect(self.port, self.ca_file)
end

--- A request on a connection of its own; see `exchange`.
function methods:request(method, path, options)
  local connection = self:connect()
  local response = sandbox.exchange(connection, method, path, options)
  connection:close()
  return response
end

--- GET of a backfill.
function methods:get(backfill_id, options)
  return self:request("GET", sandbox.backfill_path(backfill_id), options)
end

--- PATCH of a backfill.
-- @param options table or nil, as for `request_text`; `body` is that of a cancel where absent
function methods:cancel(backfill_id, options)
  options = options or {}
  return self:request("PATCH", sandbox.backfill_path(backfill_id), {
    key = options.key, authorization = options.authorization, body = options.body or sandbox.CANCEL,
  })
end

--- POST of a backfill.
function methods:create(transfer_id, first_date, last_date)
  local body = cjson.encode {range_start = first_date, range_end = last_date}
  return self:request("POST", sandbox.transfer_path(transfer_id), {body = body})
end

--- Asks one of the sandbox's own endpoints.
-- @param method string
-- @param path string, such as "/sandbox/statistics"
-- @param body table, or nil
-- @return table, the decoded answer; raises where it is not 200
function methods:control(method, path, body)
  local response = assert(self:request(method, path, {body = body and cjson.encode(body)}), "no answer")
  assert(response.status == 200, response.text)
  return response.json
end

--- Brings world, counters and faults back to their start.
function methods:reset()
  return self:control("POST", "/sandbox/reset")
end

--- What was counted since the start or the last reset.
-- @return table: `connections`, `requests`, `by_operation`, `applied`
function methods:statistics()
  return self:control("GET", "/sandbox/statistics")
end

--- Lets time pass in the sandbox's world.
-- @param seconds number
-- @return string, the time after that
function methods:advance(seconds)
  return self:control("POST", "/sandbox/advance", {seconds = seconds}).time
end

--- Puts faults in force instead of those that were; see supermetrics.sandbox.faults.
-- @param list of tables; an empty one ends all faults
function methods:faults(list)
  return self:control("POST", "/sandbox/faults", list)
end

--- Adds backfills.
-- @param options table: `team_id` ("12345" where absent), `transfer_id` ("505"), `count` (1), `status` ("CREATED")
-- @return list of their ids, in order, as integers
function methods:add_backfills(options)
  local answer = self:control("POST", "/sandbox/backfills", {
    team_id = options.team_id or "12345",
    transfer_id = options.transfer_id or "505",
    count = options.count,
    status = options.status,
  })
  local ids = {}
  for index, id in ipairs(answer.transfer_backfill_ids) do
    -- Some versions of cjson turn every number into a float.
    ids[index] = tonumber(("%d"):format(id))
  end
  return ids
end

return sandbox
