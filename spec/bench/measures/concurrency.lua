--- 10,000 cancels in one call, 100 at once, of a server that takes 50 ms: 5 s are ideal. And the memory that a call in
-- flight takes: what the process grew by from before a call of 100 until the first of them had its result, by 100.

local contestants = require "spec.bench.contestants"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

local ROUNDS = 3
local COUNT, AT_ONCE, SERVER_SECONDS = 10000, 100, 0.05
local MOST_TIME, MOST_MEMORY = 1.10, 40

local function seconds(number)
  return ("%.2f s"):format(number)
end

local function kibibytes(number)
  return ("%.1f KiB"):format(number)
end

local function run(server, scheme)
  local words = {"lua5.4", "spec/bench/concurrency.lua", tostring(COUNT), tostring(AT_ONCE)}
  local command = contestants.command(server, server.urls[scheme] .. "/after/50/v1", "lua5.4", words)
  local time, memory = contestants.output_of(command):match("^(%S+) (%S+)\n$")
  return tonumber(time), tonumber(memory)
end

-- Rows of one scheme; one that is only reported has no target.
local function add_rows(rows, times, memories, name, is_judged)
  local ideal = COUNT / AT_ONCE * SERVER_SECONDS
  local time, memory = statistics.of(times), statistics.of(memories)
  local row = report.figures({measure = "10,000 cancels, 100 at once", of = name}, time, seconds)
  row.ratio = ("%.2f x the ideal"):format(time.median / ideal)
  rows[#rows + 1] = row
  local memory_row = report.figures({measure = "memory of a call in flight", of = name}, memory, kibibytes)
  rows[#rows + 1] = memory_row
  if is_judged then
    row.target = ("at most %.2f x"):format(MOST_TIME)
    row.verdict = report.verdict(time.median <= MOST_TIME * ideal)
    memory_row.target = ("at most %d KiB"):format(MOST_MEMORY)
    memory_row.verdict = report.verdict(memory.median <= MOST_MEMORY)
  end
end

local SCHEMES = {
  {scheme = "http", name = "supermetrics, http", is_judged = true},
  {scheme = "https", name = "supermetrics, https, HTTP/1.1"},
  {scheme = "http2", name = "supermetrics, one HTTP/2 connection"},
}

return function(server)
  local times, memories, rows = {}, {}, {}
  for round = 1, ROUNDS do
    for _, entry in ipairs(SCHEMES) do
      local scheme = entry.scheme
      times[scheme], memories[scheme] = times[scheme] or {}, memories[scheme] or {}
      times[scheme][round], memories[scheme][round] = run(server, scheme)
    end
  end
  for _, entry in ipairs(SCHEMES) do
    add_rows(rows, times[entry.scheme], memories[entry.scheme], entry.name, entry.is_judged)
  end
  return rows
end
