local keys = require "supermetrics.sandbox.keys"
local world = require "supermetrics.sandbox.world"

local NOW = "2024-05-03T12:00:00Z"

describe("supermetrics.sandbox.keys module: a key", function()
  local all

  before_each(function()
    all = keys.new(world)
  end)

  local function authenticate(credential)
    return all:authenticate(credential, NOW)
  end

  local function assert_refused(status, code, value, refusal)
    assert.is_nil(value)
    assert.same({status, code}, {refusal.status, refusal.code})
  end

  local function key_of(credential)
    return assert(authenticate(credential))
  end

  local function may(credential, team_id, scope, permission)
    return keys.authorize(key_of(credential), team_id, scope, permission)
  end

  it("is asked for", function()
    assert_refused(401, "UNAUTHORIZED", authenticate(nil))
    assert_refused(401, "UNAUTHORIZED", authenticate(""))
  end)

  it("must be known", function()
    assert_refused(401, "API_KEY_INVALID", authenticate("sandbox_full_access_ke"))
    assert_refused(401, "ACCESS_TOKEN_INVALID", authenticate("otok_unknown"))
  end)

  it("must not have expired", function()
    assert_refused(401, "ACCESS_TOKEN_EXPIRED", authenticate("otok_sandbox_expired_token"))
  end)

  it("is valid to the second before it expires", function()
    local token = "otok_sandbox_expired_token"
    assert.truthy(all:authenticate(token, "2023-12-31T23:59:59Z"))
    assert_refused(401, "ACCESS_TOKEN_EXPIRED", all:authenticate(token, "2024-01-01T00:00:00Z"))
  end)

  it("with no requests left is told when to come again", function()
    local value, refusal = authenticate("sandbox_rate_limited_key")
    assert_refused(429, "TOO_MANY_REQUESTS", value, refusal)
    assert.equal(2, refusal.retry_after)
  end)

  it("with a used-up monthly quota is not told when to come again", function()
    local value, refusal = authenticate("sandbox_quota_used_up_key")
    assert_refused(429, "API_ROW_QUOTA_EXCEEDED", value, refusal)
    assert.is_nil(refusal.retry_after)
  end)

  it("uses up its requests one by one", function()
    local row = {credential = "two", team_id = "1", user_id = "1", scopes = {}, permissions = {},
      hourly_limit = 100, requests_left = 2, retry_after = 7}
    all = keys.new {teams = {"1"}, keys = {row}}
    assert.same({100, 1}, {keys.rate_limit(key_of("two"))})
    assert.same({100, 0}, {keys.rate_limit(key_of("two"))})
    assert_refused(429, "TOO_MANY_REQUESTS", authenticate("two"))
  end)

  it("without a limit of its own is told the API's highest, and never less than 0 left", function()
    assert.same({10000, 9999}, {keys.rate_limit(key_of("sandbox_full_access_key"))})
    for _ = 1, 10001 do
      key_of("sandbox_full_access_key")
    end
    assert.same({10000, 0}, {keys.rate_limit(key_of("sandbox_full_access_key"))})
  end)

  it("needs the scope, the permission and the team", function()
    local write, edit = "dwh_transfers_write", "dwh.transfer.edit"
    assert.is_true(may("sandbox_full_access_key", "12345", write, edit))
    assert.is_true(may("sandbox_read_only_key", "12345", "dwh_transfers_read", "dwh.transfer.view"))
    assert.is_true(may("sandbox_viewer_key", "12345", "dwh_transfers_read", "dwh.transfer.view"))
    assert_refused(403, "ACCESS_DENIED", may("sandbox_read_only_key", "12345", write, edit))
    assert_refused(403, "ACCESS_DENIED", may("sandbox_viewer_key", "12345", write, edit))
    assert_refused(403, "ACCESS_DENIED", may("sandbox_full_access_key", "67890", write, edit))
    assert_refused(403, "ACCESS_DENIED", may("sandbox_full_access_key", "1", write, edit))
    assert.is_true(may("sandbox_other_team_key", "67890", write, edit))
  end)

  it("of a team that the world does not have is refused", function()
    assert.has_error(function()
      keys.new {teams = {}, keys = {{credential = "x", team_id = "1", scopes = {}, permissions = {}}}}
    end, "a key of an unknown team")
  end)

  it("does not show in a text", function()
    assert.is_nil(tostring(all):find("full_access", 1, true))
  end)
end)
