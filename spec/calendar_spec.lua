local calendar = require "supermetrics.calendar"
local core = require "supermetrics.core"

describe("supermetrics.calendar module", function()
  it("reads times with their offset", function()
    assert.equal(0, calendar.seconds("1970-01-01T00:00:00Z"))
    assert.equal(1709210096, calendar.seconds("2024-02-29T12:34:56Z"))
    assert.equal(1709210096, calendar.seconds("2024-02-29T14:34:56+02:00"))
    assert.equal(1709210096, calendar.seconds("2024-02-29T11:04:56-0130"))
    assert.equal(1709210096.5, calendar.seconds("2024-02-29 12:34:56.5z"))
    assert.equal(951782400, calendar.seconds("2000-02-29T00:00:00Z"))
    assert.equal(4107542400, calendar.seconds("2100-03-01T00:00:00Z"))
    assert.equal(-86400, calendar.seconds("1969-12-31T00:00:00Z"))
  end)

  it("reads nothing else", function()
    for _, text in ipairs{"", "soon", "2024-02-29", "2024-02-29T12:34:56", "2024-02-29T12:34:56+2",
      "24-02-29T12:34:56Z"} do
      assert.is_nil(calendar.seconds(text))
    end
    assert.is_nil(calendar.seconds(nil))
    assert.is_nil(calendar.seconds(12))
  end)

  it("agrees with libcurl about every day from 1999 to 2105", function()
    local names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
    local days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
    for year = 1999, 2105 do
      for month = 1, 12 do
        for day = 1, days[month] do
          local ours = calendar.seconds(("%04d-%02d-%02dT01:02:03Z"):format(year, month, day))
          assert(ours == core.parse_date(("%02d %s %04d 01:02:03 GMT"):format(day, names[month], year)))
        end
      end
    end
  end)
end)
