local calendar = require "supermetrics.sandbox.calendar"

local START = 1714737600 -- 2024-05-03T12:00:00Z

describe("supermetrics.sandbox.calendar module", function()
  it("counts days over leap years and centuries", function()
    local days = {["1970-01-01"] = 0, ["2000-02-29"] = 11016, ["2024-02-29"] = 19782, ["2024-03-01"] = 19783,
      ["2100-03-01"] = 47541}
    for date, number in pairs(days) do
      assert.equal(number, calendar.day_number(date))
      assert.equal(date, calendar.date(number))
    end
  end)

  it("knows which days do not exist", function()
    for _, date in ipairs {"2023-02-29", "2024-02-30", "2100-02-29", "2024-04-31", "2024-13-01", "2024-00-01",
      "2024-01-00", "2024-1-01", "20240101", "", "2024-01-01T00:00:00Z"} do
      assert.is_nil(calendar.day_number(date))
    end
  end)

  it("lists a range with both its ends", function()
    assert.same({"2024-02-28", "2024-02-29", "2024-03-01"}, calendar.range("2024-02-28", "2024-03-01"))
    assert.same({}, calendar.range("2024-03-02", "2024-03-01"))
  end)

  it("writes a moment in UTC, without fractions", function()
    assert.equal("2024-05-03T12:00:00Z", calendar.timestamp(START + 0.75))
  end)

  it("writes a moment as HTTP does, on every day and in every month", function()
    assert.equal("Fri, 03 May 2024 12:00:00 GMT", calendar.http_date(START + 0.75))
    assert.equal("Thu, 01 Jan 1970 00:00:00 GMT", calendar.http_date(0))
    for month, name in ipairs {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"} do
      local day_number = calendar.day_number(("2024-%02d-09"):format(month))
      assert.truthy(calendar.http_date(day_number * 24 * 60 * 60):find(" 09 " .. name .. " 2024 00:00:00 GMT", 1, true))
    end
  end)
end)
