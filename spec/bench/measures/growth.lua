--- Growth: what a cancel costs where one call cancels 100, 1,000, 10,000 or 100,000. The time of the processor that the
-- client takes, so that the server does not count; and what the process has grown by for each result that it holds.

local contestants = require "spec.bench.contestants"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

local ROUNDS = 3
local MOST_GROWTH = 1.10

local SIZES = {100, 1000, 10000, 100000}
-- The same for each size: what the results hold is what the collector has to go through.
local TOTAL = 100000

local function microseconds(number)
  return ("%.1f us"):format(number)
end

local function bytes(number)
  return report.whole(number) .. " bytes"
end

local function run(server, size)
  local words = {"lua5.4", "spec/bench/growth.lua", tostring(size), tostring(TOTAL)}
  local command = contestants.command(server, server.urls.http .. "/v1", "lua5.4", words)
  local processor, held = contestants.output_of(command):match("^(%S+) (%S+)\n$")
  return tonumber(processor), tonumber(held)
end

local function add_rows(rows, measured, measure, format)
  local medians = {}
  for index, size in ipairs(SIZES) do
    local figures = statistics.of(measured[index])
    medians[index] = figures.median
    local row = report.figures({measure = measure, of = report.whole(size) .. " in one call"}, figures, format)
    row.ratio = ("%.2f x that of 100"):format(figures.median / medians[1])
    rows[#rows + 1] = row
  end
  local all = statistics.of(medians)
  local last = rows[#rows]
  last.target, last.verdict = "within 10 %, all four", report.verdict(all.most <= MOST_GROWTH * all.least)
end

return function(server)
  local processor, held, rows = {}, {}, {}
  for round = 1, ROUNDS do
    for index, size in ipairs(SIZES) do
      processor[index], held[index] = processor[index] or {}, held[index] or {}
      processor[index][round], held[index][round] = run(server, size)
    end
  end
  add_rows(rows, processor, "processor for each cancel", microseconds)
  add_rows(rows, held, "memory of each result", bytes)
  return rows
end
