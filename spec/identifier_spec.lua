local answers = require "spec.support.answers"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

describe("ids as arguments", function()
  local server, client

  setup(function()
    server = scripted_server.start()
    client = supermetrics.new{api_key = "key_of_the_identifier_spec", base_url = server:base_url()}
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  local function sent_path(team_id, backfill_id)
    server:script{answers.error(404, "NOT_FOUND")}
    client:get_backfill(team_id, backfill_id)
    local requests = server:requests()
    return requests[#requests].path
  end

  it("may be integers, whole floats and decimal strings, exact from 1 to 9223372036854775807", function()
    for _, id in ipairs{"1", "12345", "9007199254740993", "9223372036854775807"} do
      assert.equal(("/v1/teams/%s/backfills/%s"):format(id, id), sent_path(id, id))
    end
    assert.equal("/v1/teams/1/backfills/12345", sent_path(1, 12345))
    assert.equal("/v1/teams/1/backfills/12345", sent_path(1.0, 12345.0))
    assert.equal("/v1/teams/1/backfills/9007199254740991", sent_path(1, 9007199254740991))
  end)

  if math.type then
    it("may be any integer of Lua 5.3 and newer", function()
      assert.equal("/v1/teams/1/backfills/9223372036854775807", sent_path(1, math.maxinteger))
      assert.equal("/v1/teams/1/backfills/9007199254740993", sent_path(1, math.tointeger("9007199254740993")))
    end)
  end

  if rawget(_G, "jit") then
    it("may be 64-bit integers of LuaJIT", function()
      local ffi = require "ffi"
      assert.equal("/v1/teams/1/backfills/9007199254740993", sent_path(ffi.new("int64_t", 1),
        ffi.new("uint64_t", 2) ^ 53 + 1))
      assert.is_false(pcall(client.get_backfill, client, 1, ffi.new("int64_t", -1)))
      assert.is_false(pcall(client.get_backfill, client, 1, ffi.new("uint64_t", -1)))
      assert.is_false(pcall(client.get_backfill, client, 1, ffi.new("char[3]")))
    end)
  end

  local impossible = {
    ["0"] = 0, ["-1"] = -1, ["1.5"] = 1.5, nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge,
    ["true"] = true, ["a table"] = {}, ["a function"] = print,
    ['"0"'] = "0", ['"-1"'] = "-1", ['""'] = "", ['"abc"'] = "abc", ['"12a"'] = "12a", ['" 12"'] = " 12",
    ['"1.0"'] = "1.0", ['"1e3"'] = "1e3", ['"+1"'] = "+1", ['"0x10"'] = "0x10", ['"007"'] = "007",
    ['"9223372036854775808"'] = "9223372036854775808", ['"99999999999999999999"'] = "99999999999999999999",
    ['"1?"'] = "1\0",
  }
  for shown, value in pairs(impossible) do
    it("are refused before anything is sent when they are " .. shown, function()
      local sent_before = #server:requests()
      for _, case in ipairs{{"team_id", value, 1}, {"backfill_id", 1, value}} do
        local ok, message = pcall(client.cancel_backfill, client, case[2], case[3])
        assert.is_false(ok)
        assert.truthy(message:find("cancel_backfill: " .. case[1] .. " must be an integer from 1 to "
          .. "9223372036854775807 or its decimal string, got ", 1, true), message)
        if value == value then
          assert.equal(shown, message:match(", got ([^(]*)$") or message:match(", got (.-) %("))
        end
      end
      assert.equal(sent_before, #server:requests())
    end)
  end

  it("are refused when they are absent", function()
    local ok, message = pcall(client.cancel_backfill, client, 1)
    assert.is_false(ok)
    assert.truthy(message:find("backfill_id must be .*, got nil$"), message)
  end)

  it("are refused as floats from 2^53 on, which may have lost digits, with the advice to pass a string", function()
    local ok, message = pcall(client.cancel_backfill, client, 1, 2 ^ 53)
    assert.is_false(ok)
    assert.truthy(message:find("may have lost digits: pass such an id as a string", 1, true), message)
  end)
end)
