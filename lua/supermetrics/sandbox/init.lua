--- A local Supermetrics over real HTTP, with a made-up world in memory (supermetrics.sandbox.world).
--
--     local sandbox = assert(require("supermetrics.sandbox").new{port = 8080})
--     print(sandbox:address())
--     sandbox:loop()
--
-- It needs lua-http, which Debian 12 has for LuaJIT and Lua 5.1. supermetrics.sandbox.command starts it from a shell.

local misuse = require "supermetrics.misuse"
local server = require "supermetrics.sandbox.server"
local world = require "supermetrics.sandbox.world"

local sandbox = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox"}

-- The types of each option, as type() names them.
local OPTIONS = {
  host = {string = true},
  port = {number = true},
  world = {table = true},
  clock = {["function"] = true},
  log = {["function"] = true, boolean = true},
  report = {["function"] = true},
  controller = {userdata = true},
  tls = {boolean = true},
  http1 = {boolean = true},
}

local function print_line(line)
  io.stdout:write(line, "\n")
  io.stdout:flush()
end

local function report_line(line)
  io.stderr:write("supermetrics.sandbox: ", line, "\n")
end

local function write_temporary_file(text)
  local path = os.tmpname()
  local file, err = io.open(path, "wb")
  if not file then
    return nil, err
  end
  file:write(text)
  file:close()
  return path
end

local function check_options(options)
  if type(options) ~= "table" then
    misuse.raise("options must be a table, not " .. type(options))
  end
  for name, value in pairs(options) do
    if not OPTIONS[name] then
      misuse.raise(("unknown option %q of the sandbox"):format(tostring(name)))
    elseif not OPTIONS[name][type(value)] then
      misuse.raise(("option %s of the sandbox cannot be a %s"):format(name, type(value)))
    end
  end
  local port = options.port
  if port and not (port >= 0 and port <= 65535 and port % 1 == 0) then
    misuse.raise("option port of the sandbox must be a whole number from 0 to 65535")
  end
end

--- Starts to listen; requests are answered in `step` and `loop`.
-- @param options table or nil
--   host        address or name to listen on, 127.0.0.1 where absent
--   port        0, the default, takes any free one
--   log         true prints a line for each request, a function gets it; off where absent
--   world       a table like supermetrics.sandbox.world, which is the default
--   clock       function that returns seconds since 1970-01-01T00:00:00Z, os.time where absent
--   report      function that gets a line where something went wrong in here; stderr where absent
--   controller  a cqueues controller, where the caller has a loop of its own
--   tls         true: https with a certificate made for this sandbox; see `ca_file`. A program that runs it ignores
--               SIGPIPE, which OpenSSL raises where a client has gone
--   http1       true: HTTP/1.1 only
-- @return sandbox, or nil and what the system said (port in use, say); raises for wrong options
function sandbox.new(options)
  options = options == nil and {} or options
  check_options(options)
  local log = options.log or nil
  local started, err = server.new {
    host = options.host or "127.0.0.1",
    port = options.port or 0,
    world = options.world or world,
    clock = options.clock or os.time,
    log = log == true and print_line or log,
    report = options.report or report_line,
    controller = options.controller,
    tls = options.tls,
    http1 = options.http1,
  }
  if not started then
    return nil, err
  end
  local self = setmetatable({server = started}, metatable)
  if started.certificates then
    self.ca_path, err = write_temporary_file(started.certificates.authority)
    if not self.ca_path then
      self:close()
      return nil, err
    end
  end
  return self
end

function metatable:__tostring()
  return ("%s at %s"):format(metatable.__name, self:address())
end

--- The value for SUPERMETRICS_BASE_URL.
-- @return string such as "http://127.0.0.1:8080/v1", or https with TLS
function methods:address()
  return self.server.address .. "/v1"
end

--- The file with the certificate of the authority that a client is to trust; `close` removes it.
-- @return string, or nil without TLS
function methods:ca_file()
  return self.ca_path
end

--- Answers what is there, and waits for more at most that long.
-- @param seconds number; nil waits until something happens, 0 does not wait
-- @return true, or nil and an error where it cannot go on
function methods:step(seconds)
  return self.server:step(seconds)
end

--- Answers requests until `close` is called, from a coroutine of the controller say.
-- @return true, or nil and an error where it cannot go on
function methods:loop()
  while not self.is_closed do
    local ok, err = self:step()
    if not ok then
      return nil, err
    end
  end
  return true
end

--- What has been counted: see GET /sandbox/statistics.
function methods:statistics()
  return self.server.service:statistics()
end

--- Brings the world and the counters back to their start.
function methods:reset()
  self.server.service:reset()
end

--- Lets time pass in the world: runs end, backfills move on, a minute at a time.
-- @param seconds number, not negative
function methods:advance(seconds)
  self.server.service.state:advance(seconds)
end

--- Ends all connections and frees the port. Closing twice does nothing.
function methods:close()
  self.is_closed = true
  if self.ca_path then
    os.remove(self.ca_path)
    self.ca_path = nil
  end
  self.server:close()
end

return sandbox
