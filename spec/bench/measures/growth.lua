--- Growth: what a cancel costs where one call cancels 100, 1,000, 10,000 or 100,000. The time of the processor that the
-- client takes, so that the server does not count; and what the process has grown by for each result that it holds, the
-- collector run at the same results in all four, or left alone. See NOTES.md.

local contestants = require "spec.bench.contestants"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

local ROUNDS = 3
local MOST_GROWTH = 1.10

local SIZES = {100, 1000, 10000, 100000}
-- The same for each size: what the results hold is what the collector has to go through.
local TOTAL = 100000
local COLLECT_AFTER = 2000

local function microseconds(number)
  return ("%.1f us"):format(number)
end

local function bytes(number)
  return report.whole(number) .. " bytes"
end

local function run(server, size, collect_after)
  local words = {"lua5.4", "spec/bench/growth.lua", tostring(size), tostring(TOTAL), collect_after}
  local command = contestants.command(server, server.urls.http .. "/v1", "lua5.4", words)
  local processor, held = contestants.output_of(command):match("^(%S+) (%S+)\n$")
  return tonumber(processor), tonumber(held)
end

local function add_rows(rows, measured, measure, format, is_judged)
  local medians = {}
  for index, size in ipairs(SIZES) do
    local figures = statistics.of(measured[index])
    medians[index] = figures.median
    local row = report.figures({measure = measure, of = report.whole(size) .. " in one call"}, figures, format)
    row.ratio = ("%.2f x that of 100"):format(figures.median / medians[1])
    rows[#rows + 1] = row
  end
  if is_judged then
    local all = statistics.of(medians)
    local last = rows[#rows]
    last.target, last.verdict = "within 10 %, all four", report.verdict(all.most <= MOST_GROWTH * all.least)
  end
end

return function(server)
  local processor, left_alone, held, rows = {}, {}, {}, {}
  for round = 1, ROUNDS do
    for index, size in ipairs(SIZES) do
      processor[index], left_alone[index] = processor[index] or {}, left_alone[index] or {}
      processor[index][round], left_alone[index][round] = run(server, size)
      held[index] = held[index] or {}
      held[index][round] = select(2, run(server, size, tostring(COLLECT_AFTER)))
    end
  end
  add_rows(rows, processor, "processor for each cancel", microseconds, true)
  add_rows(rows, held, "memory of each result", bytes, true)
  add_rows(rows, left_alone, "the same, collector left alone", bytes, false)
  return rows
end
