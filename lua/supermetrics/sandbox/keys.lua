--- Who may do what: the API keys and access tokens of a world. No I/O and no clock of its own.

local refusals = require "supermetrics.sandbox.refusals"

local keys = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.keys"}

-- What a key is told where no limit of its own is enforced: the highest that the API knows.
local HIGHEST_HOURLY_LIMIT = 10000

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function load_key(row)
  local key = {}
  for name, value in pairs(row) do
    key[name] = value
  end
  key.scopes = set_of(row.scopes)
  key.permissions = set_of(row.permissions)
  key.requests_made = 0
  return key
end

--- Makes the keys of a world, whose rows stay as they are.
-- @param world table like supermetrics.sandbox.world
-- @return keys; raises for a key of a team that the world does not have
function keys.new(world)
  local self = setmetatable({by_credential = {}}, metatable)
  local teams = set_of(world.teams)
  for _, row in ipairs(world.keys) do
    assert(teams[row.team_id], "a key of an unknown team")
    self.by_credential[row.credential] = load_key(row)
  end
  return self
end

-- Without the credentials: a text like this one ends up in logs.
function metatable:__tostring()
  local count = 0
  for _ in pairs(self.by_credential) do
    count = count + 1
  end
  return ("%s: %d"):format(metatable.__name, count)
end

--- Finds the key of a request and counts the request.
-- @param credential string, API key or access token, or nil where none was sent
-- @param timestamp string, the time of the request as the API writes it
-- @return key, or nil and the refusal: none sent, unknown, expired, or a limit is used up
function methods:authenticate(credential, timestamp)
  if not credential or credential == "" then
    return nil, refusals.new("credential_missing")
  end
  local kind = credential:find("^otok_") and "token" or "key"
  local key = self.by_credential[credential]
  if not key then
    return nil, refusals.new(kind .. "_unknown")
  end
  key.requests_made = key.requests_made + 1
  if key.expires_time and key.expires_time <= timestamp then
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
-- @param key as authenticate returned it
-- @return number of requests in an hour, and number of those that are left
function keys.rate_limit(key)
  local limit = key.hourly_limit or HIGHEST_HOURLY_LIMIT
  return limit, key.requests_left or math.max(0, limit - key.requests_made)
end

--- Whether a key may do what an endpoint does for a team.
-- @param key as authenticate returned it
-- @param team_id decimal string
-- @param scope string that the key must have
-- @param permission string that the user of the key must have
-- @return true, or nil and the refusal
function keys.authorize(key, team_id, scope, permission)
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

return keys
