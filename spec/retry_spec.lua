local failure = require "supermetrics.error"
local retry = require "supermetrics.retry"

local READ = {name = "get_backfill", writes = false}
local CANCEL = {name = "cancel_backfill", writes = true}
local CREATE = {name = "create_backfill", writes = true}

local function err(kind, outcome, more)
  local fields = {kind = kind, outcome = outcome or "not_applied"}
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  return failure.new(fields)
end

describe("supermetrics.retry module", function()
  it("repeats only what can pass", function()
    for _, kind in ipairs{"network", "timeout", "rate_limited", "server_error"} do
      assert.is_true(retry.is_worthwhile(READ, err(kind)), kind)
    end
    for _, kind in ipairs{"bad_request", "unauthorized", "forbidden", "not_found", "unprocessable", "unexpected_status",
      "tls", "invalid_response", "aborted"} do
      assert.is_false(retry.is_worthwhile(READ, err(kind)), kind)
      assert.is_false(retry.is_worthwhile(CANCEL, err(kind, "unknown")), kind)
    end
  end)

  it("repeats a cancel whatever became of the one before, a create only where that certainly did nothing", function()
    for _, kind in ipairs{"network", "timeout", "server_error"} do
      assert.is_true(retry.is_worthwhile(CANCEL, err(kind, "unknown")))
      assert.is_false(retry.is_worthwhile(CREATE, err(kind, "unknown")))
      assert.is_true(retry.is_worthwhile(CREATE, err(kind, "not_applied")))
    end
    assert.is_true(retry.is_worthwhile(CREATE, err("rate_limited", "not_applied")))
  end)

  it("does not repeat after a used-up monthly quota, unless the service names a time", function()
    assert.is_false(retry.is_worthwhile(CANCEL, err("rate_limited", nil, {code = "API_ROW_QUOTA_EXCEEDED"})))
    assert.is_true(retry.is_worthwhile(CANCEL, err("rate_limited", nil,
      {code = "API_ROW_QUOTA_EXCEEDED", retry_after = 5})))
    assert.is_true(retry.is_worthwhile(CANCEL, err("rate_limited", nil, {code = "TOO_MANY_REQUESTS"})))
  end)

  it("waits longer and longer, with full jitter, up to 20 s", function()
    local function longest(attempts)
      return retry.wait(err("network"), attempts, function()
        return 1
      end)
    end
    assert.same({0.5, 1, 2, 4, 8, 16, 20, 20}, {longest(1), longest(2), longest(3), longest(4), longest(5), longest(6),
      longest(7), longest(100)})
    assert.equal(0, retry.wait(err("network"), 3, function()
      return 0
    end))
    assert.equal(0.5, retry.wait(err("network"), 2, function()
      return 0.5
    end))
  end)

  it("waits as long as Retry-After says on 429 and 503, and on nothing else", function()
    local function wait(failed)
      return retry.wait(failed, 1, function()
        return 0
      end)
    end
    assert.equal(7, wait(err("rate_limited", nil, {status = 429, retry_after = 7})))
    assert.equal(7, wait(err("server_error", nil, {status = 503, retry_after = 7})))
    assert.equal(0, wait(err("server_error", nil, {status = 500, retry_after = 7})))
  end)

  it("does not begin a wait that the deadline cuts, nor without a deadline one of a minute", function()
    assert.is_false(retry.is_too_long(9.9, 10))
    assert.is_true(retry.is_too_long(10, 10))
    assert.is_false(retry.is_too_long(59, nil))
    assert.is_true(retry.is_too_long(3600, nil))
  end)

  it("has a budget: each retry costs, each success gives a part back, and it is never more than full", function()
    local budget = retry.new_budget()
    local taken = 0
    while budget:take() do
      taken = taken + 1
    end
    assert.equal(50, taken)
    assert.is_false(budget:take())
    budget:give_back()
    assert.is_false(budget:take())
    budget:give_back()
    assert.is_true(budget:take())
    for _ = 1, 1000 do
      budget:give_back()
    end
    assert.equal("supermetrics.retry.Budget: 50.0 of 50", tostring(budget))
  end)
end)
