-- The JSON of supermetrics-backfill.

local cjson = require("cjson").new()

local json = require "supermetrics.command.json"
local number_text = require "supermetrics.command.number_text"

describe("supermetrics.command.json", function()
  it("writes keys in order", function()
    assert.equal('{"a":1,"b":{"x":true,"y":false},"c":"text"}',
      json.encode{c = "text", a = 1, b = {y = false, x = true}})
  end)

  it("tells an empty list from an empty object", function()
    assert.equal('{"list":[],"object":{}}', json.encode{list = json.list{}, object = {}})
    assert.equal('[[1,2],["a"]]', json.encode{{1, 2}, json.list{"a"}})
  end)

  it("writes ids with all their digits, as numbers, whichever way this Lua holds them", function()
    assert.equal('{"id":9223372036854775807,"transfer_id":1003}',
      json.encode{id = "9223372036854775807", transfer_id = 1003})
    assert.equal('{"transfer_backfill_id":9007199254740991}', json.encode{transfer_backfill_id = 9007199254740991})
    assert.equal('{"id":"0123","transfer_id":"x"}', json.encode{id = "0123", transfer_id = "x"})
    assert.equal('{"code":"1003"}', json.encode{code = "1003"})
  end)

  it("writes numbers alike on every Lua", function()
    assert.same({"2", "1000000000000000", "-3", "0.25", "1e+20"},
      {number_text(2.0), number_text(1e15), number_text(-3), number_text(0.25), number_text(1e20)})
    if math.maxinteger then
      assert.equal("9223372036854775807", number_text(math.maxinteger))
    end
  end)

  it("escapes strings so that they come back, and leaves slashes alone", function()
    for _, text in ipairs{'"', "\\", "\\/", "/", "\0\1\31\127", "line\nline", "päivää", "€ 𝄞", '\\"/\\\\/'} do
      assert.same({text}, cjson.decode(json.encode{text}))
    end
    assert.equal('["GET /teams/12345"]', json.encode{"GET /teams/12345"})
    assert.equal('{"a/b":1}', json.encode{["a/b"] = 1})
  end)

  it("puts U+FFFD in place of every byte that is not UTF-8", function()
    local mark = "\239\191\189"
    for text, expected in pairs{
      ["a\255b"] = "a" .. mark .. "b",
      ["\195"] = mark,
      ["\195("] = mark .. "(",
      ["\226\130"] = mark .. mark,
      ["\192\175"] = mark .. mark, -- overlong
      ["\224\159\191"] = mark .. mark .. mark,
      ["\237\160\128"] = mark .. mark .. mark, -- a surrogate
      ["\244\144\128\128"] = mark .. mark .. mark .. mark, -- beyond U+10FFFF
      ["\224\160\128\237\159\191\240\144\128\128\244\143\191\191"] =
        "\224\160\128\237\159\191\240\144\128\128\244\143\191\191",
    } do
      assert.equal('["' .. expected .. '"]', json.encode{text})
    end
  end)
end)
