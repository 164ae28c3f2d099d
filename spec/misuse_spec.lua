local supermetrics = require "supermetrics"

-- The position that an error carries, "file:line". What follows it must name no line of ours.
local function position_of(raise)
  local ok, message = pcall(raise)
  assert(not ok)
  assert(not message:find("%.lua:%d+: .*%.lua:%d+: "), message)
  return message:match("^(.-:%d+): ")
end

local function here(offset)
  local info = debug.getinfo(2, "Sl")
  return ("%s:%d"):format(info.short_src, info.currentline + offset)
end

describe("supermetrics.misuse module", function()
  local client

  setup(function()
    client = supermetrics.new{api_key = "key_of_the_misuse_spec", base_url = "http://127.0.0.1:9/v1"}
  end)

  teardown(function()
    client:close()
  end)

  it("blames the line of the caller for wrong arguments", function()
    local expected = here(2)
    local position = position_of(function()
      local backfill = client:cancel_backfill(1, 0)
      return backfill
    end)
    assert.equal(expected, position)
  end)

  it("blames the line of the caller for wrong overrides, and for wrong requests", function()
    local expected = here(2)
    local position = position_of(function()
      local backfill = client:get_backfill(1, 2, {timeout = "x"})
      return backfill
    end)
    assert.equal(expected, position)
    expected = here(2)
    position = position_of(function()
      local body = client:request("GET", "no path")
      return body
    end)
    assert.equal(expected, position)
  end)

  it("blames the line of the caller for wrong options", function()
    local expected = here(2)
    local position = position_of(function()
      local made = supermetrics.new{tiemout = 1}
      return made
    end)
    assert.equal(expected, position)
  end)

  it("blames the line of the caller from within a coroutine", function()
    local expected = here(3)
    local position = position_of(function()
      local thread = coroutine.create(function()
        local backfill = client:get_backfill("x", 1)
        return backfill
      end)
      local _, message = coroutine.resume(thread)
      error(message, 0)
    end)
    assert.equal(expected, position)
  end)

  it("still raises where no line of the caller is left", function()
    local thread = coroutine.create(client.get_backfill)
    local ok, message = coroutine.resume(thread, client, 1, {})
    assert.is_false(ok)
    assert.truthy(message:find("get_backfill: backfill_id must be", 1, true))
  end)
end)
