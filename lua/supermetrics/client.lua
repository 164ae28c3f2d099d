--- Clients: the operations of the API, each as one blocking call.

local core = require "supermetrics.core"
local misuse = require "supermetrics.misuse"

-- Seconds in one wait of the core; between two, Lua code such as a signal handler's hook gets its turn.
local LONGEST_WAIT = 1

local client = {}
local methods = {}
local metatable = {__index = methods, __name = "supermetrics.client"}

client.methods = methods

function metatable:__tostring()
  return tostring(self.core)
end

--- A client of its own, with its own connections.
--
-- @param options table or nil: api_key, base_url, timeout and connect_timeout (seconds), ca_file, ca_path, proxy,
--   user_agent (appended to ours), headers, max_response_bytes, allow_insecure_http. What is absent comes from
--   SUPERMETRICS_API_KEY and SUPERMETRICS_BASE_URL, or is the default.
-- @return the client. An unknown or impossible option raises.
function client.new(options)
  return setmetatable({core = misuse.guard(core.client, options)}, metatable)
end

local function check_self(self)
  if getmetatable(self) ~= metatable then
    misuse.raise("a method of a client was called without its client: write client:method(...), not client.method(...)")
  end
end

-- One attempt, driven to its end.
local function run(self, operation, ...)
  check_self(self)
  local connection = self.core
  local call = misuse.guard(connection.start, connection, operation, ...)
  local value, err, response = call:result()
  while value == nil and err == nil do
    connection:poll(LONGEST_WAIT)
    value, err, response = call:result()
  end
  return value, err, response
end

--- Cancels a backfill: PATCH /teams/{team_id}/backfills/{backfill_id}. Runs that have begun are finished by the
-- service; runs that wait are cancelled. Needs the scope dwh_transfers_write.
--
-- @param team_id an id: an integer, or its decimal string
-- @param backfill_id an id
-- @param overrides table or nil, for this call: timeout (seconds), token, headers
-- @return the Backfill, whose status is CANCELLED, then nil, then the response; or nil, the Error, the response.
--   `unprocessable` where it has already ended, `not_found` where the team has no such backfill.
function methods:cancel_backfill(team_id, backfill_id, overrides)
  return run(self, "cancel_backfill", team_id, backfill_id, overrides)
end

--- Reads a backfill: GET /teams/{team_id}/backfills/{backfill_id}. Needs the scope dwh_transfers_read.
--
-- @param team_id an id: an integer, or its decimal string
-- @param backfill_id an id
-- @param overrides table or nil, for this call: timeout (seconds), token, headers
-- @return the Backfill, nil, the response; or nil, the Error, the response
function methods:get_backfill(team_id, backfill_id, overrides)
  return run(self, "get_backfill", team_id, backfill_id, overrides)
end

--- Closes the connections; calls in flight end as `aborted`. A closed client refuses further calls; closing it twice
-- is fine.
function methods:close()
  check_self(self)
  self.core:close()
end

return client
