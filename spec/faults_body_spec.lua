-- Every operation against what goes wrong in the body of an answer that came whole.

local fault_table = require "spec.support.fault_table"

local reply = fault_table.reply

-- Spellings of numbers, RFC 8259, section 6, in a field that is a number; what is not JSON must not pass for it.
local GOOD_NUMBERS = {["0"] = 0, ["-0"] = 0, ["31"] = 31, ["31.0"] = 31, ["3.1e1"] = 31, ["3.1E+1"] = 31,
  ["310e-1"] = 31, ["0.5"] = 0.5, ["1e300"] = 1e300, ["-7"] = -7,
  -- Not JSON, but lua-cjson reads them, and they can mean nothing else.
  ["1."] = 1, ["1.e3"] = 1000}
local BAD_NUMBERS = {"01", "-01", "+1", ".5", "1e", "1e+", "0x1F", "NaN", "nan", "Infinity", "-Infinity",
  "inf", "1_000", "1,5", "--1", "1f", "0b1", "\239\188\145"}

local function numbers_are_read(run)
  it("a number in each spelling of JSON is read, and in no other", function()
    local server = run:server_of{}
    local function answer(operation, text)
      server:script{reply(operation.body(fault_table.backfill_with("transfer_runs_total", text)))}
      return run:call(server, operation)
    end
    for _, operation in ipairs(fault_table.operations) do
      for text, number in pairs(GOOD_NUMBERS) do
        local value, err = answer(operation, text)
        assert.is_nil(err, text .. ": " .. tostring(err))
        assert.equal(number, operation.backfill(value).transfer_runs_total, text)
      end
      for _, text in ipairs(BAD_NUMBERS) do
        local value, err = answer(operation, text)
        fault_table.assert_failed("invalid_response", "unknown", operation, value, err, text)
      end
    end
  end)
end

local function last_member_counts(run)
  it("of two members of the same name the last one counts, for each operation alike", function()
    local server = run:server_of{}
    for _, operation in ipairs(fault_table.operations) do
      local twice = fault_table.backfill_with()
        :gsub('"transfer_runs_total":31', '"transfer_runs_total":1,"transfer_runs_total":31')
        :gsub('"status":"CANCELLED"', '"status":"RUNNING","status":"CANCELLED"')
      server:script{reply(operation.body(twice))}
      local value, err = run:call(server, operation)
      assert.is_nil(err, tostring(err))
      assert.equal(31, operation.backfill(value).transfer_runs_total)
      assert.equal("CANCELLED", operation.backfill(value).status)
    end
  end)
end

fault_table.describe("faults of a body:", {
  {name = "a NUL byte in the JSON", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply((body:gsub(",", ",\0", 1)))
  end},
  {name = "a NUL byte in a header", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply(body, {"X-Odd: a\0b"})
  end},
  {name = "a NUL byte in a string", kind = "invalid_response", outcome = "unknown", field = "note",
    text = '"a\0b"'},
  {name = "a NUL byte in a string, as an escape", field = "note", text = '"a\\u0000b"', kept = "a\0b"},
  {name = "half a surrogate pair", kind = "invalid_response", outcome = "unknown", field = "note",
    text = '"\\ud800"'},
  {name = "a string that is not UTF-8", field = "note", text = '"a\255b"', kept = "a\255b"},
  {name = "nesting that is too deep", kind = "invalid_response", outcome = "unknown", field = "note",
    text = ("["):rep(100000) .. ("]"):rep(100000)},
  {name = "nesting that is not closed", kind = "invalid_response", outcome = "unknown", field = "note",
    text = ('{"a":'):rep(100000)},
  {name = "an unfinished object after the body", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply(body .. "{")
  end},
  {name = "JSON that ends early", kind = "invalid_response", outcome = "unknown", answer = function(body)
    return reply(body:sub(1, -2))
  end},
  {name = "a proxy's page under 200", kind = "invalid_response", outcome = "unknown", answer = function()
    return reply("<html>Sign in</html>", {["Content-Type"] = "text/html"})
  end},
}, function(run)
  numbers_are_read(run)
  last_member_counts(run)
end)
