--- Cooperative pumping, in the event loop of cqueues: what a call takes longer than the server did, and what an idle
-- wait costs the processor.

local contestants = require "spec.bench.contestants"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

local WAITS = {
  {milliseconds = 10, count = 100},
  {milliseconds = 100, count = 50},
  {milliseconds = 1000, count = 10},
  {milliseconds = 4000, count = 4},
}

-- At most a tenth of the wait and 20 ms; in one of more than a second 2 % of it: see lua/supermetrics/waiter.lua.
local MOST_SHARE, MOST_MILLISECONDS, MOST_SHARE_OF_LONG_WAIT = 0.1, 20, 0.02

local function most_added(wait)
  return math.max(math.min(wait * MOST_SHARE, MOST_MILLISECONDS), wait * MOST_SHARE_OF_LONG_WAIT)
end

local MOST_PROCESSOR = 0.5 -- percent of a core

local function milliseconds(number)
  return ("%.2f ms"):format(number)
end

-- All waits side by side, since they do hardly anything.
local function start_waits(server)
  local pipes = {}
  for index, wait in ipairs(WAITS) do
    local words = {"lua5.4", "spec/bench/pumping.lua", tostring(wait.milliseconds), tostring(wait.count)}
    pipes[index] = assert(io.popen(contestants.command(server, server.urls.http .. "/id/v1", "lua5.4", words), "r"))
  end
  return pipes
end

-- What each call took longer than the server, and how long that one took.
local function added_by(pipe)
  local added, waits = {blocking = {}, cooperative = {}}, {}
  for line in pipe:lines() do
    local kind, wait, number = line:match("^(%l+) (%d+) (%S+)$")
    table.insert(added[kind], tonumber(number))
    waits[#added[kind]] = tonumber(wait)
  end
  assert(pipe:close(), "spec/bench/pumping.lua failed")
  return added, waits
end

local function latency_row(wait, added, waits)
  local blocking = statistics.of(added.blocking).median
  local beyond, allowed = {}, {}
  for index, number in ipairs(added.cooperative) do
    beyond[index], allowed[index] = number - blocking, most_added(waits[index])
  end
  local figures = statistics.of(beyond)
  local row = report.figures({measure = "added by a cooperative wait",
    of = ("a wait of %s ms"):format(report.whole(wait))}, figures, milliseconds)
  local share = statistics.ratio(beyond, waits)
  row.ratio = ("%.1f %% of the wait, most %.1f ms"):format(share * 100, figures.most)
  local most = most_added(wait)
  row.target = most == wait * MOST_SHARE and ("at most %d %%"):format(MOST_SHARE * 100)
    or ("at most %d ms"):format(most)
  row.verdict = report.verdict(statistics.ratio(beyond, allowed) <= 1)
  return row
end

local function add_latency_rows(server, rows)
  local pipes = start_waits(server)
  for index, wait in ipairs(WAITS) do
    rows[#rows + 1] = latency_row(wait.milliseconds, added_by(pipes[index]))
  end
end

local HOSTS = {{"lua5.4", "script"}, {"lua5.4", "cqueues"}, {"luajit", "cqueues"}, {"lua5.4", "luv"},
  {"luajit", "OpenResty"}}

-- One after another: side by side they would disturb each other.
local function add_processor_rows(server, rows)
  for _, host in ipairs(HOSTS) do
    local words = {host[1], "spec/support/idle_wait.lua", host[2]}
    local output = contestants.output_of(contestants.command(server, server.urls.http .. "/v1", host[1], words))
    local spent, seconds = output:match("(%S+) ms\n$"), 10
    local percent = tonumber(spent) / 1000 / seconds * 100
    rows[#rows + 1] = {measure = "processor of an idle wait", of = host[2] .. ", " .. host[1],
      figure = ("%.2f %% of a core"):format(percent), target = ("at most %.1f %%"):format(MOST_PROCESSOR),
      verdict = report.verdict(percent <= MOST_PROCESSOR)}
  end
end

return function(server)
  local rows = {}
  add_latency_rows(server, rows)
  add_processor_rows(server, rows)
  return rows
end
