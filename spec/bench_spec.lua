--- What the benchmark makes of its numbers; what it measures is seen by running it.

local instructions = require "spec.bench.instructions"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

describe("the statistics of the benchmark", function()
  it("have the median, the quartiles and the ends, whatever the order", function()
    assert.same({median = 3, low = 2, high = 4, least = 1, most = 5}, statistics.of{5, 1, 4, 2, 3})
  end)

  it("lie between two numbers where the count is even", function()
    assert.same({median = 2.5, low = 1.75, high = 3.25, least = 1, most = 4}, statistics.of{4, 3, 2, 1})
  end)

  it("leave the list as it was", function()
    local numbers = {3, 1, 2}
    statistics.of(numbers)
    assert.same({3, 1, 2}, numbers)
  end)

  it("compare the numbers of the same round", function()
    assert.same({2, 0.5, 1}, statistics.ratios({4, 1, 3}, {2, 2, 3}))
    assert.equal(1, statistics.ratio({4, 1, 3}, {2, 2, 3}))
  end)
end)

describe("the comparison with the committed instructions", function()
  local committed = {subject = 1000, floor = 500}

  local function trend(subject, floor)
    return (instructions.compare({subject = subject, floor = floor}, committed))
  end

  it("finds growth beyond 5 %", function()
    assert.equal("same", trend(1050, 500))
    assert.equal("grown", trend(1051, 500))
  end)

  it("finds a fall beyond 5 %, and says what to commit", function()
    assert.equal("same", trend(950, 500))
    local found, sentence = instructions.compare({subject = 949, floor = 500}, committed)
    assert.equal("fallen", found)
    assert.matches("subject 949\nfloor 500$", sentence)
  end)

  it("lets both move together, as another libcurl moves them, in either direction", function()
    assert.equal("same", trend(1200, 700))
    assert.equal("same", trend(800, 300))
    assert.equal("grown", trend(1000, 300))
  end)

  it("reads the committed figures", function()
    local figures = instructions.committed()
    assert.is_true(figures.subject > figures.floor and figures.floor > 0)
  end)
end)

describe("the report of the benchmark", function()
  it("puts the columns of its table below each other", function()
    local lines = {}
    for line in report.table{{measure = "a", figure = "1"}, {measure = "long", verdict = "met"}}:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(4, #lines)
    assert.equal("| a       |    | 1      |        |       |        |         |", lines[3])
    for _, line in ipairs(lines) do
      assert.equal(#lines[1], #line)
    end
  end)

  it("sets the thousands of a whole number apart", function()
    assert.equal("999", report.whole(999))
    assert.equal("100,000", report.whole(99999.6))
    assert.equal("1,234,567", report.whole(1234567))
  end)

  it("names a missed target as missed", function()
    assert.equal("met", report.verdict(true))
    assert.equal("**missed**", report.verdict(false))
  end)
end)
