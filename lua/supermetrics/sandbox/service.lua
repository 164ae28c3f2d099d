--- From a request to an answer, without a socket: finds the route, checks the key, asks the rules, counts, misbehaves
-- where it is told to, and writes the JSON.

local calendar = require "supermetrics.sandbox.calendar"
local control = require "supermetrics.sandbox.control"
local faults = require "supermetrics.sandbox.faults"
local identifier = require "supermetrics.sandbox.identifier"
local keys = require "supermetrics.sandbox.keys"
local misbehaviour = require "supermetrics.sandbox.misbehaviour"
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

-- Only a write is applied, for it to be counted as such.
local function is_write(row)
  return row.method ~= "GET"
end

--- Brings the world and the counters back to their start, and ends all faults.
function methods:reset()
  self.state = state.new(self.world, self.clock)
  self.keys = keys.new(self.world)
  self.counts = {connections = 0, requests = 0, by_operation = {}, applied = {}}
  for _, row in ipairs(operations) do
    self.counts.by_operation[row.operation] = 0
    if is_write(row) then
      self.counts.applied[row.operation] = 0
    end
  end
  self:set_faults {}
end

--- Puts faults in force, instead of those that were.
-- @param list of faults as supermetrics.sandbox.fault_reader returns it
function methods:set_faults(list)
  self.faults = faults.new(list)
end

--- What has been counted since the start or the last reset. The sandbox's own endpoints, and connections that were made
-- for them, do not count: asking changes nothing.
-- @return table: `connections`, `requests` (however they were answered, or not), `by_operation` (a table of numbers by
--   name), `applied` (the same for writes: how many took effect, whatever their callers were told)
function methods:statistics()
  return self.counts
end

local function count_request(self, row)
  self.counts.requests = self.counts.requests + 1
  if row then
    self.counts.by_operation[row.operation] = self.counts.by_operation[row.operation] + 1
  end
end

local function count_applied(self, row)
  if row.operation and is_write(row) then
    self.counts.applied[row.operation] = self.counts.applied[row.operation] + 1
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
  local key, refusal = self.keys:authenticate(request.credential, self.state:timestamp())
  if not key then
    return nil, refusal
  end
  request.key = key
  local ok
  ok, refusal = check_identifiers(request.parameters)
  if not ok then
    return nil, refusal
  end
  return keys.authorize(key, request.parameters.team_id, row.scope, row.permission)
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
    -- A fault strikes before the key is looked at.
    if request.key then
      local limit, remaining = keys.rate_limit(request.key)
      headers["x-ratelimit-limit"] = ("%d"):format(limit)
      headers["x-ratelimit-remaining"] = ("%d"):format(remaining)
    end
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
  local encoded = (row.encode or wire.plain)(value)
  local body = row.operation and wire.envelope(request.id, "data", encoded) or encoded
  return {status = 200, headers = headers, body = body}
end

local function apply(self, row, request)
  local value, refusal = handle(self, row, request)
  if value == nil then
    return service.refuse(request, refusal)
  end
  count_applied(self, row)
  return accept(request, row, value)
end

local function find_fault(self, row, request)
  if not row.operation then
    return nil
  end
  local backfill_id = request.parameters.backfill_id
  return self.faults:take(row.operation, backfill_id and identifier.parse(backfill_id))
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
  local fault = find_fault(self, row, request)
  if not fault then
    return apply(self, row, request)
  end
  return misbehaviour.answer(fault, function()
    return apply(self, row, request)
  end, function(refusal)
    return service.refuse(request, refusal)
  end)
end

--- Whether a path is one of the sandbox's own, which are not counted.
function service.is_control(path)
  return path:find("^/sandbox/") ~= nil
end

--- Answers a request. Never raises: what goes wrong in here is answered with 500 and reported.
-- @param request table: `id`, `method`, `path` (without query), `credential` (or nil), `body`, `body_is_too_long`. The
--   service adds to it what it finds out.
-- @return table: `status` number, `headers` table of strings by lower-case name, `body` string; or what
--   misbehaviour.answer makes of it
function methods:answer(request)
  local ok, result = pcall(answer, self, request)
  if ok then
    return result
  end
  self.report(("%s: %s"):format(request.id, tostring(result)))
  return service.refuse(request, refusals.new("service_failed"))
end

--- Puts the time on an answer that is about to leave: that of this world, as in its backfills.
-- @param leaving table, an answer as `answer` or `refuse` returned it
function methods:stamp(leaving)
  local time = self.state:time()
  leaving.headers["date"] = calendar.http_date(time)
  if leaving.retry_after_date then
    leaving.headers["retry-after"] = calendar.http_date(time + leaving.retry_after_date)
  end
end

return service
