--- From a request to an answer, without a socket: finds the route, checks the key, asks the rules, counts, and writes
-- the JSON.

local control = require "supermetrics.sandbox.control"
local identifier = require "supermetrics.sandbox.identifier"
local operations = require "supermetrics.sandbox.operations"
local refusals = require "supermetrics.sandbox.refusals"
local routes = require "supermetrics.sandbox.routes"
local state = require "supermetrics.sandbox.state"
local wire = require "supermetrics.sandbox.wire"

local service = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.service"}

--- Makes a service with the world at its start.
-- @param world table like supermetrics.sandbox.world
-- @param clock function that returns seconds since 1970-01-01T00:00:00Z
-- @param report function called with a line of text where a handler raised
function service.new(world, clock, report)
  local self = setmetatable({
    world = world,
    clock = clock,
    report = report,
    routes = routes.new(operations, control),
  }, metatable)
  self:reset()
  return self
end

function metatable:__tostring()
  return ("%s with %s"):format(metatable.__name, tostring(self.state))
end

--- Brings the world and the counters back to their start.
function methods:reset()
  self.state = state.new(self.world, self.clock)
  self.counts = {connections = 0, requests = 0, by_operation = {}}
  for _, row in ipairs(operations) do
    self.counts.by_operation[row.operation] = 0
  end
end

--- What has been counted since the start or the last reset. The sandbox's own endpoints, and connections that were made
-- for them, do not count: asking changes nothing.
-- @return table: `connections`, `requests`, `by_operation` (a table of numbers by name)
function methods:statistics()
  return self.counts
end

local function count_request(self, row)
  self.counts.requests = self.counts.requests + 1
  if row then
    self.counts.by_operation[row.operation] = self.counts.by_operation[row.operation] + 1
  end
end

local function check_identifiers(parameters)
  for name, value in pairs(parameters) do
    if name:find("_id$") then
      parameters[name] = identifier.parse(value)
      if not parameters[name] then
        return nil, refusals.new("identifier_invalid", name)
      end
    end
  end
  return true
end

-- What comes before the handler of an endpoint of the API. The key is found first: a refusal tells it its limits.
local function admit(self, row, request)
  local key, refusal = self.state:authenticate(request.credential)
  if not key then
    return nil, refusal
  end
  request.key = key
  local ok
  ok, refusal = check_identifiers(request.parameters)
  if not ok then
    return nil, refusal
  end
  return state.authorize(key, request.parameters.team_id, row.scope, row.permission)
end

local function handle(self, row, request)
  if request.body_is_too_long then
    return nil, refusals.new("body_too_long")
  end
  if row.operation then
    local ok, refusal = admit(self, row, request)
    if not ok then
      return nil, refusal
    end
  end
  return row.handler(self, request)
end

local function new_headers()
  return {["content-type"] = "application/json", ["access-control-allow-origin"] = "*"}
end

-- Headers that a status brings along.
local STATUS_HEADERS = {
  [401] = function(headers)
    headers["www-authenticate"] = "Bearer"
  end,
  [422] = function(headers, request)
    local limit, remaining = state.rate_limit(request.key)
    headers["x-ratelimit-limit"] = ("%d"):format(limit)
    headers["x-ratelimit-remaining"] = ("%d"):format(remaining)
  end,
}

--- The answer that says no.
-- @param request table: `id`, and what `answer` has found out so far
-- @param refusal of supermetrics.sandbox.refusals
-- @return table: `status`, `headers`, `body`
function service.refuse(request, refusal)
  local headers = new_headers()
  headers["x-request-id"] = request.id
  headers["allow"] = request.allowed_methods
  if refusal.retry_after then
    headers["retry-after"] = ("%d"):format(refusal.retry_after)
  end
  local add = STATUS_HEADERS[refusal.status]
  if add then
    add(headers, request)
  end
  local body = wire.envelope(request.id, "error", wire.refusal(refusal))
  return {status = refusal.status, headers = headers, body = body}
end

local function accept(request, row, value)
  local headers = new_headers()
  headers["x-request-id"] = request.id
  local body = row.encode and wire.envelope(request.id, "data", row.encode(value)) or wire.plain(value)
  return {status = 200, headers = headers, body = body}
end

local function answer(self, request)
  local row, parameters, allowed_methods = self.routes:find(request.method, request.path)
  if not service.is_control(request.path) then
    count_request(self, row)
  end
  if not row then
    request.allowed_methods = allowed_methods
    return service.refuse(request, parameters)
  end
  request.parameters = parameters
  local value, refusal = handle(self, row, request)
  if value == nil then
    return service.refuse(request, refusal)
  end
  return accept(request, row, value)
end

--- Whether a path is one of the sandbox's own, which are not counted.
function service.is_control(path)
  return path:find("^/sandbox/") ~= nil
end

--- Answers a request. Never raises: what goes wrong in here is answered with 500 and reported.
-- @param request table: `id`, `method`, `path` (without query), `credential` (or nil), `body`, `body_is_too_long`. The
--   service adds to it what it finds out.
-- @return table: `status` number, `headers` table of strings by lower-case name, `body` string
function methods:answer(request)
  local ok, result = pcall(answer, self, request)
  if ok then
    return result
  end
  self.report(("%s: %s"):format(request.id, tostring(result)))
  return service.refuse(request, refusals.new("service_failed"))
end

return service
