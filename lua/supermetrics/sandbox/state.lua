--- The rules of the sandbox: who may do what, and what becomes of a backfill. No I/O and no clock of its own, so the
-- same calls on the same world always give the same answers.
--
-- Ids are decimal strings (see supermetrics.sandbox.identifier). What the rules refuse is `nil, refusal`, a row of
-- supermetrics.sandbox.refusals.

local calendar = require "supermetrics.sandbox.calendar"
local progress = require "supermetrics.sandbox.progress"
local refusals = require "supermetrics.sandbox.refusals"

local state = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.state"}

-- Statuses that nothing can change any more.
local FINAL = {COMPLETED = true, CANCELLED = true}

-- Before SCHEDULED no run has been created.
local WITHOUT_RUNS = {CREATED = true}

-- What a key is told where no limit of its own is enforced: the highest that the API knows.
local HIGHEST_HOURLY_LIMIT = 10000

local WHOLE_FIELDS = {
  "transfer_backfill_id", "transfer_id", "range_start_date", "range_end_date", "created_time", "created_user_id",
  "removed_time", "removed_user_id", "start_time", "end_time", "status",
}

local function copy(fields)
  local result = {}
  for name, value in pairs(fields) do
    result[name] = value
  end
  return result
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function load_key(self, row)
  assert(self.teams[row.team_id], "a key of an unknown team")
  local key = copy(row)
  key.scopes = set_of(row.scopes)
  key.permissions = set_of(row.permissions)
  key.requests_made = 0
  self.keys[row.credential] = key
end

local function load_backfill(self, row)
  local backfill = copy(row)
  backfill.team_id = assert(self.transfers[row.transfer_id], "a backfill of an unknown transfer").team_id
  backfill.runs = progress.runs(row.range_start_date, row.range_end_date, row.layout or {})
  backfill.runs_created = WITHOUT_RUNS[row.status] and 0 or #backfill.runs
  if row.status == "CANCELLED" then
    progress.cancel_pending_runs(backfill)
  end
  self.backfills[row.transfer_backfill_id] = backfill
end

--- Makes a state from the rows of a world, which stay as they are.
-- @param world table like supermetrics.sandbox.world
-- @param clock function that returns seconds since 1970-01-01T00:00:00Z
-- @return state; raises where the world does not hold together
function state.new(world, clock)
  local self = setmetatable({
    clock = clock,
    advanced_seconds = 0,
    teams = set_of(world.teams),
    keys = {},
    transfers = {},
    backfills = {},
  }, metatable)
  for _, row in ipairs(world.keys) do
    load_key(self, row)
  end
  for _, row in ipairs(world.transfers) do
    assert(self.teams[row.team_id], "a transfer of an unknown team")
    self.transfers[row.transfer_id] = copy(row)
  end
  for _, row in ipairs(world.backfills) do
    load_backfill(self, row)
  end
  return self
end

function metatable:__tostring()
  return ("%s at %s"):format(metatable.__name, self:timestamp())
end

--- The time in this world: that of the clock, and what it has been advanced by.
-- @return string as the API writes it
function methods:timestamp()
  return calendar.timestamp(self.clock() + self.advanced_seconds)
end

--- Lets time pass: runs start and end, and with them backfills.
-- @param seconds number, not negative; parts of a tick add up over calls
function methods:advance(seconds)
  local target = self.advanced_seconds + seconds
  local tick = math.floor(self.advanced_seconds / progress.TICK_SECONDS) + 1
  while tick * progress.TICK_SECONDS <= target do
    self.advanced_seconds = tick * progress.TICK_SECONDS
    local timestamp = self:timestamp()
    for _, backfill in pairs(self.backfills) do
      progress.tick(backfill, timestamp)
    end
    tick = tick + 1
  end
  self.advanced_seconds = target
end

--- Finds the key of a request and counts the request.
-- @param credential string, API key or access token, or nil where none was sent
-- @return key, or nil and the refusal: none sent, unknown, expired, or a limit is used up
function methods:authenticate(credential)
  if not credential or credential == "" then
    return nil, refusals.new("credential_missing")
  end
  local kind = credential:find("^otok_") and "token" or "key"
  local key = self.keys[credential]
  if not key then
    return nil, refusals.new(kind .. "_unknown")
  end
  key.requests_made = key.requests_made + 1
  if key.expires_time and key.expires_time <= self:timestamp() then
    return nil, refusals.new(kind .. "_expired")
  end
  if key.quota_rows_left == 0 then
    return nil, refusals.new("quota_used_up")
  end
  if key.requests_left == 0 then
    local refusal = refusals.new("rate_limited")
    refusal.retry_after = key.retry_after
    return nil, refusal
  end
  key.requests_left = key.requests_left and key.requests_left - 1
  return key
end

--- What a key is told of its hourly limit.
-- @return number of requests in an hour, and number of those that are left
function state.rate_limit(key)
  local limit = key.hourly_limit or HIGHEST_HOURLY_LIMIT
  return limit, key.requests_left or math.max(0, limit - key.requests_made)
end

--- Whether a key may do what an endpoint does for a team.
-- @param key as authenticate returned it
-- @param team_id decimal string
-- @param scope string that the key must have
-- @param permission string that the user of the key must have
-- @return true, or nil and the refusal
function state.authorize(key, team_id, scope, permission)
  if not key.scopes[scope] then
    return nil, refusals.new("scope_missing", scope)
  end
  if not key.permissions[permission] then
    return nil, refusals.new("permission_missing", permission)
  end
  -- Not 404: whether such a team exists is none of a stranger's business, so both get the same answer.
  if key.team_id ~= team_id then
    return nil, refusals.new("team_denied")
  end
  return true
end

local function find_backfill(self, team_id, backfill_id)
  local backfill = self.backfills[backfill_id]
  if not backfill or backfill.team_id ~= team_id then
    return nil, refusals.new("backfill_unknown")
  end
  if backfill.always_fails then
    return nil, refusals.new("service_failed")
  end
  return backfill
end

-- What the API shows of a backfill: a table of its own, which the world's next move does not change.
local function shown(backfill)
  local result = {error_report = {}}
  for _, name in ipairs(WHOLE_FIELDS) do
    result[name] = backfill[name]
  end
  result.transfer_runs_total = #backfill.runs
  result.transfer_runs_created = backfill.runs_created
  result.transfer_runs_completed = progress.count(backfill, "completed")
  result.transfer_runs_failed = progress.count(backfill, "failed")
  for _, run in ipairs(backfill.runs) do
    if run.state == "failed" then
      table.insert(result.error_report, {transfer_run_date = run.date, error = run.failure})
    end
  end
  return result
end

--- A backfill of a team.
-- @param team_id decimal string
-- @param backfill_id decimal string
-- @return table with the wire's field names, or nil and the refusal
function methods:get_backfill(team_id, backfill_id)
  local backfill, refusal = find_backfill(self, team_id, backfill_id)
  if not backfill then
    return nil, refusal
  end
  return shown(backfill)
end

--- Cancels a backfill: runs that have not begun never will, runs at work finish, the record stays.
-- @param team_id decimal string
-- @param backfill_id decimal string
-- @param user_id decimal string, who cancels
-- @return table with the wire's field names, or nil and the refusal
function methods:cancel_backfill(team_id, backfill_id, user_id)
  local backfill, refusal = find_backfill(self, team_id, backfill_id)
  if not backfill then
    return nil, refusal
  end
  if FINAL[backfill.status] then
    return nil, refusals.new("backfill_final", backfill.status)
  end
  local timestamp = self:timestamp()
  backfill.status = "CANCELLED"
  backfill.end_time = timestamp
  backfill.removed_time = timestamp
  backfill.removed_user_id = user_id
  progress.cancel_pending_runs(backfill)
  return shown(backfill)
end

return state
