local identifier = require "supermetrics.sandbox.identifier"

local LARGEST_ID = "9223372036854775807"

describe("supermetrics.sandbox.identifier module", function()
  it("takes 1 to 9223372036854775807 and drops leading zeros", function()
    local accepted = {["1"] = "1", ["007"] = "7", [LARGEST_ID] = LARGEST_ID, ["0" .. LARGEST_ID] = LARGEST_ID}
    for text, digits in pairs(accepted) do
      assert.equal(digits, identifier.parse(text))
    end
  end)

  it("refuses all else", function()
    for _, text in ipairs {"", "0", "00", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "x", "9223372036854775808",
      "10000000000000000000", "99999999999999999999"} do
      assert.is_nil(identifier.parse(text))
    end
  end)

  it("takes numbers and strings out of JSON, as long as they are exact", function()
    assert.same({"7", "7", LARGEST_ID}, {identifier.of(7), identifier.of("7"), identifier.of(LARGEST_ID)})
    for _, value in ipairs {0, -1, 1.5, 2 ^ 53, 1 / 0, "x", true, {}} do
      assert.is_nil(identifier.of(value))
    end
    assert.is_nil(identifier.of(nil))
  end)

  it("orders by value, not by text", function()
    assert.is_true(identifier.is_less("9", "10"))
    assert.is_true(identifier.is_less("9007199254740992", "9007199254740993"))
    assert.is_false(identifier.is_less("10", "9"))
    assert.is_false(identifier.is_less("10", "10"))
  end)
end)
