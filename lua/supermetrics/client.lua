--- Clients: the operations of the API, each as one call that is tried until its outcome is known.

local attempts = require "supermetrics.attempts"
local core = require "supermetrics.core"
local host = require "supermetrics.host"
local misuse = require "supermetrics.misuse"
local options = require "supermetrics.options"
local outcome = require "supermetrics.outcome"
local retry = require "supermetrics.retry"
local waiter = require "supermetrics.waiter"

local client = {}

--- A client: the operations of the API, with connections, a key and settings of its own. Many coroutines may use one at
--- once. On Lua 5.4 it can stand in a variable that is to be closed: `local client <close> = supermetrics.new()`.
---@class supermetrics.Client
---@field private core userdata
---@field private settings table
---@field private budget table
---@field private clockwork table
---@field private blocking_waiter table
---@field private is_plain boolean
local methods = {}
local metatable = {__index = methods, __name = "supermetrics.client"}

client.methods = methods

function metatable:__tostring()
  return tostring(self.core)
end

-- For the to-be-closed variables of Lua 5.4: local client <close> = supermetrics.new()
function metatable:__close()
  self.core:close()
end

-- Every client there is. To look one up costs a tenth of asking for its metatable.
local clients = setmetatable({}, {__mode = "k"})

-- What a client takes its time and its chance from; specs bring their own, and a `waiter(now, connection, sleep)` too.
local CLOCKWORK = {now = core.now, random = core.random}

local LONGEST_PAUSE = waiter.LONGEST_PAUSE

local unpack = table.unpack or unpack -- luacheck: ignore

-- The operations of the core by name, as attempts takes them.
local operations = {}
for _, row in ipairs(core.operations) do
  local name = row.name
  operations[name] = {
    name = name,
    writes = row.writes,
    argument_count = row.argument_count,
    start = function(connection, arguments, for_core)
      local last = row.argument_count + 1
      arguments[last] = for_core
      return misuse.guard(connection.start, connection, name, unpack(arguments, 1, last))
    end,
  }
end

client.operations = operations

--- Makes a client of its own, with its own connections. What the options leave out comes from the environment variables
--- `SUPERMETRICS_API_KEY` and `SUPERMETRICS_BASE_URL`, or is the default. An unknown or impossible option raises.
---
---     local client = supermetrics.new{timeout = 10, user_agent = "nightly-guard/1.2"}
---
---@param given? supermetrics.ClientOptions the options
---@param clockwork? table for specs: now, random, waiter
---@return supermetrics.Client client
function client.new(given, clockwork)
  given = options.check("supermetrics", options.of.client, given)
  local core_options = options.for_core(core.client_options, given)
  if given.token ~= nil then
    if given.api_key ~= nil then
      misuse.raise("supermetrics: pass the option 'api_key' or the option 'token', not both")
    end
    -- A string is the same for every call, and the core keeps it; a function is asked at every attempt.
    core_options.api_key = type(given.token) == "string" and given.token
  end
  local settings = {
    timeout = given.timeout,
    deadline = given.deadline,
    max_attempts = given.max_attempts,
    token = type(given.token) == "function" and given.token or nil,
    on_attempt = given.on_attempt,
    sleep = given.sleep,
  }
  local connection = misuse.guard(core.client, core_options)
  clockwork = clockwork or CLOCKWORK
  local has_a_say = settings.deadline or settings.token or settings.on_attempt or settings.sleep
  local made = setmetatable({
    core = connection,
    settings = settings,
    budget = retry.new_budget(),
    clockwork = clockwork,
    blocking_waiter = waiter.blocking(clockwork.now, connection),
    -- Whether a first attempt is the core's alone: it blocks, and nothing has a say before or after it.
    is_plain = host.blocks and clockwork == CLOCKWORK and not has_a_say,
  }, metatable)
  clients[made] = true
  return made
end

--- Raises where a method was called without its client.
function client.check_self(self)
  if not clients[self] then
    misuse.raise("a method of a client was called without its client: "
      .. "write client:method(...), not client.method(...)")
  end
end

--- A waiter of the host's kind: it blocks, unless the client was given a `sleep`, or the host has one of its own.
function client.new_waiter(self)
  local clockwork = self.clockwork
  local sleep = self.settings.sleep or host.sleep()
  if clockwork.waiter then
    return clockwork.waiter(clockwork.now, self.core, sleep)
  end
  return sleep and waiter.cooperative(clockwork.now, self.core, sleep) or self.blocking_waiter
end

--- Raises where the arguments or overrides of an operation are not what they must be, before anything is sent.
---@return any[] arguments as a list
function client.check_arguments(name, overrides, ...)
  local arguments, last = {...}, operations[name].argument_count + 1
  local for_core = options.for_core(core.call_options, overrides)
  if type(for_core.token) == "function" then
    for_core.token = nil
  end
  arguments[last] = for_core
  misuse.guard(core.check, name, unpack(arguments, 1, last))
  return arguments
end

-- Runs an operation. The core checks the arguments themselves before it puts a request in flight; what is to be used or
-- called before that is checked here.
-- @return value, nil, response or nil, Error, response; then its attempts, which a success at once has none of
local function run(self, name, overrides, first, second, third, fourth)
  client.check_self(self)
  if overrides == nil and self.is_plain then
    -- Starting, waiting and reading in one step costs half of what the three cost one by one: see spec/bench/NOTES.md.
    local connection = self.core
    local ok, value, _, response, call, began = pcall(connection.perform, connection, LONGEST_PAUSE, name, first,
      second, third, fourth)
    if not ok then
      misuse.raise(value)
    elseif value ~= nil then
      self.budget:give_back()
      return value, nil, response
    end
    local tried = attempts.new(self, operations[name], {first, second, third, fourth}, options.NONE,
      self.blocking_waiter)
    local late_value, err, late_response = tried:go_on(call, began)
    return late_value, err, late_response, tried
  end
  overrides = options.check(name, options.of.call, overrides)
  local arguments = client.check_arguments(name, overrides, first, second, third, fourth)
  local tried = attempts.new(self, operations[name], arguments, overrides, client.new_waiter(self))
  local value, err, response = tried:run()
  return value, err, response, tried
end

-- The same, for methods that need no attempts.
local function read(...)
  local value, err, response = run(...)
  return value, err, response
end

--- Cancels a backfill: `PATCH /teams/{team_id}/backfills/{backfill_id}`. Runs that have begun are finished by the
--- service; runs that wait are cancelled. Needs the scope `dwh_transfers_write`.
---
--- It is sent again after network errors, timeouts, 5xx and 429, since cancelling twice does no harm. Where an answer
--- was lost, GET tells what became of it.
---
--- The error is `unprocessable` where the backfill has already ended (then `err.backfill` shows how), and `not_found`
--- where the team has no such backfill.
---
---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? supermetrics.CallOptions for this call
---@return supermetrics.Backfill? backfill whose status is `CANCELLED`
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:cancel_backfill(team_id, backfill_id, overrides)
  local backfill, err, response, cancel = run(self, "cancel_backfill", overrides, team_id, backfill_id)
  if err then
    return outcome.of_cancel(cancel, operations.get_backfill, err, response, false)
  end
  return backfill, nil, response
end

--- Cancels a backfill, and counts one that is `CANCELLED` already as a success. Otherwise as `cancel_backfill`: one
--- that is `COMPLETED` is the error `unprocessable`, with `err.backfill`.
---
---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? supermetrics.CallOptions for this call
---@return supermetrics.Backfill? backfill whose status is `CANCELLED`
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:ensure_backfill_cancelled(team_id, backfill_id, overrides)
  local backfill, err, response, cancel = run(self, "cancel_backfill", overrides, team_id, backfill_id)
  if err then
    return outcome.of_cancel(cancel, operations.get_backfill, err, response, true)
  end
  return backfill, nil, response
end

--- Reads a backfill: `GET /teams/{team_id}/backfills/{backfill_id}`. Needs the scope `dwh_transfers_read`.
---
---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? supermetrics.CallOptions for this call
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:get_backfill(team_id, backfill_id, overrides)
  return read(self, "get_backfill", overrides, team_id, backfill_id)
end

--- Reads the newest backfill of a transfer, whatever its status:
--- `GET /teams/{team_id}/transfers/{transfer_id}/backfills/latest`. Needs the scope `dwh_transfers_read`.
---
--- The error is `not_found` where there never was one.
---
---@param team_id supermetrics.Id
---@param transfer_id supermetrics.Id
---@param overrides? supermetrics.CallOptions for this call
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:get_latest_backfill(team_id, transfer_id, overrides)
  return read(self, "get_latest_backfill", overrides, team_id, transfer_id)
end

--- Lists the backfills of a team that are `CREATED`, `SCHEDULED`, `RUNNING` or `FAILED`, newest first, at most 100:
--- `GET /teams/{team_id}/backfills`. Needs the scope `dwh_transfers_read`.
---
---@param team_id supermetrics.Id
---@param overrides? supermetrics.CallOptions for this call
---@return supermetrics.Backfill[]? backfills
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:list_incomplete_backfills(team_id, overrides)
  return read(self, "list_incomplete_backfills", overrides, team_id)
end

--- Creates a backfill: `POST /teams/{team_id}/transfers/{transfer_id}/backfills`. Needs the scope
--- `dwh_transfers_write`.
---
--- It is created at most once: the request is sent again only where the service certainly did not act on it (429, or
--- not sent). After a lost answer, the latest backfill of the transfer tells what became of it; where that cannot tell,
--- the error says `outcome = "unknown"`.
---
--- The error is `unprocessable` where the range overlaps an active backfill, and `not_found` where the team has no such
--- transfer.
---
---@param team_id supermetrics.Id
---@param transfer_id supermetrics.Id
---@param range_start string first day, `YYYY-MM-DD`
---@param range_end string last day, included
---@param overrides? supermetrics.CallOptions for this call
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:create_backfill(team_id, transfer_id, range_start, range_end, overrides)
  local backfill, err, response, create = run(self, "create_backfill", overrides, team_id, transfer_id, range_start,
    range_end)
  if err then
    return outcome.of_create(create, operations.get_latest_backfill, err, response)
  end
  return backfill, nil, response
end

local function start_request(connection, arguments, for_core)
  local method, path, body = unpack(arguments, 1, 3)
  return misuse.guard(connection.start_request, connection, method, path, body, for_core)
end

--- Makes a request to any other endpoint of the same host, with the same errors. A GET is tried again like every read;
--- what is not a GET only where the service certainly did not act on it.
---
---@param method supermetrics.Method
---@param path string under the base URL, such as `/teams/12345/transfers`
---@param body? table|string a table, which is sent as JSON, or JSON text
---@param overrides? supermetrics.CallOptions for this call
---@return any body decoded; true where it is empty, nil where the request failed
---@return supermetrics.Error? err
---@return supermetrics.Response response
function methods:request(method, path, body, overrides)
  client.check_self(self)
  overrides = options.check("request", options.of.call, overrides)
  body = misuse.guard(core.check_request, method, path, body)
  local operation = {name = "request", writes = method ~= "GET", start = start_request}
  return attempts.new(self, operation, {method, path, body}, overrides, client.new_waiter(self)):run()
end

--- Closes the connections; calls in flight end as `aborted`. A closed client refuses further calls; closing it twice
--- is fine.
function methods:close()
  client.check_self(self)
  self.core:close()
end

return client
